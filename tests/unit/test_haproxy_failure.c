/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/util.h"
#include "tests/unit/haproxy_stage.h"
#include "tests/unit/output_view.h"

static void a_refusal_does_not_stop_the_rest(void **state)
{
	static const struct play refusing[] = { { "show servers state b", HEAD },
		{ "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7",
				"Backend must use a dynamic load balancing\nmore" },
		{ "add server b/svc-10.0.0.2:1 10.0.0.2:1 proto h2 weight 7",
				"New server registered.\n" },
		{ "enable server b/svc-10.0.0.1:1", "No such server.\n" }, { NULL, NULL } };
	UNUSED(state);
	listen_there();
	add_instance(&stage.view, "/b", "10.0.0.2", 1, "{}", 7);
	converse(refusing);
	assert_non_null(strstr(stage.heard, "enable server b/svc-10.0.0.2:1"));
	assert_int_equal(stage.troubles, 1);
	assert_non_null(strstr(stage.sentence,
			"fails and is tried again: it answers 'Backend must use a dynamic load "
			"balancing' to 'add server b/svc-10.0.0.1:1 10.0.0.1:1"));
	assert_true(pause_left() < 0.31);
	look_again(empty);
	assert_int_equal(stage.told, 1); /* the other one is refused now: it still fails */
}

static void says_what_is_wrong(void **state)
{
	static const struct play none[] = { { "show servers state b", "Can't find backend.\n" },
		{ NULL, NULL } };
	UNUSED(state);
	converse(none);
	assert_non_null(strstr(stage.sentence, "it cannot be connected to: No such file"));
	listen_there();
	look_again(none);
	assert_int_equal(stage.told, 1); /* it fails, still */
	look_again(there);
	assert_int_equal(stage.told, 2);
	look_again(none);
	assert_non_null(strstr(stage.sentence, "'Can't find backend.'"));
}

/* A retry that would come late does not, when there is a socket that was not there. */
static void notices_a_new_socket(void **state)
{
	UNUSED(state);
	converse(empty);
	for (unsigned i = 0; i < 40 && pause_left() < 12.0; i++) {
		look_again(empty);
	}
	assert_true(pause_left() >= 12.0);
	listen_there();
	assert_true(wait_conversation(1) < 11.0); /* the retry does not wait */
	assert_non_null(strstr(stage.heard, "enable server"));

	/* Nor does the next look, which comes two seconds after the last one; once in a while the
	 * machine is late. */
	double took = 2.0;
	for (unsigned i = 0; i < 5 && took >= 1.5; i++) {
		ev_io_stop(stage.loop, &stage.accepting); /* one takes the place of the other */
		(void)close(stage.listener);
		(void)unlink(path);
		listen_there();
		took = wait_conversation(2 + i);
	}
	assert_true(took < 1.5);
}

static void a_connection_that_ends_is_a_failure(void **state)
{
	UNUSED(state);
	listen_there();
	stage.close_at = "enable server b/svc-10.0.0.1:1";
	converse(empty);
	assert_non_null(strstr(stage.sentence, "it has closed the connection"));
	stage.close_at = NULL;
	look_again(there);
	assert_non_null(strstr(stage.sentence, "works again"));
}

static void silence_is_a_failure(void **state)
{
	UNUSED(state);
	listen_there();
	stage.settings.timeout_ms = 100;
	stage.silent = true;
	converse(empty);
	assert_non_null(strstr(stage.sentence, "it does not answer in time"));
}

/*
 * Long conversations are none: each answer has its time. Where the machine adds too much to one,
 * all is twice as slow the next time.
 */
static void slowness_is_no_failure(void **state)
{
	double took = 0.0;
	UNUSED(state);
	listen_there();
	stage.settings.timeout_ms = 500;
	stage.delay = 0.15;
	for (unsigned i = 0; i < 6 && (i == 0 || output_failing(stage.output)); i++) {
		double began = clock_now();
		stage.settings.timeout_ms *= 2;
		stage.delay *= 2.0;
		if (i == 0) {
			converse(empty);
		} else {
			look_again(empty);
		}
		took = clock_now() - began;
	}
	assert_false(output_failing(stage.output));
	assert_true(took > stage.settings.timeout_ms / 1000.0);
	assert_non_null(strstr(stage.heard, "enable server"));
}

static void a_path_that_is_too_long_is_a_failure(void **state)
{
	char long_path[200];
	UNUSED(state);
	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	stage.settings.socket = long_path;
	converse(empty);
	assert_non_null(strstr(stage.sentence, "too long"));
}

static void destroy_ends_a_conversation(void **state)
{
	UNUSED(state);
	listen_there();
	stage.silent = true;
	stage.plays = empty;
	output_touch(stage.output);
	while (stage.heard[0] == '\0') {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	output_destroy(stage.output);
	stage.output = NULL;
	while (stage.fd >= 0) { /* the connection is closed */
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.told, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_refusal_does_not_stop_the_rest),
		TEST(says_what_is_wrong),
		TEST(notices_a_new_socket),
		TEST(a_connection_that_ends_is_a_failure),
		TEST(silence_is_a_failure),
		TEST(slowness_is_no_failure),
		TEST(a_path_that_is_too_long_is_a_failure),
		TEST(destroy_ends_a_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
