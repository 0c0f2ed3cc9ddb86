/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/items.h"

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/schema.h"

struct items items_of(const void *holder, const struct schema_row *list)
{
	const struct schema_items *stored = schema_items(list);
	struct items items = { .size = stored->size };
	memcpy(&items.at, (const char *)holder + list->at, sizeof(items.at));
	memcpy(&items.n, (const char *)holder + stored->n_at, sizeof(items.n));
	return items;
}

static void set(void *holder, const struct schema_row *list, char *at, size_t n)
{
	memcpy((char *)holder + list->at, &at, sizeof(at));
	memcpy((char *)holder + schema_items(list)->n_at, &n, sizeof(n));
}

int items_make(void *holder, const struct schema_row *list, size_t n)
{
	char *at = calloc(n, schema_items(list)->size);
	if (at == NULL) {
		return -1;
	}
	set(holder, list, at, n);
	return 0;
}

void items_drop(void *holder, const struct schema_row *list)
{
	free(items_of(holder, list).at);
	set(holder, list, NULL, 0);
}
