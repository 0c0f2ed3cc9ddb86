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
#include "agent/descriptor.h"
#include "agent/entries.h"
#include "agent/lease.h"
#include "agent/net/etcd.h"
#include "agent/random.h"

struct registration;

/* The goal EXIT is reached; called from the loop, once. The registration may be finished now. */
typedef void registration_gone(struct registration *r);

/* Embedded. Members are for registration.c and its tests only. */
struct registration {
	struct ev_loop *loop;          /* borrowed */
	struct etcd *etcd;             /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct random *random;         /* borrowed */
	registration_gone *on_gone;
	struct entries entries; /* that are put, all at once */

	enum goal goal;
	enum goal started_for; /* the goal when the call in flight was started */
	enum lease_state state;
	int64_t lease;     /* valid outside NONE and GRANTING */
	int64_t previous;  /* the lease that was lost last, 0 for none */
	double ttl;        /* seconds, as etcd granted it, not as we asked */
	double sure_until; /* clock_now() time until which the lease surely lives: for people only
			    */
	double tend_at;    /* clock_now() time of the next renewal */
	unsigned renewals; /* acknowledged ones since the put */
	bool verify_due;
	int64_t take_over_up_to; /* a mod_revision, see ownership.h */
	unsigned era;            /* of etcd's revisions when the lease was granted */
	bool has_put;            /* a put was sent, ever: take_over_up_to stays as it is */
	bool listed;             /* the last that etcd said of the key: it is there, on our lease */
	bool contested;          /* another has it, and that has been said */
	unsigned unsure;         /* calls without a clear answer, in a row */
	bool read_lost;          /* ... a read-back among them */
	bool waits_for_health;   /* what is held is not tended before health has spoken */
	double asked_at;         /* clock_now() when the goal last changed */

	struct etcd_call call; /* the only call ever in flight */
	struct backoff backoff;
	ev_timer wake; /* next renewal or retry; active only at rest */
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
bool registration_holds_lease(const struct registration *r);

#endif
