/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease - the registration machine as data.
 *
 * What makes it safe, in three sentences. A put goes out only on a lease whose
 * grant was acknowledged, and every grant has a new id, so a message that
 * arrives late can only touch a lease that is still ours or already gone. Only
 * etcd can say that a lease is gone (GONE); no clock of ours can, because a
 * renewal whose answer was lost has extended it. And a lease whose revoke went
 * unanswered is revoked again before anything else.
 *
 * READY asks for a lease ahead of the first verdict, and no more: nobody tends
 * it before the key is on it, so it lapses by itself when the verdict stays
 * away, and the put that comes too late finds it gone. A verdict that is bad
 * gives it back.
 *
 * Who meets another's key gives its own lease back and stands by: a put that
 * is still on its way dies with the lease, and the next look, a TTL later,
 * begins with a lease that has its whole life before it.
 */
#include "agent/lease.h"

#include <assert.h>

#include "agent/util.h"

/* clang-format off */
const enum step lease_next[N_RESTING][N_GOALS] = {
	/*                    KEEP                       READY                       PRESENT                       ABSENT                       EXIT */
	[LEASE_NONE]    = { [GOAL_KEEP] = STEP_WAIT,   [GOAL_READY] = STEP_GRANT,  [GOAL_PRESENT] = STEP_GRANT,  [GOAL_ABSENT] = STEP_WAIT,   [GOAL_EXIT] = STEP_LEAVE },
	[LEASE_GRANTED] = { [GOAL_KEEP] = STEP_WAIT,   [GOAL_READY] = STEP_WAIT,   [GOAL_PRESENT] = STEP_PUT,    [GOAL_ABSENT] = STEP_REVOKE, [GOAL_EXIT] = STEP_REVOKE },
	[LEASE_HELD]    = { [GOAL_KEEP] = STEP_TEND,   [GOAL_READY] = STEP_TEND,   [GOAL_PRESENT] = STEP_TEND,   [GOAL_ABSENT] = STEP_REVOKE, [GOAL_EXIT] = STEP_REVOKE },
	[LEASE_DOOMED]  = { [GOAL_KEEP] = STEP_REVOKE, [GOAL_READY] = STEP_REVOKE, [GOAL_PRESENT] = STEP_REVOKE, [GOAL_ABSENT] = STEP_REVOKE, [GOAL_EXIT] = STEP_REVOKE },
};

const struct lease_after lease_after[N_LEASE_STATES][N_OUTCOMES] = {
	[LEASE_GRANTING] = {
		[OUTCOME_OK]       = { LEASE_GRANTED, WHEN_NOW },
		[OUTCOME_UNSURE]   = { LEASE_NONE,    WHEN_BACKOFF }, /* a lost grant lapses by itself */
	},
	[LEASE_PUTTING] = {
		[OUTCOME_OK]       = { LEASE_HELD,    WHEN_TEND },
		[OUTCOME_GONE]     = { LEASE_NONE,    WHEN_NOW },
		[OUTCOME_TAKEN]    = { LEASE_DOOMED,  WHEN_NOW }, /* who stands by keeps no lease */
		[OUTCOME_UNSURE]   = { LEASE_GRANTED, WHEN_BACKOFF }, /* a put can be repeated */
	},
	[LEASE_RENEWING] = {
		[OUTCOME_OK]       = { LEASE_HELD,    WHEN_TEND },
		[OUTCOME_GONE]     = { LEASE_NONE,    WHEN_NOW },
		[OUTCOME_UNSURE]   = { LEASE_HELD,    WHEN_BACKOFF },
	},
	[LEASE_VERIFYING] = {
		[OUTCOME_OK]       = { LEASE_HELD,    WHEN_TEND },
		[OUTCOME_DETACHED] = { LEASE_GRANTED, WHEN_NOW },
		[OUTCOME_TAKEN]    = { LEASE_DOOMED,  WHEN_NOW }, /* who stands by keeps no lease */
		[OUTCOME_UNSURE]   = { LEASE_HELD,    WHEN_BACKOFF },
	},
	[LEASE_REVOKING] = {
		[OUTCOME_OK]       = { LEASE_NONE,    WHEN_CLEAR },
		[OUTCOME_GONE]     = { LEASE_NONE,    WHEN_CLEAR },
		[OUTCOME_UNSURE]   = { LEASE_DOOMED,  WHEN_BACKOFF }, /* it may still arrive */
	},
};

const unsigned char lease_outcomes[N_LEASE_STATES][N_OUTCOMES] = {
	[LEASE_GRANTING]  = { [OUTCOME_OK] = 1, [OUTCOME_UNSURE] = 1 },
	[LEASE_PUTTING]   = { [OUTCOME_OK] = 1, [OUTCOME_GONE] = 1, [OUTCOME_TAKEN] = 1, [OUTCOME_UNSURE] = 1 },
	[LEASE_RENEWING]  = { [OUTCOME_OK] = 1, [OUTCOME_GONE] = 1, [OUTCOME_UNSURE] = 1 },
	[LEASE_VERIFYING] = { [OUTCOME_OK] = 1, [OUTCOME_DETACHED] = 1, [OUTCOME_TAKEN] = 1, [OUTCOME_UNSURE] = 1 },
	[LEASE_REVOKING]  = { [OUTCOME_OK] = 1, [OUTCOME_GONE] = 1, [OUTCOME_UNSURE] = 1 },
};
/* clang-format on */

const char *lease_state_name(enum lease_state state)
{
	static const char *const names[] = {
		[LEASE_NONE] = "none",
		[LEASE_GRANTED] = "granted",
		[LEASE_HELD] = "held",
		[LEASE_DOOMED] = "doomed",
		[LEASE_GRANTING] = "granting",
		[LEASE_PUTTING] = "putting",
		[LEASE_RENEWING] = "renewing",
		[LEASE_VERIFYING] = "verifying",
		[LEASE_REVOKING] = "revoking",
	};
	static_assert(ARRAY_LEN(names) == N_LEASE_STATES, "every state has its name");

	return names[state];
}

const char *goal_name(enum goal goal)
{
	static const char *const names[] = {
		[GOAL_KEEP] = "keep",
		[GOAL_READY] = "ready",
		[GOAL_PRESENT] = "present",
		[GOAL_ABSENT] = "absent",
		[GOAL_EXIT] = "exit",
	};
	static_assert(ARRAY_LEN(names) == N_GOALS, "every goal has its name");

	return names[goal];
}
