/* SPDX-License-Identifier: Apache-2.0 */
/* What a registration does when it cannot know: lost answers, lost time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"

#include "tests/unit/registration_stage.h"

static void put_first_at(int64_t revision)
{
	etcd.revision = revision;
	registration_want(&stage.r, GOAL_PRESENT);
	grant(1);
	assert_int_equal(etcd.what, ASKED_PUT);
}

/* ---- whose is it, when the answer to a first put is lost --------------------------------------
 */

static void a_first_put_takes_over_what_was_there_before_the_lease(void **state)
{
	UNUSED(state);
	put_first_at(40);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
	answer(OUTCOME_UNSURE);
	end_pause();
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
}

static void the_first_lease_that_was_put_on_decides(void **state)
{
	UNUSED(state);
	etcd.revision = 40;
	registration_want(&stage.r, GOAL_PRESENT);
	registration_want(&stage.r, GOAL_ABSENT);
	grant(1); /* never put on */
	answer(OUTCOME_OK);
	etcd.revision = 50;
	registration_want(&stage.r, GOAL_PRESENT);
	grant(2);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 50);
	answer(OUTCOME_TAKEN); /* though a copy of the put may have been applied before */
	answer(OUTCOME_OK);
	etcd.revision = 60;
	end_pause();
	grant(3);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 50);
}

static void the_doubt_outlives_the_lease(void **state)
{
	UNUSED(state);
	put_first_at(40);
	answer(OUTCOME_UNSURE);
	end_pause();
	answer(OUTCOME_GONE);
	etcd.revision = 90;
	grant(2);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
}

static void a_revision_of_another_era_is_worth_nothing(void **state)
{
	UNUSED(state);
	put_first_at(4000);
	answer(OUTCOME_UNSURE);
	end_pause();
	answer(OUTCOME_GONE);
	etcd.revision = 2; /* it was wiped: whoever is there has come since */
	etcd.era = 1;
	grant(2);
	assert_int_equal(etcd.claim.terms.take_over_up_to, TAKE_OVER_NOTHING);
}

static void who_has_held_takes_over_nothing(void **state)
{
	UNUSED(state);
	etcd.revision = 40;
	hold(1);
	renew();
	answer(OUTCOME_GONE);
	grant(2);
	assert_int_equal(etcd.claim.terms.take_over_up_to, TAKE_OVER_NOTHING);
}

static void who_has_not_put_yet_takes_over_in_any_era(void **state)
{
	UNUSED(state);
	etcd.era = 3;
	put_first_at(40);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
}

static void a_lease_that_was_lost_stays_ours(void **state)
{
	UNUSED(state);
	hold(1);
	assert_int_equal(etcd.claim.terms.earlier[0], 0);
	renew();
	answer(OUTCOME_GONE);
	grant(2);
	assert_int_equal(etcd.claim.terms.earlier[0], 1);
}

/* Also of what etcd says that it has revoked: it may have been restored from before. */
static void a_lease_that_was_revoked_stays_ours(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_ABSENT);
	answer(OUTCOME_OK);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(2);
	assert_int_equal(etcd.claim.terms.earlier[0], 1);
	answer(OUTCOME_TAKEN); /* a lease that never had the key makes no room for itself */
	answer(OUTCOME_OK);
	end_pause();
	grant(3);
	assert_int_equal(etcd.claim.terms.earlier[0], 1);
}

/* ---- how soon again ---------------------------------------------------------------------------
 */

static void another_member_is_asked_without_a_pause(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	leave_unsure(true, false);
	assert_int_equal(etcd.what, ASKED_RENEW);
	leave_unsure(false, false);
	assert_true(pausing());
}

static void what_is_of_no_use_is_tried_rarely(void **state)
{
	double longest = 0.0;

	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(etcd.what, ASKED_GRANT);
		leave_unsure(false, true);
		double pause = pause_left();
		assert_true(pause >= 0.99 && pause <= 30.01);
		longest = pause > longest ? pause : longest;
		end_pause();
	}
	assert_true(longest > 20.0);
}

static void a_held_lease_is_never_left_to_expire(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	for (unsigned i = 0; i < 50; i++) {
		leave_unsure(false, true);
		assert_true(pause_left() <= 10.0 / 3.0 + 0.001);
		renew();
	}
}

/* ---- time that nobody saw ----------------------------------------------------------------------
 */

static void interrupt(void)
{
	now += 60.0;
	registration_interrupted(&stage.r, 0.25);
	assert_null(etcd.call);
	registration_want(&stage.r, GOAL_KEEP); /* as health has it then */
	assert_int_equal(stage.r.unsure, 0);    /* it says nothing about etcd */
}

static void an_interrupted_put_claims_nothing(void **state)
{
	UNUSED(state);
	put_first_at(40);
	interrupt();
	assert_int_equal(etcd.cancels, 1);
	assert_null(etcd.call);
	assert_int_equal(stage.r.state, LEASE_GRANTED);
	if (pausing()) {
		end_pause();
	}
	assert_null(etcd.call);
	registration_want(&stage.r, GOAL_PRESENT); /* the fresh probe passes */
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
}

static void an_interrupted_grant_is_forgotten(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	interrupt();
	assert_int_equal(stage.r.state, LEASE_NONE);
	registration_want(&stage.r, GOAL_PRESENT);
	assert_int_equal(etcd.what, ASKED_GRANT);
}

static void health_speaks_before_the_renewal(void **state)
{
	UNUSED(state);
	hold(1);
	interrupt();
	assert_null(etcd.call);
	assert_true(pause_left() > 0.24 && pause_left() < 0.26);
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

static void the_renewal_follows_healths_word_at_once(void **state)
{
	UNUSED(state);
	hold(1);
	interrupt();
	registration_want(&stage.r, GOAL_PRESENT);
	assert_int_equal(etcd.what, ASKED_RENEW);
	answer(OUTCOME_OK);
	registration_want(&stage.r, GOAL_KEEP);
	registration_want(&stage.r, GOAL_PRESENT);
	assert_null(etcd.call); /* once */
}

static void nobody_tends_what_was_to_go(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	registration_want(&stage.r, GOAL_ABSENT); /* waits for the renewal */
	interrupt();
	assert_null(etcd.call);
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

/* The loop has noticed the due timer already when it hears of the standstill. */
static void a_renewal_that_was_due_waits_for_health(void **state)
{
	UNUSED(state);
	hold(1);
	now += 60.0;
	ev_timer_stop(stage.loop, &stage.r.wake);
	ev_feed_event(stage.loop, &stage.r.wake, EV_TIMER);
	registration_interrupted(&stage.r, 0.25);
	registration_want(&stage.r, GOAL_KEEP);
	ev_invoke_pending(stage.loop);
	assert_null(etcd.call);
}

static void an_interrupted_renewal_is_made_again(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	interrupt();
	assert_int_equal(stage.r.state, LEASE_HELD);
	renew();
	assert_int_equal(etcd.lease, 1);
	answer(OUTCOME_GONE);
	assert_null(etcd.call); /* nothing is claimed before the probe has answered */
	assert_int_equal(stage.r.state, LEASE_NONE);
}

static void an_interrupted_revoke_is_sent_again(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_ABSENT);
	registration_interrupted(&stage.r, 0.25);
	assert_int_equal(stage.r.state, LEASE_DOOMED);
	registration_want(&stage.r, GOAL_KEEP);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

static void a_stop_goes_on_after_an_interruption(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_EXIT);
	registration_interrupted(&stage.r, 0.25);
	end_pause();
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_OK);
	end_pause();
	assert_int_equal(stage.gone, 1);
}

/* ---- an etcd that lies ------------------------------------------------------------ */

/* Granted, and unknown as soon as a key is put on it, again and again. */
static void leases_that_are_lost_in_a_row_are_not_asked_for_at_once(void **state)
{
	double pauses = 0.0;
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	for (int64_t lease = 1; lease <= 9; lease++) {
		grant(lease);
		assert_int_equal(etcd.what, ASKED_PUT);
		answer(OUTCOME_GONE);
		assert_int_equal(pausing(), lease > 1);
		if (pausing()) {
			pauses += pause_left();
			end_pause();
		}
		assert_int_equal(etcd.what, ASKED_GRANT);
	}
	assert_true(pauses > 2.0);
	hold(10);
	renew();
	answer(OUTCOME_OK);
	renew();
	answer(OUTCOME_GONE); /* one that was renewed is lost: that is no row */
	assert_int_equal(etcd.what, ASKED_GRANT);
}

/* Who says that a lease lives longer than it was granted for would have it lapse. */
static void a_renewal_makes_no_lease_longer(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK, .ttl = 4.6e18 });
	assert_true(pause_left() < 10.0 / 3.0 + 0.01);
	renew();
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK, .ttl = 3.0 });
	assert_true(pause_left() < 1.01);
	renew();
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK, .ttl = 10.0 });
	assert_true(stage.r.ttl > 9.9);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_put_takes_over_what_was_there_before_the_lease),
		TEST(the_first_lease_that_was_put_on_decides),
		TEST(the_doubt_outlives_the_lease),
		TEST(a_revision_of_another_era_is_worth_nothing),
		TEST(who_has_held_takes_over_nothing),
		TEST(who_has_not_put_yet_takes_over_in_any_era),
		TEST(a_lease_that_was_lost_stays_ours),
		TEST(a_lease_that_was_revoked_stays_ours),
		TEST(another_member_is_asked_without_a_pause),
		TEST(what_is_of_no_use_is_tried_rarely),
		TEST(a_held_lease_is_never_left_to_expire),
		TEST(an_interrupted_put_claims_nothing),
		TEST(an_interrupted_grant_is_forgotten),
		TEST(health_speaks_before_the_renewal),
		TEST(the_renewal_follows_healths_word_at_once),
		TEST(nobody_tends_what_was_to_go),
		TEST(a_renewal_that_was_due_waits_for_health),
		TEST(an_interrupted_renewal_is_made_again),
		TEST(an_interrupted_revoke_is_sent_again),
		TEST(a_stop_goes_on_after_an_interruption),
		TEST(leases_that_are_lost_in_a_row_are_not_asked_for_at_once),
		TEST(a_renewal_makes_no_lease_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
