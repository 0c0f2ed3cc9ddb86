/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/clock.h"
#include "agent/util.h"
#include "tests/unit/haproxy_stage.h"

/* The pause after a conversation that began then: two seconds, or longer when that took long. */
static bool is_usual(double pause, double began)
{
	return pause > 1.5 && pause < 10.0 + 100.0 * (clock_now() - began);
}

static void adds_what_is_missing(void **state)
{
	double began = clock_now();
	UNUSED(state);
	listen_there();
	converse(empty);
	assert_string_equal(stage.heard,
			ASKED "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7\n"
			      "enable server b/svc-10.0.0.1:1\n");
	assert_int_equal(stage.told, 0);
	assert_true(is_usual(pause_left(), began));
	look_again(there);
	assert_string_equal(stage.heard, ASKED);
	look_again(empty); /* HAProxy was restarted */
	assert_non_null(strstr(stage.heard, "add server"));
	assert_int_equal(stage.conversations, 3);
	assert_int_equal(stage.told, 0);
}

static void hears_answers_in_pieces(void **state)
{
	UNUSED(state);
	listen_there();
	stage.byte_by_byte = true;
	converse(empty);
	assert_non_null(strstr(stage.heard, "enable server"));
	assert_int_equal(stage.told, 0);
}

/* Also one that does not fit into what a socket takes at once. */
static void hears_long_answers(void **state)
{
	enum { ROWS = 3000 };
	size_t size = sizeof HEAD + (size_t)ROWS * 80;
	char *text = calloc(1, size), *end = text + sprintf(text, "%s", HEAD);
	UNUSED(state);
	for (unsigned i = 0; i < ROWS; i++) {
		end += sprintf(end, "3 b 1 static%u 10.0.0.1 2 0 1 1 0 1 0 0 0 0 0 0 - 1 - 0 0\n",
				i);
	}
	const struct play plays[] = { { "show servers state b", text }, empty[1], { NULL, NULL } };
	listen_there();
	int room = (int)size;
	stage.plays = plays;
	output_touch(stage.output);
	while (stage.fd < 0) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	(void)setsockopt(stage.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	rest();
	free(text);
	assert_string_equal(stage.sentence, "");
	assert_non_null(strstr(stage.heard, "enable server"));
}

static void drains_waits_and_deletes(void **state)
{
	static const struct play busy[] = { { "show servers state b",
							    HEAD ROW("10.0.0.1:1", "1", "8", "7") },
		{ "show servers conn b", "b/svc-10.0.0.1:1 3/2 10.0.0.1 1 - 0 2 2 2 0 0 0 0\n" },
		{ NULL, NULL } };
	static const struct play idle[] = { { "show servers state b",
							    HEAD ROW("10.0.0.1:1", "1", "8", "7") },
		{ "show servers conn b", "b/svc-10.0.0.1:1 3/2 10.0.0.1 1 - 0 0 2 2 0 0 0 0\n" },
		{ "del server b/svc-10.0.0.1:1", "Server still has connections attached to it" },
		{ NULL, NULL } };
	static const struct play maint[] = {
		{ "show servers state b", HEAD ROW("10.0.0.1:1", "1", "1", "7") },
		{ "del server b/svc-10.0.0.1:1", "Server deleted." }, { NULL, NULL }
	};
	static const struct play nothing[] = { { "show servers state b", HEAD }, { NULL, NULL } };
	double pause = 0.0, began = 0.0;
	UNUSED(state);
	listen_there();
	assert_true(instances_remove(&stage.view.instances, "/a"));
	converse(there);
	assert_string_equal(stage.heard, ASKED "set server b/svc-10.0.0.1:1 state drain\n");
	assert_true(pause_left() < 0.11);
	for (unsigned i = 0; i < 8; i++) { /* calls run: it is looked at ever less */
		began = clock_now();
		look_again(busy);
		assert_string_equal(stage.heard, ASKED "show servers conn b\n");
		assert_true(pause_left() > pause || i > 4);
		pause = pause_left();
	}
	assert_true(is_usual(pause, began));
	look_again(idle);
	assert_string_equal(stage.heard,
			ASKED "show servers conn b\nset server b/svc-10.0.0.1:1 state maint\n"
			      "del server b/svc-10.0.0.1:1\n");
	look_again(maint);
	assert_string_equal(stage.heard, ASKED "del server b/svc-10.0.0.1:1\n");
	look_again(nothing);
	assert_string_equal(stage.heard, ASKED);
	assert_int_equal(stage.told, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adds_what_is_missing),
		TEST(hears_answers_in_pieces),
		TEST(hears_long_answers),
		TEST(drains_waits_and_deletes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
