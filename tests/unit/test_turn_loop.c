/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/turn_loop.h"
#include "agent/util.h"

#define TASKS 1000
#define TAKES 0.001 /* seconds of each task, by the played clock */

static struct {
	struct ev_loop *loop;
	struct turn_loop turns;
	struct task tasks[TASKS];
	unsigned ran;
	double now;
	ev_timer urgent, deadline; /* due together with the tasks */
	unsigned ran_before_urgent, ran_before_deadline;
	bool deadline_ran;
} stage;

static double played_time(void)
{
	return stage.now;
}

static void run(struct task *task)
{
	UNUSED(task);
	stage.ran++;
	stage.now += TAKES;
}

static void on_urgent(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(timer);
	UNUSED(revents);
	stage.ran_before_urgent = stage.ran;
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(timer);
	UNUSED(revents);
	stage.ran_before_deadline = stage.ran;
	stage.deadline_ran = true;
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	clock_replace(played_time);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	turn_loop_start(&stage.turns, stage.loop);
	ev_timer_init(&stage.urgent, on_urgent, 0.0, 0.0);
	ev_timer_init(&stage.deadline, on_deadline, 0.0, 0.0);
	ev_set_priority(&stage.deadline, EV_MINPRI);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	turn_loop_stop(&stage.turns);
	turn_loop_stop(&stage.turns);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

static void add(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		stage.tasks[i].run = run;
		turn_add(&stage.turns.turn, &stage.tasks[i]);
	}
}

static void tasks_come_behind_what_does_not_wait_and_ahead_of_deadlines(void **state)
{
	UNUSED(state);
	add(10);
	ev_timer_start(stage.loop, &stage.urgent);
	ev_timer_start(stage.loop, &stage.deadline);
	(void)ev_run(stage.loop, EVRUN_ONCE);
	assert_int_equal(stage.ran_before_urgent, 0);
	assert_true(stage.deadline_ran);
	assert_int_equal(stage.ran_before_deadline, 10);
}

/* Nothing else wakes it: it would wait for ever. */
static void the_loop_goes_on_until_all_are_done(void **state)
{
	unsigned turns = 0;

	UNUSED(state);
	add(TASKS);
	ev_timer_start(stage.loop, &stage.urgent);
	for (; stage.ran < TASKS; turns++) {
		unsigned ran = stage.ran;
		(void)ev_run(stage.loop, EVRUN_ONCE);
		assert_true(stage.ran > ran);
		assert_true(stage.ran - ran < 300);
	}
	assert_true(turns > 3);
	assert_false(ev_is_active(&stage.turns.more));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tasks_come_behind_what_does_not_wait_and_ahead_of_deadlines),
		TEST(the_loop_goes_on_until_all_are_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
