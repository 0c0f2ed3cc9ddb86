/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TELLING_H
#define AGENT_TELLING_H

/*
 * telling - what a reader says of changes, and of values that are no
 * instances: one by one while there are few, summed up when there are many.
 */

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/instances.h"
#include "agent/pace.h"

/* Embedded. Members are for telling.c only. */
struct telling {
	struct ev_loop *loop; /* borrowed; NULL before init */
	const char *service;  /* borrowed */
	struct pace changes, skips;
	struct instances_diff untold; /* summed up since it was said last */
	size_t n;                     /* instances, and ... */
	int64_t revision;             /* ... as of that, at the last change */
	size_t passed_over;           /* not said yet */
	ev_timer later;               /* active while there is something to say */
};

/* Both are borrowed. Starts nothing. */
void telling_init(struct telling *t, struct ev_loop *loop, const char *service);

/* There are `n` instances now. */
void telling_changed(
		struct telling *t, const struct instances_diff *diff, size_t n, int64_t revision);

/* What stands under a key is no instance. */
void telling_passed_over(struct telling *t, const char *key, const char *why);

/* Says what is left. Safe on a zeroed struct. */
void telling_finish(struct telling *t);

#endif
