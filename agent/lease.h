/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LEASE_H
#define AGENT_LEASE_H

/*
 * lease - the two tables that decide everything about a registration. Pure.
 *
 * At rest, lease_next says what to do for what we hold and what we want. When
 * a call to etcd comes back, lease_after says what we hold then and when to
 * look again. registration.c is the only one that acts on them; tests/model
 * walks them exhaustively.
 */

/* What we hold, or which call is in flight. The resting states come first. */
enum lease_state {
	LEASE_NONE,    /* no lease */
	LEASE_GRANTED, /* a lease that etcd acknowledged; the key may be on it */
	LEASE_HELD,    /* lease and key */
	LEASE_DOOMED,  /* to be revoked, or its revoke went unanswered: never put on it again */
	N_RESTING,
	LEASE_GRANTING = N_RESTING,
	LEASE_PUTTING,
	LEASE_RENEWING,
	LEASE_VERIFYING,
	LEASE_REVOKING,
	N_LEASE_STATES
};

/* What the agent wants. */
enum goal {
	GOAL_KEEP,    /* health is not known: change nothing, keep alive what there is */
	GOAL_READY,   /* ... for the first time: have a lease, so that only the put is left to do */
	GOAL_PRESENT, /* listed */
	GOAL_ABSENT,  /* not listed */
	GOAL_EXIT,    /* not listed, and done */
	N_GOALS
};

enum step {
	STEP_WAIT,
	STEP_GRANT,
	STEP_PUT,
	STEP_TEND, /* renew the lease, or verify the key when that is due */
	STEP_REVOKE,
	STEP_LEAVE
};

/* How a call to etcd ended. */
enum outcome {
	OUTCOME_OK,       /* etcd did it */
	OUTCOME_GONE,     /* etcd says in so many words that the lease does not exist */
	OUTCOME_DETACHED, /* the lease lives; the key is not on it, and nobody else has it */
	OUTCOME_TAKEN,    /* the lease lives; the key hangs on another's lease */
	OUTCOME_UNSURE,   /* all else: timeout, reset, refusal, an unreadable answer */
	N_OUTCOMES
};

/* When to look at the table again. */
enum when {
	WHEN_NOW,
	WHEN_TEND,    /* in a third of the TTL */
	WHEN_BACKOFF, /* after a jittered pause */
	WHEN_CLEAR    /* at once; in a TTL while another instance has the key */
};

struct lease_after {
	enum lease_state state;
	enum when when;
};

extern const enum step lease_next[N_RESTING][N_GOALS];

/* Rows of resting states are unused; so are cells that no call can end in (they say NONE, NOW). */
extern const struct lease_after lease_after[N_LEASE_STATES][N_OUTCOMES];

/* Whether etcd can answer a call in this state with this outcome. */
extern const unsigned char lease_outcomes[N_LEASE_STATES][N_OUTCOMES];

const char *lease_state_name(enum lease_state state);
const char *goal_name(enum goal goal);

#endif
