/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CLUSTER_VIEW_H
#define AGENT_NET_CLUSTER_VIEW_H

/*
 * cluster_view - does an answer come from the cluster that we know, and is it
 * up to date? Pure.
 *
 * Every answer of etcd says which cluster it is from, in which raft term, at
 * which revision. For one cluster neither goes backwards, so an answer behind
 * what was known when its call was sent comes from a member that has lost the
 * others, and one with another cluster's id from a member that does not belong
 * here. Neither is believed, whatever it says.
 *
 * A cluster that was restored from a backup, or made anew, goes backwards for
 * good. It is believed when more than half of the endpoints say so without one
 * that contradicts them in between; a single endpoint has to say so twice. When
 * the others are gone for good, fewer are enough: after a minute in which those
 * that answered told the same story again and again, it is the truth. Should
 * the old truth come back, its majority turns the view again.
 */

#include <stdbool.h>
#include <stdint.h>

/* What the header of an answer says; all 0: nothing. */
struct cluster_mark {
	uint64_t cluster;
	uint64_t term;
	int64_t revision;
	uint64_t member; /* who says so */
};

/* The same place in the same story, told by the same one; nothing is that with a mark of all 0. */
bool cluster_mark_is(const struct cluster_mark *a, const struct cluster_mark *b);

/* What was known when a call was sent: other calls may be answered before it. */
struct cluster_floor {
	struct cluster_mark known;
	unsigned epoch;
};

struct cluster_view {
	struct cluster_mark known; /* cluster 0: nothing yet */
	unsigned epoch;            /* how often the truth has changed */
	uint64_t doubt;            /* the cluster that those who contradict speak of, 0: none do */
	double doubted_from, doubted_at; /* its first and last word without a long silence */
	bool *contradicts;               /* owned: one for each endpoint */
	unsigned n, n_contradict;
};

enum view_verdict {
	VIEW_FINE,
	VIEW_BEHIND,  /* behind the others: not to be believed */
	VIEW_FOREIGN, /* another cluster: not to be believed */
	VIEW_RENEWED  /* either, but so many say so that it is the truth from now on */
};

/* How much an answer proves about the member that gave it. */
enum view_proof {
	PROOF_FULL, /* it went through raft: the member had caught up first */
	PROOF_TERM  /* the revision may lag in a healthy member */
};

/*
 * Its revision is behind what was known when its call began. The proof of an answer makes a
 * difference only then.
 */
bool cluster_mark_lags(const struct cluster_mark *seen, const struct cluster_floor *floor);

/* `n` endpoints, at least 1. Returns 0, or -1 without memory. */
int cluster_view_init(struct cluster_view *view, unsigned n);

/* Safe on a zeroed struct. */
void cluster_view_finish(struct cluster_view *view);

/* To be kept with a call that is sent now. */
struct cluster_floor cluster_view_floor(const struct cluster_view *view);

/* Judges an answer of endpoint number `endpoint`, and takes note of it. `now` in seconds. */
enum view_verdict cluster_view_judge(struct cluster_view *view, unsigned endpoint,
		const struct cluster_floor *floor, const struct cluster_mark *seen,
		enum view_proof proof, double now);

#endif
