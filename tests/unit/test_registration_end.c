/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"

#include "tests/unit/registration_stage.h"

/* ---- giving it up ---------------------------------------------------------------------------- */

static void absent_revokes_and_rests(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	assert_int_equal(etcd.lease, 1);
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.state, LEASE_NONE);
	assert_false(pausing());
	assert_false(registration_holds_lease(&stage.r));
	registration_want(&stage.r, GOAL_PRESENT);
	grant(2);
	assert_int_equal(etcd.claim.terms.lease, 2);
}

static void a_lost_revoke_is_sent_again_before_anything_else(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_ABSENT);
	answer(OUTCOME_UNSURE);
	assert_int_equal(stage.r.state, LEASE_DOOMED);
	assert_true(registration_holds_lease(&stage.r));
	registration_want(&stage.r, GOAL_PRESENT);
	if (pausing()) {
		end_pause();
	}
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_GONE);
	assert_int_equal(etcd.what, ASKED_GRANT);
}

static void a_new_goal_does_not_wait_for_a_retry(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	answer(OUTCOME_UNSURE);
	assert_true(pausing());
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

/* A goal that changes while a call is in flight is picked up when that call ends. */
static void picks_up_a_goal_when_a_call_ends(void **state)
{
	static const enum outcome ends[] = { OUTCOME_OK, OUTCOME_UNSURE, OUTCOME_TAKEN };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		registration_want(&stage.r, GOAL_PRESENT);
		grant(1);
		assert_int_equal(etcd.what, ASKED_PUT);
		registration_want(&stage.r, GOAL_ABSENT);
		assert_int_equal(etcd.what, ASKED_PUT); /* it never cancels the call */
		answer(ends[i]);
		assert_int_equal(etcd.what, ASKED_REVOKE);
		answer(OUTCOME_OK);
	}
}

static void picks_up_a_goal_when_a_renewal_ends(void **state)
{
	static const enum outcome ends[] = { OUTCOME_OK, OUTCOME_UNSURE };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		hold(1);
		renew();
		registration_want(&stage.r, GOAL_ABSENT);
		answer(ends[i]);
		assert_int_equal(etcd.what, ASKED_REVOKE);
		answer(OUTCOME_OK);
	}
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void leaves_from_the_loop_and_once(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_EXIT);
	assert_int_equal(stage.gone, 0);
	ev_run(stage.loop, EVRUN_ONCE);
	assert_int_equal(stage.gone, 1);
	registration_want(&stage.r, GOAL_EXIT);
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.gone, 1);
}

static void leaves_after_the_revoke(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_EXIT);
	answer(OUTCOME_OK);
	assert_int_equal(stage.gone, 0);
	ev_run(stage.loop, EVRUN_ONCE);
	assert_int_equal(stage.gone, 1);
}

static void leaves_at_once_when_a_grant_fails_meanwhile(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	registration_want(&stage.r, GOAL_EXIT);
	answer(OUTCOME_UNSURE);
	assert_true(pause_left() <= 0.0); /* a shutdown does not wait for a retry */
	ev_run(stage.loop, EVRUN_ONCE);
	assert_int_equal(stage.gone, 1);
}

static void a_shutdown_revokes_a_doomed_lease_without_a_pause(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_ABSENT);
	answer(OUTCOME_UNSURE);
	assert_true(pausing());
	registration_want(&stage.r, GOAL_EXIT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

/* Whoever leaves has nothing to stand by for. */
static void leaves_at_once_although_contested(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(1);
	answer(OUTCOME_TAKEN);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_UNSURE);
	registration_want(&stage.r, GOAL_EXIT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_OK);
	assert_true(pause_left() <= 0.0);
}

static void finish_cancels_and_is_safe_twice(void **state)
{
	struct registration zeroed = { 0 };
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	registration_finish(&stage.r);
	assert_int_equal(etcd.cancels, 1);
	registration_finish(&stage.r);
	registration_finish(&zeroed);
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.gone, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(absent_revokes_and_rests),
		TEST(a_lost_revoke_is_sent_again_before_anything_else),
		TEST(a_new_goal_does_not_wait_for_a_retry),
		TEST(picks_up_a_goal_when_a_call_ends),
		TEST(picks_up_a_goal_when_a_renewal_ends),
		TEST(leaves_from_the_loop_and_once),
		TEST(leaves_after_the_revoke),
		TEST(leaves_at_once_when_a_grant_fails_meanwhile),
		TEST(a_shutdown_revokes_a_doomed_lease_without_a_pause),
		TEST(leaves_at_once_although_contested),
		TEST(finish_cancels_and_is_safe_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
