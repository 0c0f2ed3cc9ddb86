/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/entries.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"

static_assert(N_FORMATS <= ETCD_ENTRIES_MAX, "they go out in one call");

int entries_init(struct entries *e, const struct descriptor *desc)
{
	const struct formats *formats = &desc->registry.formats;

	memset(e, 0, sizeof *e);
	for (; e->n < formats->n; e->n++) {
		char **texts = e->texts[e->n];
		if (format_write(formats->at[e->n], desc, &texts[0], &texts[1]) < 0) {
			entries_finish(e);
			return -1;
		}
		e->at[e->n] = (struct etcd_entry){ .key = texts[0], .value = texts[1] };
	}
	return 0;
}

void entries_finish(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->texts[i][0]);
		free(e->texts[i][1]);
	}
	memset(e, 0, sizeof *e);
}
