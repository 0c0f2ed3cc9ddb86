/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/turn.h"
#include "agent/util.h"

#define TASKS 10000
#define TAKES 0.0001 /* seconds of each task */

static struct {
	struct turn turn;
	struct task tasks[TASKS];
	unsigned ran, order[TASKS];
	double now, takes;
	struct task *again; /* one that has more to do when it ran */
} stage;

static double played_time(void)
{
	return stage.now;
}

static void run(struct task *task)
{
	assert_false(task_waits(task));
	stage.order[stage.ran++ % TASKS] = (unsigned)(task - stage.tasks);
	stage.now += stage.takes;
	if (stage.again == task) {
		stage.again = NULL;
		turn_add(&stage.turn, task);
	}
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	stage.takes = TAKES;
	clock_replace(played_time);
	turn_init(&stage.turn);
	for (unsigned i = 0; i < TASKS; i++) {
		stage.tasks[i].run = run;
	}
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	clock_replace(NULL);
	return 0;
}

static void add(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		turn_add(&stage.turn, &stage.tasks[i]);
	}
}

static void few_are_all_done_in_the_order_in_which_they_came(void **state)
{
	UNUSED(state);
	add(50);
	assert_int_equal(stage.ran, 0);
	assert_false(turn_work(&stage.turn));
	assert_int_equal(stage.ran, 50);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(stage.order[i], i);
	}
	assert_false(turn_work(&stage.turn));
}

static void ten_thousand_take_no_more_than_a_moment_of_each_turn(void **state)
{
	unsigned turns = 0;

	UNUSED(state);
	add(TASKS);
	for (bool left = true; left; turns++) {
		double begun = stage.now;
		left = turn_work(&stage.turn);
		assert_true(stage.now - begun < 0.03);
	}
	assert_int_equal(stage.ran, TASKS);
	assert_true(turns > 30 && turns < 50);
	for (unsigned i = 0; i < TASKS; i++) {
		assert_int_equal(stage.order[i], i);
	}
}

/* The processor was others' for a while. */
static void some_are_done_however_late_it_is(void **state)
{
	UNUSED(state);
	add(TASKS);
	stage.takes = 1.0;
	assert_true(turn_work(&stage.turn));
	assert_int_equal(stage.ran, 256);
}

static void who_waits_already_is_not_added_twice(void **state)
{
	UNUSED(state);
	add(3);
	add(3);
	assert_false(turn_work(&stage.turn));
	assert_int_equal(stage.ran, 3);
}

static void who_has_more_to_do_goes_to_the_end(void **state)
{
	UNUSED(state);
	add(3);
	stage.again = &stage.tasks[0];
	assert_false(turn_work(&stage.turn));
	assert_int_equal(stage.ran, 4);
	assert_int_equal(stage.order[3], 0);
}

static void who_is_dropped_is_not_run(void **state)
{
	UNUSED(state);
	add(3);
	turn_drop(&stage.turn, &stage.tasks[2]); /* the last: the next goes behind the second */
	turn_drop(&stage.turn, &stage.tasks[0]);
	turn_drop(&stage.turn, &stage.tasks[0]);
	turn_add(&stage.turn, &stage.tasks[7]);
	assert_false(turn_work(&stage.turn));
	assert_int_equal(stage.ran, 2);
	assert_int_equal(stage.order[0], 1);
	assert_int_equal(stage.order[1], 7);
}

static void without_a_queue_it_is_done_at_once(void **state)
{
	UNUSED(state);
	turn_add(NULL, &stage.tasks[4]);
	assert_int_equal(stage.ran, 1);
	turn_drop(NULL, &stage.tasks[4]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(few_are_all_done_in_the_order_in_which_they_came),
		TEST(ten_thousand_take_no_more_than_a_moment_of_each_turn),
		TEST(some_are_done_however_late_it_is),
		TEST(who_waits_already_is_not_added_twice),
		TEST(who_has_more_to_do_goes_to_the_end),
		TEST(who_is_dropped_is_not_run),
		TEST(without_a_queue_it_is_done_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
