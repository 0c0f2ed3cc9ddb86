/* SPDX-License-Identifier: Apache-2.0 */
/* The process did not run for a while: what the prober knew may be long untrue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/util.h"

#include "tests/unit/prober_stage.h"

static void after_an_interruption_nothing_known_counts(void **state)
{
	UNUSED(state);
	come_up();
	stage.now += 60.0;
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.forgotten, 1);
	assert_int_equal(stage.cadence.n_away, 0);
	assert_int_equal(stage.prober.health.state, HEALTH_UNKNOWN);
	assert_int_equal(stage.changes, 2);
	assert_int_equal(stage.audits, 2);
	assert_true(stage.deadline > stage.now); /* its own time, not what was left */
	answer(REASON_SERVING);
	assert_int_equal(stage.prober.health.state, HEALTH_UP);
	assert_int_equal(stage.changes, 3);
}

static void an_interruption_in_an_audit_begins_it_anew(void **state)
{
	UNUSED(state);
	prober_start(&stage.prober);
	end_pause();
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.forgotten, 1);
	assert_int_equal(stage.audits, 2);
	assert_int_equal(stage.changes, 0); /* it was unknown before */
}

static void an_audit_after_an_interruption_waits_for_its_turn(void **state)
{
	struct turn turn;

	UNUSED(state);
	turn_init(&turn);
	come_up();
	stage.cadence.turn = &turn;
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.audits, 1);
	assert_false(turn_work(&turn));
	assert_int_equal(stage.audits, 2);
}

static void an_interruption_starts_nobody(void **state)
{
	UNUSED(state);
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.audits, 0);
	stage.desc.probe.initial_delay_ms = 1500;
	prober_start(&stage.prober);
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.audits, 0); /* the service has its time to start */
	assert_true(pause_left() > 1.0);
	prober_finish(&stage.prober);
	prober_interrupted(&stage.prober);
	assert_int_equal(stage.audits, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_an_interruption_nothing_known_counts),
		TEST(an_interruption_in_an_audit_begins_it_anew),
		TEST(an_audit_after_an_interruption_waits_for_its_turn),
		TEST(an_interruption_starts_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
