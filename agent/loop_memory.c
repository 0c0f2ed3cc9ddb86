/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop_memory.h"

#include <ev.h>
#include <stdlib.h>
#include <time.h>

/* Half a second in all, a quarter of the shortest TTL. */
#define TRIES    50
#define PAUSE_NS (10L * 1000 * 1000)

static void (*end)(void);

/* As libev asks for it: a size of 0 gives back. */
static void *must_get(void *at, long size)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (size <= 0) {
		free(at);
		return NULL;
	}
	for (unsigned i = 0; i <= TRIES; i++) {
		void *got = realloc(at, (size_t)size);
		if (got != NULL) {
			return got;
		}
		(void)nanosleep(&pause, NULL);
	}
	end();
	abort();
}

void loop_memory_use(void (*on_end)(void))
{
	end = on_end;
	ev_set_allocator(must_get);
}
