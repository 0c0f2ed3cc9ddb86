/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TENDING_H
#define AGENT_TENDING_H

/*
 * tending - when a lease is renewed, and when its key is read back. Pure.
 *
 * All times are those of clock_now(), in seconds.
 */

#include <stdbool.h>

#include "agent/net/cluster_view.h"

/* Zeroed is one whose key was never seen. */
struct tending {
	double due_at;                /* the next renewal */
	bool look;                    /* ... and before that the key is read back */
	unsigned renewals;            /* acknowledged since the key was last seen to be right */
	struct cluster_mark right_at; /* where etcd was then; cluster 0: it did not say */
};

/* A look is due after so many renewals, when something was written; after so many, anyway. */
#define TENDING_RENEWALS     3
#define TENDING_RENEWALS_MAX 90

/*
 * Plans the renewal that follows what was sent at `sent`: at most a third of the
 * TTL later, when all that have this `phase` ([0, 1), of that third) are due.
 */
void tending_plan(struct tending *t, double sent, double ttl, double phase);

/* etcd has said, at *at, that the key is there as it should be. */
void tending_is_right(struct tending *t, const struct cluster_mark *at);

/* A renewal was acknowledged, by a member that was at *at: sets `look`. */
void tending_renewed(struct tending *t, const struct cluster_mark *at);

/*
 * Whether to read the key back, so many renewals after it was last seen.
 * `untouched`: nothing was written since, as far as one member knows.
 */
bool tending_must_look(unsigned renewals, bool untouched);

#endif
