/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/model/world.h"

#include "agent/ownership.h"

#include "tests/model/agent.h"

/* ---- etcd ---------------------------------------------------------------------------------- */

static bool is_alive(const struct world *w, unsigned lease)
{
	return (w->alive & 1u << lease) != 0;
}

/* Anything at all is written: etcd is at another revision. */
static void write(struct world *w)
{
	w->touched = true;
	if (w->answered && w->state != LEASE_RENEWING) {
		w->news = true;
	}
}

/* Every change of the key has a new mod_revision, so what was seen before is stale. */
static void set_key(struct world *w, uint8_t key)
{
	write(w);
	w->key = key;
	w->altered = false;
	w->newer = false;
	w->since = false;
	if (w->guard == GUARD_SEEN) {
		w->guard = GUARD_STALE;
	}
	for (unsigned i = 0; i < LATE_MAX; i++) {
		if (w->late[i].kind == LATE_PUT_SEEN) {
			w->late[i] = (struct late){ LATE_NONE, 0 };
		}
	}
}

static void end_lease(struct world *w, unsigned lease)
{
	w->alive = (uint8_t)(w->alive & ~(1u << lease));
	if (w->key == lease) {
		set_key(w, KEY_ABSENT);
	}
}

/* A put of ours, whose guard holds. */
static enum outcome put_key(struct model *m, struct world *w, uint8_t lease)
{
	if (!is_alive(w, lease)) {
		return OUTCOME_GONE;
	}
	if (w->key == KEY_OTHER && w->newer) {
		m->broken = "a put of ours replaces the key of someone newer";
	}
	set_key(w, lease);
	w->was_listed = true;
	return OUTCOME_OK;
}

/* The other's mod_revisions: 1 before our first lease that we put on, 2 since. */
static enum claim judge(const struct world *w)
{
	struct etcd_key seen = {
		.present = w->key != KEY_ABSENT,
		.same_value = w->key <= LEASES && !w->altered,
		.lease = w->key == KEY_NOBODY ? 0 : w->key,
		.mod_revision = w->since ? 2 : 1,
	};

	return ownership_judge(
			&seen, &(struct claim_terms){ .lease = w->lease, .take_over_up_to = 1 });
}

static void answer(struct world *w, enum outcome outcome)
{
	w->answered = true;
	w->outcome = (uint8_t)outcome;
	w->news = w->state == LEASE_RENEWING && w->touched;
	w->guard = GUARD_ABSENT;
}

/* One transaction of a put; what it finds may lead to another. */
static void apply_put(struct model *m, struct world *w)
{
	if (w->guard == GUARD_SEEN || (w->guard == GUARD_ABSENT && w->key == KEY_ABSENT)) {
		answer(w, put_key(m, w, w->lease));
		return;
	}
	switch (judge(w)) {
	case CLAIM_OURS:
		answer(w, OUTCOME_OK);
		break;
	case CLAIM_PUT:
		w->guard = GUARD_ABSENT;
		break;
	case CLAIM_REPLACE:
		w->guard = GUARD_SEEN;
		break;
	case CLAIM_TAKEN:
		answer(w, OUTCOME_TAKEN);
		break;
	}
}

static void apply_verify(struct world *w)
{
	switch (judge(w)) {
	case CLAIM_OURS:
		answer(w, OUTCOME_OK);
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		answer(w, OUTCOME_DETACHED);
		break;
	case CLAIM_TAKEN:
		answer(w, OUTCOME_TAKEN);
		break;
	}
}

static void apply(struct model *m, struct world *w)
{
	switch ((enum lease_state)w->state) {
	case LEASE_GRANTING: /* the lease comes to be when its id arrives: nobody can name it before
			      */
		answer(w, OUTCOME_OK);
		break;
	case LEASE_PUTTING:
		apply_put(m, w);
		break;
	case LEASE_RENEWING:
		answer(w, is_alive(w, w->lease) ? OUTCOME_OK : OUTCOME_GONE);
		break;
	case LEASE_VERIFYING:
		apply_verify(w);
		break;
	case LEASE_REVOKING:
		answer(w, is_alive(w, w->lease) ? OUTCOME_OK : OUTCOME_GONE);
		end_lease(w, w->lease);
		break;
	case LEASE_NONE:
	case LEASE_GRANTED:
	case LEASE_HELD:
	case LEASE_DOOMED:
	case N_LEASE_STATES:
		break;
	}
}

/* ---- late messages --------------------------------------------------------------------------- */

static bool delay(struct model *m, struct world *w)
{
	unsigned slot = 0;
	struct late late = { LATE_REVOKE, w->lease };

	if (w->state == LEASE_PUTTING && w->guard != GUARD_STALE) {
		late.kind = w->guard == GUARD_SEEN ? LATE_PUT_SEEN : LATE_PUT_ABSENT;
	} else if (w->state != LEASE_REVOKING) {
		return false;
	}
	while (slot < m->late_max && w->late[slot].kind != LATE_NONE) {
		slot++;
	}
	if (slot == m->late_max || !is_alive(w, w->lease)) {
		return false;
	}
	w->late[slot] = late;
	agent_finish(m, w, OUTCOME_UNSURE);
	return true;
}

static void arrive(struct model *m, struct world *w, unsigned i)
{
	struct late late = w->late[i];

	w->late[i] = (struct late){ LATE_NONE, 0 };
	if (late.kind == LATE_REVOKE) {
		end_lease(w, late.lease);
	} else if (late.kind == LATE_PUT_SEEN || w->key == KEY_ABSENT) {
		(void)put_key(m, w, late.lease);
	}
}

/* ---- everybody else -------------------------------------------------------------------------- */

static bool other_puts(struct world *w)
{
	bool since = w->has_put || w->lease != 0;

	if (w->key == KEY_OTHER && w->newer == w->was_listed && w->since == since) {
		return false;
	}
	set_key(w, KEY_OTHER);
	w->newer = w->was_listed;
	w->since = since;
	return true;
}

static bool alter(struct world *w)
{
	uint8_t lease = w->key;

	if (lease == KEY_ABSENT || lease > LEASES || w->altered) {
		return false;
	}
	set_key(w, lease);
	w->altered = true;
	return true;
}

static bool change_key(struct world *w, uint8_t from, uint8_t to)
{
	if (w->key != from) {
		return false;
	}
	set_key(w, to);
	return true;
}

static bool age(struct world *w)
{
	if (w->state != LEASE_HELD || w->renewals != TENDING_RENEWALS) {
		return false;
	}
	w->renewals = RENEWALS_AGED;
	return true;
}

static bool disturb(struct world *w, struct move move)
{
	switch (move.kind) {
	case MOVE_EXPIRE:
		if (!is_alive(w, move.arg)) {
			return false;
		}
		end_lease(w, move.arg);
		return true;
	case MOVE_DELETE:
		return w->key != KEY_ABSENT && change_key(w, w->key, KEY_ABSENT);
	case MOVE_ALTER:
		return alter(w);
	case MOVE_UNLEASE:
		return w->key != KEY_NOBODY && change_key(w, w->key, KEY_NOBODY);
	case MOVE_OTHER_PUTS:
		return other_puts(w);
	case MOVE_OTHER_GOES:
		return change_key(w, KEY_OTHER, KEY_ABSENT);
	case MOVE_STRANGER:
		write(w);
		return true;
	case MOVE_AGES:
		return age(w);
	case MOVE_GOAL:
	case MOVE_TIMER:
	case MOVE_APPLY:
	case MOVE_APPLY_LAGGING:
	case MOVE_ANSWER:
	case MOVE_LOSE:
	case MOVE_LOSE_ANSWER:
	case MOVE_REPEAT:
	case MOVE_DELAY:
	case MOVE_LATE:
	case MOVE_DROP:
		break;
	}
	return false;
}

/* ---- one move -------------------------------------------------------------------------------- */

static bool is_put(const struct late *late)
{
	return late->kind == LATE_PUT_ABSENT || late->kind == LATE_PUT_SEEN;
}

/* Forgets what can have no effect any more, so that equal states look equal. */
static void tidy(struct world *w)
{
	bool looks = w->state == LEASE_HELD || w->state == LEASE_RENEWING ||
		     w->state == LEASE_VERIFYING;
	bool ok = w->answered && w->outcome == OUTCOME_OK;

	if (!looks) { /* a put begins these anew */
		w->renewals = 0;
		w->due = w->touched = false;
	}
	w->news = w->news && ok && (looks || w->state == LEASE_PUTTING);
	for (unsigned id = 1; id <= LEASES; id++) {
		bool named = id == w->lease || id == w->key;
		for (unsigned i = 0; i < LATE_MAX; i++) {
			named = named || (is_put(&w->late[i]) && w->late[i].lease == id);
		}
		if (!named) {
			end_lease(w, id);
		}
		if (!is_alive(w, id) && id != w->lease) {
			w->revoked = (uint8_t)(w->revoked & ~(1u << id));
		}
	}
	for (unsigned i = 0; i < LATE_MAX; i++) {
		if (!is_alive(w, w->late[i].lease)) {
			w->late[i] = (struct late){ LATE_NONE, 0 };
		}
	}
	if (w->late[0].kind < w->late[1].kind) {
		struct late first = w->late[0];
		w->late[0] = w->late[1];
		w->late[1] = first;
	}
}

/* `lagging`: a renewal, by a member that says what it was told before. */
static bool serve(struct model *m, struct world *w, bool lagging)
{
	if (lagging && w->state != LEASE_RENEWING) {
		return false;
	}
	apply(m, w);
	w->news = w->news && !lagging;
	return true;
}

static bool make_move(struct model *m, struct world *w, struct move move)
{
	bool in_flight = w->state >= N_RESTING;
	bool sent = in_flight && !w->answered, answered = in_flight && w->answered;

	switch (move.kind) {
	case MOVE_GOAL:
		return agent_want(m, w, move.arg);
	case MOVE_TIMER:
		return agent_wake(m, w);
	case MOVE_APPLY:
	case MOVE_APPLY_LAGGING:
		return sent && serve(m, w, move.kind == MOVE_APPLY_LAGGING);
	case MOVE_ANSWER:
		if (answered) {
			agent_finish(m, w, (enum outcome)w->outcome);
		}
		return answered;
	case MOVE_LOSE:
	case MOVE_LOSE_ANSWER:
		if (move.kind == MOVE_LOSE ? !sent : !answered) {
			return false;
		}
		agent_finish(m, w, OUTCOME_UNSURE);
		return true;
	case MOVE_REPEAT:
		if (answered) {
			w->answered = false;
			w->guard = w->outcome == OUTCOME_OK ? GUARD_STALE : GUARD_ABSENT;
			w->outcome = 0;
		}
		return answered;
	case MOVE_DELAY:
		return sent && delay(m, w);
	case MOVE_LATE:
	case MOVE_DROP:
		if (w->late[move.arg].kind == LATE_NONE) {
			return false;
		}
		if (move.kind == MOVE_LATE) {
			arrive(m, w, move.arg);
		}
		w->late[move.arg] = (struct late){ LATE_NONE, 0 };
		return true;
	case MOVE_EXPIRE:
	case MOVE_DELETE:
	case MOVE_ALTER:
	case MOVE_UNLEASE:
	case MOVE_STRANGER:
	case MOVE_AGES:
	case MOVE_OTHER_PUTS:
	case MOVE_OTHER_GOES:
		return disturb(w, move);
	}
	return false;
}

bool world_move(struct model *m, struct world *w, struct move move)
{
	bool made = make_move(m, w, move);

	if (made) {
		tidy(w);
	}
	return made;
}
