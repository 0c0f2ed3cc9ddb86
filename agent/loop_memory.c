/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop_memory.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/patient.h"

static void (*end)(const char *why);

/* As libev asks for it: a size of 0 gives back. */
static void *must_get(void *at, long size)
{
	if (size <= 0) {
		free(at);
		return NULL;
	}
	void *got = patient_get(at, (size_t)size);
	if (got == NULL) {
		end("out of memory");
		abort();
	}
	return got;
}

static void on_refused(const char *what)
{
	char why[160];

	(void)snprintf(why, sizeof why, "%.100s: %s", what, strerror(errno));
	end(why);
	abort();
}

void loop_memory_use(void (*on_end)(const char *why))
{
	end = on_end;
	ev_set_allocator(must_get);
	ev_set_syserr_cb(on_refused);
}
