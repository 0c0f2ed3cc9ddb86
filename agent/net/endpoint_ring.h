/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ENDPOINT_RING_H
#define AGENT_NET_ENDPOINT_RING_H

/*
 * endpoint_ring - which of several etcd endpoints to use. Pure.
 *
 * Shuffled once, so that many agents spread over the members; sticky while the
 * endpoint in use answers; left at once when it fails.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/random.h"

struct endpoint_ring {
	unsigned *order; /* owned: a permutation of 0 .. n-1 */
	unsigned n;      /* at least 1 */
	unsigned current;
	unsigned left; /* endpoints left in a row, since any of them has answered */
};

/* Returns 0, or -1 without memory. */
int endpoint_ring_init(struct endpoint_ring *ring, unsigned n, struct random *random);
void endpoint_ring_finish(struct endpoint_ring *ring);

/* The endpoint to use now: an index into the caller's list. */
unsigned endpoint_ring_current(const struct endpoint_ring *ring);

/* Another endpoint: the one in use if it is not `endpoint`, which it is when it is alone. */
unsigned endpoint_ring_beside(const struct endpoint_ring *ring, unsigned endpoint);

/* The one behind `last`, passing over `endpoint` if there is any other. */
unsigned endpoint_ring_after(const struct endpoint_ring *ring, unsigned last, unsigned endpoint);

/*
 * `failed` did not do its work: the next one is used from now on. When it is
 * not the one in use any more, someone else has left it already and nothing
 * changes: ten calls that fail together make one step, not ten.
 */
void endpoint_ring_leave(struct endpoint_ring *ring, unsigned failed);

/* An endpoint, whichever, has done its work. */
void endpoint_ring_answered(struct endpoint_ring *ring);

/* True while the one in use has not failed since any of them has answered: worth a try at once. */
bool endpoint_ring_untried(const struct endpoint_ring *ring);

#endif
