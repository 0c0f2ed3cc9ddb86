/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_GUARD_H
#define AGENT_GUARD_H

/*
 * guard - whether what a reader sees may be published. Pure.
 *
 * Services come and go one by one. When more than half of the instances go
 * within one TTL, it may be true, or a member of etcd may have lost its mind:
 * such a loss has to be confirmed by a read that begins after it was seen.
 * And when etcd itself was away, or was made anew, the agents that register
 * need up to one TTL to come back: until then such a loss is not published, and
 * none at all where it was made anew, since that takes away every key.
 */

#include <stdbool.h>

#include "agent/instances.h"

/* The TTL that services are registered with by default: a reader is not told, seconds. */
#define GUARD_TTL 10.0

/* A zeroed one has published nothing. */
struct guard {
	struct instances peak; /* the most that was published within one TTL */
	double peak_at;        /* clock_now() */
	double hold_until;     /* clock_now() time: etcd was away, 0: it was not */
	bool anew;             /* ... and was made anew */
	bool doubted;          /* a loss was seen and is not confirmed */
	unsigned reads;        /* ... when so many reads had confirmed */
};

enum guard_verdict {
	GUARD_PUBLISH,
	GUARD_CONFIRM, /* to be judged again after one more read */
	GUARD_HOLD     /* to be judged again at hold_until */
};

/*
 * `published` is what there is outside, `live` what etcd says, after so many `reads` of all that
 * were asked for to confirm what another member had said.
 */
enum guard_verdict guard_judge(struct guard *g, const struct instances *published,
		const struct instances *live, unsigned reads, double now);

/*
 * `live` takes the place of `published` (they may be one). 0, or -1 without memory: it is then
 * judged by what was known before.
 */
int guard_published(struct guard *g, const struct instances *published,
		const struct instances *live, double now);

/* etcd answers again after it was away, or is another one than before. */
void guard_outage_over(struct guard *g, bool anew, double now);

void guard_finish(struct guard *g);

#endif
