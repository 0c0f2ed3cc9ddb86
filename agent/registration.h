/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REGISTRATION_H
#define AGENT_REGISTRATION_H

/*
 * registration - keeps one service's keys in etcd in step with what the agent
 * wants. They hang on one lease and come and go together, so the rest of this
 * speaks of the key.
 *
 * The caller states a goal; the registration compares it with what it believes
 * etcd holds and closes the gap one call at a time (the tables are in
 * lease.c). Stating the same goal again costs nothing, and a goal that changes
 * while a call is in flight is picked up when that call ends: nothing can be
 * missed, nothing is queued.
 *
 * Runs on the loop given to registration_init() and never blocks.
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/backoff.h"
#include "agent/counts.h"
#include "agent/descriptor/descriptor.h"
#include "agent/entries.h"
#include "agent/lease.h"
#include "agent/net/etcd.h"
#include "agent/random.h"
#include "agent/tending.h"

struct registration;

/* The goal EXIT is reached; called from the loop, once. The registration may be finished now. */
typedef void registration_gone(struct registration *r);

/* Something that can be seen from outside may have changed; from the loop. Must not finish *r. */
typedef void registration_changed(struct registration *r);

/*
 * Embedded. `on_change`, `counts` and `absence` are for the owner to set, the
 * last before the goal that it explains; what the owner may read is said. The
 * rest is for registration.c and its tests only.
 */
struct registration {
	struct ev_loop *loop;          /* borrowed */
	struct etcd *etcd;             /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct random *random;         /* borrowed */
	registration_gone *on_gone;
	registration_changed *on_change; /* may be NULL */
	struct counts *counts;           /* borrowed; may be NULL */
	enum absence absence;            /* why it is not to be listed */
	struct entries entries;          /* that are put, all at once; for all to read */

	enum goal goal;
	enum goal started_for; /* the goal when the call in flight was started */
	enum lease_state state;
	int64_t lease;                  /* valid outside NONE and GRANTING */
	int64_t earlier[CLAIM_EARLIER]; /* leases that were ours, see ownership.h */
	double granted;                 /* seconds that etcd lets it live, not as we asked */
	double ttl;                     /* ... or less, when a renewal has said so */
	double sure_until; /* clock_now() time until which the lease surely lives: for people only
			    */
	struct etcd_seat seat;
	struct tending tending;
	int64_t written;         /* the mod_revision of our keys, 0 when it is not known */
	unsigned puts;           /* sent on this lease */
	int64_t take_over_up_to; /* a mod_revision, see ownership.h */
	unsigned era;            /* of etcd's revisions when the lease was granted */
	bool has_put;            /* a put was sent, ever: take_over_up_to stays as it is */
	bool listed;             /* the last that etcd said of the key: it is there, on our lease */
	double unlisted_at;      /* clock_now() time since which it is not, having been there */
	bool contested;          /* another has it, and that has been said */
	bool handed_over;        /* ... and is meant to, or will be soon */
	unsigned unsure;         /* calls without a clear answer, in a row */
	bool read_lost;          /* ... a read-back among them */
	bool waits_for_health;   /* what is held is not tended before health has spoken */
	double asked_at;         /* clock_now() when the goal last changed */

	struct etcd_call call; /* the only call ever in flight */
	struct backoff backoff;
	unsigned lost;         /* leases in a row of which none was ever renewed: ... */
	struct backoff losses; /* ... after the first of them there is a pause */
	ev_timer wake;         /* next renewal or retry; active only at rest */
};

/* Starts nothing: the first call goes out on a first goal. 0, or -1 without memory. */
int registration_init(struct registration *r, struct ev_loop *loop, struct etcd *etcd,
		const struct descriptor *desc, struct random *random, registration_gone *on_gone);

/* Cancels a call in flight without a call back. Safe on a zeroed struct. */
void registration_finish(struct registration *r);

void registration_want(struct registration *r, enum goal goal);

/*
 * The process did not run for longer than the lease lives. The call in flight
 * counts as without an answer, whatever it will be, and what is held is not
 * tended before health has spoken (a goal other than KEEP) or `patience`
 * seconds have passed. To be called before the goal that follows from it.
 */
void registration_interrupted(struct registration *r, double patience);

/* True while etcd holds, or may hold, a lease of ours. */
static inline bool registration_holds_lease(const struct registration *r)
{
	return r->state != LEASE_NONE && r->state != LEASE_GRANTING;
}

/* True while the key is there, on our lease, for sure. */
bool registration_is_listed(const struct registration *r);

/* Listed if it is to be, nothing held if not. Never while health is not known. */
bool registration_is_at_goal(const struct registration *r);

/*
 * Before the first goal: *r is to take the place of `before`, which goes on until
 * then. When they have the same keys there, what is on the lease of that one is no
 * stranger's, and what is a stranger's to that one is so to *r.
 */
void registration_succeed(struct registration *r, struct registration *before);

/*
 * Another registration of this agent has the key now. To be called before the
 * goal EXIT: its lease goes, and nothing that is listed goes with it.
 */
void registration_hand_over(struct registration *r);

#endif
