/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/util.h"

#include "tests/unit/prober_stage.h"

static void audits_at_once(void **state)
{
	UNUSED(state);
	prober_start(&stage.prober);
	assert_int_equal(stage.audits, 0); /* a start never calls back */
	assert_true(pause_left() == 0.0);
	end_pause();
	assert_int_equal(stage.audits, 1);
	assert_true(stage.deadline > 1000.249 && stage.deadline < 1000.251);
}

static void waits_for_the_initial_delay(void **state)
{
	UNUSED(state);
	stage.desc.probe.initial_delay_ms = 1500;
	prober_start(&stage.prober);
	assert_true(pause_left() > 1.49 && pause_left() < 1.51);
}

/* The clock stands at a whole second, which is a tick of whoever was the first to get a place. */
static void who_is_started_with_many_waits_for_its_turn(void **state)
{
	UNUSED(state);
	for (int i = 0; i < 1000; i++) {
		(void)cadence_start(&stage.cadence, stage.now);
	}
	prober_start(&stage.prober);
	assert_true(pause_left() > 0.28 && pause_left() <= 0.31);
}

static void an_audit_that_is_due_waits_for_its_turn(void **state)
{
	struct turn turn;

	UNUSED(state);
	turn_init(&turn);
	stage.cadence.turn = &turn;
	prober_start(&stage.prober);
	end_pause();
	assert_int_equal(stage.audits, 0);
	stage.now += 5.0;
	assert_false(turn_work(&turn));
	assert_int_equal(stage.audits, 1);
	assert_true(stage.deadline > stage.now); /* its time has begun now */
}

static void who_waits_for_its_turn_is_asked_for_no_other_audit(void **state)
{
	struct turn turn;

	UNUSED(state);
	turn_init(&turn);
	come_up();
	stage.cadence.turn = &turn;
	end_pause();
	unsettle();
	assert_false(ev_is_active(&stage.prober.next));
	assert_false(turn_work(&turn));
	assert_int_equal(stage.audits, 2);
	answer(REASON_SERVING);
	end_pause();
	prober_finish(&stage.prober);
	assert_false(turn_work(&turn));
	assert_int_equal(stage.audits, 2);
}

static unsigned begun;

static void on_begun(struct prober *p)
{
	assert_true(p->started);
	assert_int_equal(stage.audits, 0);
	begun++;
}

static void its_beginning_is_told_once_when_its_turn_has_come(void **state)
{
	UNUSED(state);
	begun = 0;
	stage.prober.on_begun = on_begun;
	prober_start(&stage.prober);
	assert_int_equal(begun, 0);
	end_pause();
	assert_int_equal(begun, 1);
	answer(REASON_SERVING);
	end_pause();
	assert_int_equal(begun, 1);
	assert_int_equal(stage.audits, 2);
}

static void repeats_on_its_own_tick(void **state)
{
	UNUSED(state);
	come_up();
	for (unsigned i = 1; i <= 100; i++) {
		end_pause();
		assert_true(stage.now >= 1000.0 + i - 0.001 && stage.now <= 1000.0 + i + 0.001);
		stage.now = 1000.0 + i;
		answer(REASON_SERVING);
	}
	assert_int_equal(stage.changes, 1);
	assert_int_equal(stage.audits, 101);
}

static void what_is_late_is_not_put_off(void **state)
{
	UNUSED(state);
	come_up();
	end_pause();
	stage.now += 1.2; /* a timeout, longer than the interval */
	answer(REASON_DEADLINE);
	assert_true(pause_left() == 0.0);
}

static void who_takes_a_place_stands_there(void **state)
{
	struct prober next;

	UNUSED(state);
	come_up();
	assert_int_equal(prober_init(&next, stage.loop, NULL, &stage.desc, &stage.cadence,
					 on_change),
			0);
	assert_true(next.place.phase > stage.prober.place.phase);
	prober_succeed(&next, &stage.prober);
	assert_false(next.place.phase > stage.prober.place.phase);
	prober_finish(&next);
}

static void a_push_acts_at_once(void **state)
{
	UNUSED(state);
	come_up();
	double left = pause_left();
	report(REASON_NOT_SERVING, false);
	assert_int_equal(stage.prober.health.state, HEALTH_DOWN);
	assert_int_equal(stage.changes, 2);
	assert_true(pause_left() <= left); /* the audit keeps its time */
	report(REASON_SERVING, false);
	assert_int_equal(stage.prober.health.state, HEALTH_UP);
}

static void who_changes_without_end_returns_once_a_second(void **state)
{
	UNUSED(state);
	come_up();
	for (unsigned i = 0; i < 20; i++) {
		report(REASON_NOT_SERVING, false);
		assert_int_equal(stage.prober.health.state, HEALTH_DOWN);
		report(REASON_SERVING, false);
		assert_int_equal(stage.prober.health.state, HEALTH_UP);
	}
	for (unsigned i = 0; i < 3; i++) {
		report(REASON_NOT_SERVING, false);
		assert_int_equal(stage.prober.health.state, HEALTH_DOWN); /* it goes at once */
		report(REASON_SERVING, false);
		assert_int_equal(stage.prober.health.state, HEALTH_DOWN);
		assert_true(pause_left() > 0.9 && pause_left() <= 1.0); /* and is not forgotten */
		end_pause();
		answer(REASON_SERVING);
		assert_int_equal(stage.prober.health.state, HEALTH_UP);
	}
}

static void soft_failures_count(void **state)
{
	UNUSED(state);
	come_up();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(stage.prober.health.state, HEALTH_UP);
		end_pause();
		answer(REASON_DEADLINE);
	}
	assert_int_equal(stage.prober.health.state, HEALTH_DOWN);
}

static void refuse(void)
{
	end_pause();
	answer(REASON_REFUSED);
}

static void looks_often_after_a_refusal(void **state)
{
	UNUSED(state);
	come_up();
	refuse();
	double gone_at = stage.now;
	assert_int_equal(stage.cadence.n_away, 1);
	while (stage.now < gone_at + 10.5) {
		double tenth = 0.1 * (stage.now - gone_at);
		double aim = tenth > 1.0 ? 1.0 : tenth > 0.020 ? tenth : 0.020;
		assert_true(pause_left() > aim * 0.85 && pause_left() < aim + 0.001);
		refuse();
	}
	while (stage.now < gone_at + 20.0) { /* then by the interval */
		assert_true(pause_left() > 0.89 && pause_left() <= 1.0);
		refuse();
	}
	assert_int_equal(stage.cadence.n_away, 1);
}

static void seen_meanwhile_it_is_looked_for_often_again(void **state)
{
	static const enum reason others[] = { REASON_SERVING, REASON_NOT_SERVING, REASON_DEADLINE };

	UNUSED(state);
	prober_start(&stage.prober);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		refuse();
		stage.now += 100.0;
		refuse();
		assert_true(pause_left() > 0.89);
		end_pause();
		answer(others[i]);
		assert_int_equal(stage.cadence.n_away, 0);
		assert_true(pause_left() > 0.89); /* this is for refusals alone */
		refuse();
		assert_true(pause_left() < 0.021);
	}
}

/* What we cannot look at is where it was. */
static void trouble_of_our_own_makes_it_no_less_away(void **state)
{
	UNUSED(state);
	prober_start(&stage.prober);
	refuse();
	double away_since = stage.prober.away_since;
	end_pause();
	answer(REASON_NO_RESOURCES);
	assert_true(pause_left() < 0.021);
	refuse();
	assert_false(stage.prober.away_since > away_since);
}

static void who_is_finished_is_not_away(void **state)
{
	UNUSED(state);
	prober_start(&stage.prober);
	refuse();
	prober_finish(&stage.prober);
	prober_finish(&stage.prober);
	assert_int_equal(stage.cadence.n_away, 0);
}

static void looks_again_when_unsettled(void **state)
{
	UNUSED(state);
	come_up();
	unsettle();
	assert_true(pause_left() == 0.0);
	end_pause();
	assert_int_equal(stage.audits, 2);
	unsettle(); /* while it looks: it will find out */
	assert_false(ev_is_active(&stage.prober.next));
	answer(REASON_SERVING);
	unsettle(); /* a server that closes every connection must not make us spin */
	assert_true(pause_left() > 0.09 && pause_left() <= 0.1);
}

/* The watch ends, and then the connection: that is one thing that happened, not two. */
static void unsettled_twice_does_not_put_off_the_look(void **state)
{
	UNUSED(state);
	come_up();
	unsettle();
	unsettle();
	assert_true(pause_left() == 0.0);
}

static void unimplemented_is_as_configured(void **state)
{
	UNUSED(state);
	log_setup(LOG_ERROR, LOG_TEXT);
	prober_start(&stage.prober);
	end_pause();
	answer(REASON_UNIMPLEMENTED);
	assert_int_equal(stage.prober.health.state, HEALTH_UP);
	stage.desc.probe.unimplemented = UNIMPLEMENTED_FAIL;
	end_pause();
	answer(REASON_UNIMPLEMENTED);
	assert_int_equal(stage.prober.health.state, HEALTH_DOWN);
}

static void tells_every_audit_to_who_asks(void **state)
{
	UNUSED(state);
	stage.prober.on_audited = on_audited;
	come_up();
	report(REASON_SERVING, false);
	assert_int_equal(stage.audited, 1);
	assert_int_equal(stage.result.reason, REASON_SERVING);
	assert_int_equal(stage.result.verdict, VERDICT_PASS);
	assert_true(stage.result.took > 0.0009 && stage.result.took < 0.0011);
}

static void finish_destroys_once(void **state)
{
	struct prober zeroed = { 0 };
	UNUSED(state);
	prober_start(&stage.prober);
	prober_finish(&stage.prober);
	prober_finish(&stage.prober);
	prober_finish(&zeroed);
	assert_int_equal(stage.destroyed, 1);
	assert_false(ev_is_active(&stage.prober.next));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(audits_at_once),
		TEST(waits_for_the_initial_delay),
		TEST(who_is_started_with_many_waits_for_its_turn),
		TEST(an_audit_that_is_due_waits_for_its_turn),
		TEST(who_waits_for_its_turn_is_asked_for_no_other_audit),
		TEST(its_beginning_is_told_once_when_its_turn_has_come),
		TEST(repeats_on_its_own_tick),
		TEST(what_is_late_is_not_put_off),
		TEST(who_takes_a_place_stands_there),
		TEST(a_push_acts_at_once),
		TEST(who_changes_without_end_returns_once_a_second),
		TEST(soft_failures_count),
		TEST(looks_often_after_a_refusal),
		TEST(seen_meanwhile_it_is_looked_for_often_again),
		TEST(trouble_of_our_own_makes_it_no_less_away),
		TEST(who_is_finished_is_not_away),
		TEST(looks_again_when_unsettled),
		TEST(unsettled_twice_does_not_put_off_the_look),
		TEST(unimplemented_is_as_configured),
		TEST(tells_every_audit_to_who_asks),
		TEST(finish_destroys_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
