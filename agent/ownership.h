/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OWNERSHIP_H
#define AGENT_OWNERSHIP_H

/*
 * ownership - whose key is it? Pure.
 *
 * An agent that starts takes over the key of a predecessor (the usual case:
 * it was killed, and its lease still runs). An agent that has held the key and
 * finds it on another's lease has met someone newer and stands by. So the
 * newest wins and nobody flaps. A key without any lease is nobody's: no one
 * alive keeps it, and it would stay for ever. A key on a lease that was ours
 * before is still ours, also when that was under another descriptor: a reload
 * makes no one newer.
 *
 * mod_revisions tell a predecessor from someone newer. What was written before
 * etcd granted the first lease that we put on is a predecessor's, what was
 * written since is someone newer's, whatever became of our put: one that was
 * lost, or whose answer was lost, may have been applied all the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/etcd_key_codec.h"

/* The later, the less can be done with the key as it is. */
enum claim {
	CLAIM_OURS,    /* on our lease, with our value */
	CLAIM_PUT,     /* not there: put it */
	CLAIM_REPLACE, /* there, but to be written anew, guarded by the mod_revision seen */
	CLAIM_TAKEN    /* another's */
};

/* More are forgotten. Each of them was lost, replaced, or given back. */
#define CLAIM_EARLIER 8

#define TAKE_OVER_NOTHING 0 /* no mod_revision is that small */

/* What the one who asks may do. */
struct claim_terms {
	int64_t lease;                  /* ours */
	int64_t take_over_up_to;        /* from another's lease: the latest mod_revision */
	int64_t earlier[CLAIM_EARLIER]; /* those that we had before, the last one first; 0: none */
};

enum claim ownership_judge(const struct etcd_key *seen, const struct claim_terms *terms);

/* One more that was ours. 0 is none. */
void ownership_add_earlier(int64_t earlier[CLAIM_EARLIER], int64_t lease);

/*
 * The same for keys that are written together: what is true of the one of
 * which least can be done. So one that is another's is as good as all of them,
 * and they are ours when each of them is. *which (may be NULL) is that key.
 */
enum claim ownership_judge_all(const struct etcd_key *seen, size_t n,
		const struct claim_terms *terms, size_t *which);

/* The mod_revision that all of them have, as what one transaction wrote has; 0 when they have not.
 */
int64_t ownership_written(const struct etcd_key *seen, size_t n);

#endif
