/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/standstill.h"
#include "agent/util.h"

static struct {
	struct ev_loop *loop;
	struct standstill standstill;
	double now, gap;
	double takes; /* what is done after a gap, seconds */
	unsigned told;
	bool told_first; /* before the other callback of the same turn of the loop */
	bool other_ran;
	ev_timer other;
} stage;

static double played_time(void)
{
	return stage.now;
}

static void on_over(struct standstill *s, double gap)
{
	assert_ptr_equal(s, &stage.standstill);
	stage.told++;
	stage.gap = gap;
	stage.now += stage.takes;
	stage.told_first = !stage.other_ran;
}

static void on_other(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(timer);
	UNUSED(revents);
	stage.other_ran = true;
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	clock_replace(played_time);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	standstill_start(&stage.standstill, stage.loop, 2.0, on_over);
	ev_timer_init(&stage.other, on_other, 0.0, 0.0);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	standstill_stop(&stage.standstill);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

/* One turn of the loop, `later` seconds after the last by the played clock. */
static void turn(double later)
{
	stage.now += later;
	stage.other_ran = false;
	ev_timer_set(&stage.other, 0.0, 0.0);
	ev_timer_start(stage.loop, &stage.other);
	(void)ev_run(stage.loop, EVRUN_ONCE);
	assert_true(stage.other_ran);
}

static void a_busy_loop_is_no_gap(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 10; i++) {
		turn(1.9);
	}
	assert_int_equal(stage.told, 0);
}

static void a_gap_is_told_once_and_before_all_else(void **state)
{
	UNUSED(state);
	turn(0.5);
	turn(30.0);
	assert_int_equal(stage.told, 1);
	assert_true(stage.gap > 29.9 && stage.gap < 30.1);
	assert_true(stage.told_first);
	turn(0.5);
	assert_int_equal(stage.told, 1);
}

static void what_a_gap_has_begun_is_not_the_next_gap(void **state)
{
	UNUSED(state);
	stage.takes = 3.0;
	turn(30.0);
	turn(0.1);
	assert_int_equal(stage.told, 1);
	turn(30.0);
	assert_int_equal(stage.told, 2);
	turn(6.0); /* the loop is busy with all that has begun anew */
	turn(6.0);
	assert_int_equal(stage.told, 2);
	turn(30.0); /* and this is a standstill in the middle of it */
	assert_int_equal(stage.told, 3);
	turn(0.1);
	turn(6.0); /* it had caught up */
	assert_int_equal(stage.told, 4);
}

static void the_loop_wakes_up_by_itself(void **state)
{
	UNUSED(state);
	assert_true(stage.standstill.beat.repeat <= 0.5 + 1e-9);
	assert_true(ev_is_active(&stage.standstill.beat));
}

static void stop_is_safe_at_any_time(void **state)
{
	struct standstill zeroed = { 0 };

	UNUSED(state);
	standstill_stop(&zeroed);
	standstill_stop(&stage.standstill);
	standstill_stop(&stage.standstill);
	turn(30.0);
	assert_int_equal(stage.told, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_busy_loop_is_no_gap),
		TEST(a_gap_is_told_once_and_before_all_else),
		TEST(what_a_gap_has_begun_is_not_the_next_gap),
		TEST(the_loop_wakes_up_by_itself),
		TEST(stop_is_safe_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
