/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent - the hands of the registration machine, as the model has them.
 *
 * The properties that are about what the agent does stand here, where it does
 * it; those about what is true of every state are in world_check().
 */
#include "tests/model/agent.h"

static void expect(struct model *m, bool holds, const char *otherwise)
{
	if (!holds && m->broken == NULL) {
		m->broken = otherwise;
	}
}

static bool revoke_sent(const struct world *w)
{
	return (w->revoked & 1u << w->lease) != 0;
}

/* ---- the next step --------------------------------------------------------------------------- */

static void check_step(struct model *m, const struct world *w, enum step step)
{
	bool leaving = w->goal == GOAL_ABSENT || w->goal == GOAL_EXIT;

	switch (step) {
	case STEP_WAIT:
		expect(m, w->state != LEASE_HELD, "a key is held and nobody renews it");
		break;
	case STEP_GRANT:
		expect(m, w->goal == GOAL_PRESENT || w->goal == GOAL_READY,
				"a lease is asked for that nobody wants");
		break;
	case STEP_PUT:
		expect(m, w->goal == GOAL_PRESENT, "a key is put that nobody wants");
		expect(m, w->lease != 0, "a put on a lease whose grant was not acknowledged");
		expect(m, !revoke_sent(w), "a put on a lease whose revoke was sent");
		break;
	case STEP_TEND:
		expect(m, w->put_acked, "a lease is tended that never had the key");
		expect(m, !revoke_sent(w), "a lease is tended whose revoke was sent");
		break;
	case STEP_REVOKE:
		expect(m, w->lease != 0, "a revoke of no lease");
		expect(m, leaving || w->state == LEASE_DOOMED,
				"a lease is given up that is wanted");
		break;
	case STEP_LEAVE:
		expect(m, w->goal == GOAL_EXIT, "the agent leaves unasked");
		break;
	}
}

static void start(struct world *w, enum lease_state state)
{
	w->state = (uint8_t)state;
	w->asked = w->goal;
}

static void look(struct model *m, struct world *w)
{
	if (w->state >= N_RESTING || w->paused) {
		return;
	}
	enum step step = m->tables.next[w->state][w->goal];
	m->used_next[w->state][w->goal] = true;
	check_step(m, w, step);
	switch (step) {
	case STEP_WAIT:
	case STEP_LEAVE:
		break;
	case STEP_GRANT:
		w->lease = 0;
		start(w, LEASE_GRANTING);
		break;
	case STEP_PUT:
		w->has_put = true;
		w->put_sent = true;
		start(w, LEASE_PUTTING);
		break;
	case STEP_TEND:
		start(w, w->due ? LEASE_VERIFYING : LEASE_RENEWING);
		break;
	case STEP_REVOKE:
		w->revoked = (uint8_t)(w->revoked | 1u << w->lease);
		start(w, LEASE_REVOKING);
		break;
	}
}

bool agent_wake(struct model *m, struct world *w)
{
	if (!w->paused) {
		return false;
	}
	w->paused = false;
	look(m, w);
	return true;
}

bool agent_want(struct model *m, struct world *w, uint8_t goal)
{
	if (goal == w->goal) {
		return false;
	}
	bool both_tend = w->state == LEASE_HELD && m->tables.next[LEASE_HELD][goal] == STEP_TEND &&
			 m->tables.next[LEASE_HELD][w->goal] == STEP_TEND;
	if (w->state < N_RESTING && !both_tend) {
		w->paused = false;
	}
	w->goal = goal;
	look(m, w);
	return true;
}

/* ---- a call came back ------------------------------------------------------------------------ */

static void take_lease(struct world *w)
{
	unsigned id = 1;

	while (id < LEASES && (w->alive & 1u << id) != 0) {
		id++; /* only broken tables leave one behind */
	}
	w->lease = (uint8_t)id;
	w->alive = (uint8_t)(w->alive | 1u << id);
	w->revoked = (uint8_t)(w->revoked & ~(1u << id));
	w->put_sent = w->put_acked = false;
	if (!w->has_put) {
		w->since = false; /* what is there now was there before this lease */
	}
}

/* As tending.c has it. */
static void note_right(struct world *w)
{
	w->due = false;
	w->renewals = 0;
	w->touched = w->news;
}

static void note_renewed(struct world *w)
{
	unsigned counted = w->renewals == RENEWALS_AGED ? TENDING_RENEWALS_MAX : w->renewals + 1;

	w->renewals = (uint8_t)(w->renewals < TENDING_RENEWALS ? w->renewals + 1 : w->renewals);
	w->due = tending_must_look(counted, !w->news);
}

static void take_note(struct world *w, enum outcome outcome)
{
	bool ok = outcome == OUTCOME_OK;

	if (outcome == OUTCOME_DETACHED || outcome == OUTCOME_TAKEN || outcome == OUTCOME_UNSURE) {
		w->due = false;
	}
	if (outcome == OUTCOME_TAKEN) {
		w->contested = true;
	}
	if (ok && w->state == LEASE_GRANTING) {
		take_lease(w);
	} else if (ok && w->state == LEASE_PUTTING) {
		note_right(w);
		w->contested = false;
		w->put_acked = true;
	} else if (ok && w->state == LEASE_RENEWING) {
		note_renewed(w);
	} else if (ok && w->state == LEASE_VERIFYING) {
		note_right(w);
	}
}

/* A renewal is planned for the future only when etcd has just done something for us. */
static bool pauses(const struct world *w, enum when when, enum outcome outcome)
{
	switch (when) {
	case WHEN_NOW:
		break;
	case WHEN_TEND:
		return outcome == OUTCOME_OK && !w->due;
	case WHEN_BACKOFF:
		return true;
	case WHEN_CLEAR:
		return w->contested && w->goal != GOAL_EXIT;
	}
	return false;
}

static void check_after(
		struct model *m, const struct world *w, enum lease_state from, enum outcome outcome)
{
	enum when when = m->tables.after[from][outcome].when;
	bool held = w->state == LEASE_HELD;
	bool clear = outcome != OUTCOME_UNSURE, taken = outcome == OUTCOME_TAKEN;
	bool wanted = w->goal == GOAL_KEEP || w->goal == GOAL_READY || w->goal == GOAL_PRESENT;
	bool gone = outcome == OUTCOME_GONE || (from == LEASE_REVOKING && outcome == OUTCOME_OK);

	expect(m, !gone || w->state == LEASE_NONE, "a lease is kept that etcd said is gone");
	expect(m, !held || (w->put_acked && !revoke_sent(w)), "held without an acknowledged put");
	expect(m, w->state != LEASE_DOOMED || taken || revoke_sent(w), "doomed without a revoke");
	expect(m, clear || held || !(from == LEASE_RENEWING || from == LEASE_VERIFYING),
			"a held key is given up without etcd's word");
	expect(m, clear == (when != WHEN_BACKOFF), "an unclear answer, and only that, backs off");
	expect(m, !taken || w->state == LEASE_DOOMED, "who stands by keeps its lease");
	expect(m, (from == LEASE_REVOKING && gone) == (when == WHEN_CLEAR),
			"standing by begins when the lease is given back, and only then");
	expect(m, (held && outcome == OUTCOME_OK) == (when == WHEN_TEND),
			"a renewal is planned for what was just done, and only for that");
	expect(m,
			!clear || !w->paused || (wanted && (held || w->contested)) ||
					w->goal == GOAL_ABSENT,
			"a pause where the next step could be taken");
}

void agent_finish(struct model *m, struct world *w, enum outcome outcome)
{
	enum lease_state from = (enum lease_state)w->state;
	const struct lease_after *after = &m->tables.after[from][outcome];

	m->used_outcome[from][outcome] = true;
	if (from == LEASE_REVOKING && !w->put_sent) {
		outcome = OUTCOME_GONE; /* as registration.c has it: it lapses by itself */
		after = &m->tables.after[from][outcome];
	}
	expect(m, m->tables.outcomes[from][outcome], "an outcome that cannot be, and is");
	expect(m, after->state < N_RESTING, "a call ends in the state of another call");
	if (m->broken != NULL) {
		return;
	}
	take_note(w, outcome);
	w->state = (uint8_t)after->state;
	/* A pause is for the step that was asked for: it does not hold up another. */
	w->paused = pauses(w, after->when, outcome) &&
		    m->tables.next[w->state][w->goal] == m->tables.next[w->state][w->asked];
	w->asked = 0;
	w->answered = false;
	w->outcome = 0;
	w->news = false;
	w->guard = GUARD_ABSENT;
	if (w->state == LEASE_NONE) {
		w->lease = 0;
		w->put_sent = w->put_acked = false;
	}
	check_after(m, w, from, outcome);
	look(m, w);
}

/* ---- what is true of a state ----------------------------------------------------------------- */

void world_check(struct model *m, const struct world *w)
{
	bool listed = w->key >= 1 && w->key <= LEASES;

	expect(m, !listed || w->lease != 0, "a key of ours is listed and the agent holds nothing");
	expect(m, !listed || w->key == w->lease,
			"a key of ours hangs on a lease that the agent would not revoke");
	expect(m, w->state != LEASE_HELD || w->paused, "a key is held and no renewal is planned");
}

static bool is_tended(const struct world *w)
{
	return w->state == LEASE_HELD || w->state == LEASE_RENEWING || w->state == LEASE_VERIFYING;
}

static bool is_listed(const struct world *w)
{
	return w->lease != 0 && w->key == w->lease && !w->altered;
}

/* ... and nothing that is on its way says otherwise. */
static bool is_held_well(const struct world *w)
{
	return is_listed(w) && is_tended(w) && (!w->answered || w->outcome == OUTCOME_OK);
}

static bool at_present(const struct world *w)
{
	bool tended = is_tended(w);
	bool standing_by = w->contested && !tended && w->state != LEASE_DOOMED &&
			   (w->state != LEASE_NONE || w->paused);

	if (is_listed(w)) {
		return is_held_well(w);
	}
	bool theirs = w->key == KEY_OTHER && w->has_put && w->since;

	return theirs && standing_by &&
	       (w->state != LEASE_PUTTING || !w->answered || w->outcome == OUTCOME_TAKEN);
}

bool world_at_goal(const struct model *m, const struct world *w)
{
	switch ((enum goal)w->goal) {
	case GOAL_KEEP:
		return w->state != LEASE_DOOMED && (w->state != LEASE_REVOKING || w->contested) &&
		       w->state != LEASE_PUTTING && w->state != LEASE_GRANTING;
	case GOAL_READY:
		return w->state == LEASE_GRANTED || is_held_well(w);
	case GOAL_PRESENT:
		return at_present(w);
	case GOAL_ABSENT:
		return w->state == LEASE_NONE;
	case GOAL_EXIT:
		return w->state == LEASE_NONE && !w->paused &&
		       m->tables.next[LEASE_NONE][GOAL_EXIT] == STEP_LEAVE;
	case N_GOALS:
		break;
	}
	return false;
}
