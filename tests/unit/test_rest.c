/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "agent/clock.h"
#include "agent/rest.h"
#include "agent/util.h"

#define MEGABYTE ((size_t)1048576)

static struct {
	struct ev_loop *loop;
	int fds[2];
	ev_io io;
	struct rest rest;
	double now;
} stage;

static double played_time(void)
{
	return stage.now;
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	UNUSED(loop);
	UNUSED(io);
	UNUSED(revents);
}

static int set_up(void **state)
{
	UNUSED(state);
	stage.now = 1000.0;
	clock_replace(played_time);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	assert_int_equal(pipe(stage.fds), 0);
	ev_io_init(&stage.io, on_io, stage.fds[0], EV_READ);
	ev_io_start(stage.loop, &stage.io);
	rest_init(&stage.rest, stage.loop, &stage.io);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	rest_stop(&stage.rest);
	ev_io_stop(stage.loop, &stage.io);
	(void)close(stage.fds[0]);
	(void)close(stage.fds[1]);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

/* Says it in pieces of 16 KB; how much was heard until a rest is due, bytes. */
static size_t say(size_t bytes)
{
	for (size_t n = 0; n < bytes; n += 16384) {
		if (rest_due(&stage.rest)) {
			return n;
		}
		rest_note(&stage.rest, 16384);
	}
	return bytes;
}

static void who_says_little_is_always_heard(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(say(65536), 65536);
		stage.now += 0.1;
	}
	assert_true(ev_is_active(&stage.io));
}

static void who_floods_has_to_wait(void **state)
{
	UNUSED(state);
	assert_in_range(say(10 * MEGABYTE), MEGABYTE - 65536, MEGABYTE + 65536);
	assert_false(ev_is_active(&stage.io));
	assert_true(ev_is_active(&stage.rest.over));
}

static void it_is_heard_again_when_the_rest_is_over(void **state)
{
	UNUSED(state);
	(void)say(10 * MEGABYTE);
	while (ev_is_active(&stage.rest.over)) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_true(ev_is_active(&stage.io));
}

static void a_flood_is_a_megabyte_a_second(void **state)
{
	size_t heard = 0;
	UNUSED(state);
	(void)say(10 * MEGABYTE);
	for (unsigned i = 0; i < 1000 && stage.now < 1010.0; i++) { /* ten seconds */
		stage.now += ev_timer_remaining(stage.loop, &stage.rest.over);
		rest_stop(&stage.rest);
		ev_io_start(stage.loop, &stage.io);
		heard += say(2 * MEGABYTE);
	}
	assert_in_range(heard, 9 * MEGABYTE, 11 * MEGABYTE);
}

static void who_is_stopped_is_not_started(void **state)
{
	UNUSED(state);
	(void)say(10 * MEGABYTE);
	rest_stop(&stage.rest);
	assert_false(ev_is_active(&stage.rest.over));
	assert_false(ev_is_active(&stage.io));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_says_little_is_always_heard),
		TEST(who_floods_has_to_wait),
		TEST(it_is_heard_again_when_the_rest_is_over),
		TEST(a_flood_is_a_megabyte_a_second),
		TEST(who_is_stopped_is_not_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
