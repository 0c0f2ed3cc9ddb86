/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registration - the hands of the machine whose head is lease.c.
 *
 * look() starts what lease_next asks for; every call ends in on_done(), which
 * takes what lease_after says; become() is the only writer of the state.
 *
 * When that is due, and when the key is read back, stands in tending.c.
 */
#include "agent/registration.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/registration_log.h"
#include "agent/timer.h"
#include "agent/util.h"

#define BACKOFF_BASE 0.1  /* seconds */
#define BACKOFF_CAP  5.0  /* seconds; a third of the TTL when that is less and a lease is held */
#define PATIENT_BASE 1.0  /* when to try again soon is of no use, seconds */
#define PATIENT_CAP  30.0 /* ... and no lease is held */
#define NEVER        (-1e9)

/* ---- the state ------------------------------------------------------------------- */

/* Before the next try of what got no clear answer: none, while another member may give one. */
static double pause_to_retry(
		struct registration *r, enum lease_state state, const struct etcd_reply *reply)
{
	bool held = state != LEASE_NONE;
	double third = r->ttl / 3.0;
	double cap = reply->patient && !held ? PATIENT_CAP : BACKOFF_CAP;

	return reply->elsewhere ? 0.0
				: backoff_next(&r->backoff, r->random,
						  reply->patient ? PATIENT_BASE : BACKOFF_BASE,
						  held && third < cap ? third : cap);
}

static double pause_after(struct registration *r, const struct lease_after *after,
		const struct etcd_reply *reply)
{
	switch (after->when) {
	case WHEN_NOW:
		return after->state == LEASE_NONE && r->lost > 1
				       ? backoff_next(&r->losses, r->random, BACKOFF_BASE,
							 BACKOFF_CAP)
				       : 0.0;
	case WHEN_TEND:
		return r->tending.look ? 0.0 : r->tending.due_at - clock_now();
	case WHEN_BACKOFF:
		return pause_to_retry(r, after->state, reply);
	case WHEN_CLEAR:
		return r->contested && r->goal != GOAL_EXIT ? r->ttl : 0.0;
	}
	return 0.0;
}

/* The only place that changes r->state, so every change is logged once. */
static void become(struct registration *r, enum lease_state to, double pause)
{
	log_write(LOG_DEBUG,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_HEX("lease", r->lease)),
			"lease %s -> %s", lease_state_name(r->state), lease_state_name(to));
	r->state = to;
	ev_timer_stop(r->loop, &r->wake);
	if (pause > 0.0) {
		timer_start(r->loop, &r->wake, pause);
	}
}

static void plan_renewal(struct registration *r, double sent)
{
	tending_plan(&r->tending, sent, r->ttl, r->seat.phase);
	/* From when we asked, not from when etcd answered: early it may be, late it must not. */
	r->sure_until = sent + r->ttl;
}

/* ---- a call came back ------------------------------------------------------------ */

/*
 * What was there before the first lease that we put on is a predecessor's.
 * Revisions of an etcd that was made anew tell nothing about who came first.
 */
static void note_grant(struct registration *r, const struct etcd_reply *reply)
{
	if (!r->has_put) {
		r->take_over_up_to = reply->revision;
	} else if (reply->era != r->era) {
		r->take_over_up_to = TAKE_OVER_NOTHING;
	}
	r->era = reply->era;
}

/* Whatever the reason, the key is not there, or not ours. */
static void unlist(struct registration *r)
{
	if (r->listed) {
		r->listed = false;
		r->unlisted_at = clock_now();
	}
}

/* By our own doing. */
static void note_withdrawn(struct registration *r)
{
	registration_log_unlisted(r);
	ownership_add_earlier(r->earlier, r->listed ? r->lease : 0);
	if (r->listed && r->counts != NULL) {
		r->counts->deregistrations[r->absence]++;
	}
	unlist(r);
}

/* One that was had ahead of a verdict that came late is no loss: nobody has renewed it. */
static void note_lost(struct registration *r, const char *why)
{
	bool lapsed = r->state == LEASE_PUTTING && r->puts == 1 && r->lost == 0;

	registration_log_lost(r, why, lapsed);
	if (r->counts != NULL && !lapsed) {
		r->counts->leases_lost++;
	}
	ownership_add_earlier(r->earlier, r->lease);
	r->lost++;
	unlist(r);
}

static void on_ok(struct registration *r, const struct etcd_call *call,
		const struct etcd_reply *reply)
{
	backoff_reset(&r->backoff);
	switch (r->state) {
	case LEASE_GRANTING:
		r->lease = reply->lease;
		etcd_hold(r->etcd, &r->seat, r->lease);
		r->ttl = r->granted = reply->ttl;
		r->puts = 0;
		note_grant(r, reply);
		plan_renewal(r, call->sent_at);
		break;
	case LEASE_PUTTING:
		r->take_over_up_to = TAKE_OVER_NOTHING; /* there is nothing older than us left */
		tending_is_right(&r->tending, &reply->at);
		r->written = reply->written;
		r->contested = false;
		r->listed = true;
		registration_log_listed(r, reply);
		if (r->counts != NULL) {
			r->counts->registrations++;
		}
		break;
	case LEASE_RENEWING:
		r->ttl = reply->ttl < r->granted ? reply->ttl : r->granted;
		r->lost = 0;
		backoff_reset(&r->losses);
		plan_renewal(r, call->sent_at);
		tending_renewed(&r->tending, &reply->at);
		break;
	case LEASE_VERIFYING:
		tending_is_right(&r->tending, &reply->at);
		r->written = reply->written;
		break;
	case LEASE_REVOKING:
		note_withdrawn(r);
		break;
	case LEASE_NONE:
	case LEASE_GRANTED:
	case LEASE_HELD:
	case LEASE_DOOMED:
	case N_LEASE_STATES:
		assert(!"no call is in flight at rest");
	}
}

/* A lost read-back is repeated, after a renewal. */
static void note_silence(struct registration *r)
{
	r->tending.look = false;
	r->read_lost = r->read_lost || r->state == LEASE_VERIFYING;
}

/* What the outcome means beyond the table. */
static void take_note(struct registration *r, const struct etcd_call *call,
		const struct etcd_reply *reply)
{
	switch (reply->outcome) {
	case OUTCOME_OK:
		on_ok(r, call, reply);
		break;
	case OUTCOME_GONE:
		if (r->state == LEASE_REVOKING) {
			note_withdrawn(r);
		} else {
			note_lost(r, reply->why);
		}
		break;
	case OUTCOME_DETACHED:
		r->tending.look = false;
		unlist(r);
		if (!r->handed_over) {
			registration_log_detached(r, reply);
		}
		break;
	case OUTCOME_TAKEN:
		r->tending.look = false;
		unlist(r);
		if (!r->contested && !r->handed_over) {
			r->contested = true;
			registration_log_contested(r, reply);
		}
		break;
	case OUTCOME_UNSURE:
		note_silence(r);
		r->unsure++;
		registration_log_unsure(r, reply->why);
		return;
	case N_OUTCOMES:
		break;
	}
	/* A renewal between two read-backs that are lost ends no row. */
	r->read_lost = r->read_lost && r->state == LEASE_RENEWING && reply->outcome == OUTCOME_OK;
	if (r->unsure > 0 && !r->read_lost) {
		registration_log_answered(r);
		r->unsure = 0;
	}
}

static void look(struct registration *r);

/* Every call to etcd ends here, whichever it was and however it went. */
static void on_done(struct etcd_call *call, const struct etcd_reply *told)
{
	struct registration *r = CONTAINER_OF(call, struct registration, call);
	struct etcd_reply reply = *told;

	if (r->state == LEASE_REVOKING && r->puts == 0) {
		reply.outcome = OUTCOME_GONE; /* it has no key, and lapses by itself */
	}
	const struct lease_after *after = &lease_after[r->state][reply.outcome];
	assert(lease_outcomes[r->state][reply.outcome]);
	take_note(r, call, &reply);
	/* A pause is for the step that it was meant for: a goal that changed during
	 * the call, and asks for another step, does not wait. */
	bool same_step = lease_next[after->state][r->goal] ==
			 lease_next[after->state][r->started_for];
	become(r, after->state, same_step ? pause_after(r, after, &reply) : 0.0);
	look(r);
	if (r->on_change != NULL) {
		r->on_change(r);
	}
}

/* ---- the next step --------------------------------------------------------------- */

static struct etcd_claim claim_of(const struct registration *r)
{
	struct etcd_claim claim = {
		.entries = r->entries.at,
		.n = r->entries.n,
		.terms = { .lease = r->lease, .take_over_up_to = r->take_over_up_to },
		.ttl = r->ttl,
		.written = r->written,
	};

	memcpy(claim.terms.earlier, r->earlier, sizeof r->earlier);
	return claim;
}

static void put(struct registration *r)
{
	struct etcd_claim claim = claim_of(r);

	become(r, LEASE_PUTTING, 0.0);
	r->puts++;
	r->has_put = true; /* it may be applied, whatever the answer */
	etcd_put(r->etcd, &r->call, &claim, on_done);
}

static void tend(struct registration *r)
{
	if (r->tending.look) {
		struct etcd_claim claim = claim_of(r);
		become(r, LEASE_VERIFYING, 0.0);
		etcd_verify(r->etcd, &r->call, &claim, on_done);
	} else {
		become(r, LEASE_RENEWING, 0.0);
		etcd_renew(r->etcd, &r->call, r->lease, r->ttl, on_done);
	}
}

/* Starts what the table asks for. The etcd_ functions never call back from here. */
static void look(struct registration *r)
{
	if (r->state >= N_RESTING || ev_is_active(&r->wake)) {
		return; /* on_done, or the timer, will look again */
	}
	r->started_for = r->goal;
	switch (lease_next[r->state][r->goal]) {
	case STEP_WAIT:
		break;
	case STEP_GRANT:
		become(r, LEASE_GRANTING, 0.0);
		etcd_grant(r->etcd, &r->call, r->desc->registry.ttl_ms / 1000, on_done);
		break;
	case STEP_PUT:
		put(r);
		break;
	case STEP_TEND:
		tend(r);
		break;
	case STEP_REVOKE:
		become(r, LEASE_REVOKING, 0.0);
		etcd_revoke(r->etcd, &r->call, r->lease, on_done);
		break;
	case STEP_LEAVE:
		timer_start(r->loop, &r->wake, 0.0); /* on_gone comes from the loop */
		break;
	}
}

static void on_wake(struct ev_loop *loop, ev_timer *wake, int revents)
{
	struct registration *r = CONTAINER_OF(wake, struct registration, wake);

	UNUSED(loop);
	UNUSED(revents);
	if (r->state == LEASE_NONE && r->goal == GOAL_EXIT) {
		r->on_gone(r); /* last use of r: the agent may finish it now */
		return;
	}
	look(r);
}

void registration_want(struct registration *r, enum goal goal)
{
	if (goal == r->goal) {
		return;
	}
	bool goes_on = r->state == LEASE_HELD && lease_next[r->state][goal] == STEP_TEND &&
		       lease_next[r->state][r->goal] == STEP_TEND;
	if (r->waits_for_health) {
		goes_on = goal == GOAL_KEEP;
		r->waits_for_health = goes_on;
	}
	r->goal = goal;
	r->asked_at = clock_now();
	if (r->state < N_RESTING && !goes_on) {
		ev_timer_stop(r->loop, &r->wake); /* a new goal does not wait for a retry */
	}
	look(r);
}

void registration_interrupted(struct registration *r, double patience)
{
	if (r->state >= N_RESTING) {
		etcd_cancel(&r->call);
		note_silence(r);
		become(r, lease_after[r->state][OUTCOME_UNSURE].state,
				backoff_next(&r->backoff, r->random, BACKOFF_BASE, BACKOFF_CAP));
	}
	if (r->state == LEASE_HELD) {
		timer_start(r->loop, &r->wake, patience);
		r->waits_for_health = true;
	}
}

bool registration_is_listed(const struct registration *r)
{
	return r->listed && clock_now() < r->sure_until;
}

bool registration_is_at_goal(const struct registration *r)
{
	switch (r->goal) {
	case GOAL_PRESENT:
		return registration_is_listed(r);
	case GOAL_ABSENT:
	case GOAL_EXIT:
		return !registration_holds_lease(r);
	case GOAL_KEEP:
	case GOAL_READY:
	case N_GOALS:
		break;
	}
	return false;
}

static bool has_same_keys(const struct registration *r, const struct registration *before)
{
	bool same = r->etcd == before->etcd && r->entries.n == before->entries.n;

	for (size_t i = 0; same && i < r->entries.n; i++) {
		same = strcmp(r->entries.at[i].key, before->entries.at[i].key) == 0;
	}
	return same;
}

void registration_succeed(struct registration *r, struct registration *before)
{
	if (!has_same_keys(r, before)) {
		return;
	}
	before->handed_over = true;
	r->has_put = before->has_put;
	r->take_over_up_to = before->take_over_up_to;
	r->era = before->era;
	memcpy(r->earlier, before->earlier, sizeof r->earlier);
	if (registration_holds_lease(before) && before->puts > 0) {
		ownership_add_earlier(r->earlier, before->lease);
	}
}

void registration_hand_over(struct registration *r)
{
	r->handed_over = true;
	r->listed = false; /* what its lease takes along is not the key */
}

int registration_init(struct registration *r, struct ev_loop *loop, struct etcd *etcd,
		const struct descriptor *desc, struct random *random, registration_gone *on_gone)
{
	memset(r, 0, sizeof *r);
	r->loop = loop;
	r->etcd = etcd;
	r->desc = desc;
	r->random = random;
	r->on_gone = on_gone;
	r->unlisted_at = NEVER;
	etcd_take_seat(etcd, &r->seat);
	ev_timer_init(&r->wake, on_wake, 0.0, 0.0);
	return entries_init(&r->entries, desc);
}

void registration_finish(struct registration *r)
{
	if (r->loop == NULL) {
		return;
	}
	etcd_cancel(&r->call);
	etcd_give_seat(r->etcd, &r->seat);
	ev_timer_stop(r->loop, &r->wake);
	entries_finish(&r->entries);
	memset(r, 0, sizeof *r);
}
