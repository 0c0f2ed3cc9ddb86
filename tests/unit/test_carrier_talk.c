/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/carrier_scene.h"

#define CALLS 20

static const uint8_t messages[50]; /* ten, each of which is empty */

static struct {
	struct carrier_request requests[CALLS];
	const char *token;
	size_t len; /* of what is said */
	bool again; /* who is answered says it again at once */
	double patience;

	unsigned ends, answered;
	enum carrier_end end;
	int code;
	size_t received;
} stage;

static void start(unsigned i);

static void on_done(struct carrier_request *r, const struct carrier_answer *answer)
{
	assert_null(r->carrier); /* detached before */
	stage.ends++;
	stage.end = answer->end;
	stage.code = answer->status->code;
	stage.received = answer->len;
	stage.answered += answer->end == CARRIER_ANSWERED ? 1 : 0;
	if (stage.again) {
		stage.again = false;
		start((unsigned)(r - stage.requests));
	}
}

static void start(unsigned i)
{
	const struct carrier_call call = {
		.path = "/a.Service/Renew",
		.token = stage.token,
		.body = messages,
		.len = stage.len,
		.deadline = clock_now() + stage.patience,
		.answers_each = true,
	};

	carrier_start(scene.carrier, &stage.requests[i], scene.target, &call, on_done);
}

static void call_once(void)
{
	unsigned before = stage.ends;

	start(0);
	assert_int_equal(stage.ends, before); /* a start never calls back */
	WAIT_FOR(stage.ends == before + 1);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.token = nothing;
	stage.len = 5;
	stage.patience = BOUND;
	return carrier_scene_open(MANNER_TALKS);
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_scene_close();
	return 0;
}

static void calls_in_a_row_are_said_in_one_stream(void **state)
{
	UNUSED(state);
	for (unsigned i = 1; i <= CALLS; i++) {
		call_once();
		assert_int_equal(stage.end, CARRIER_ANSWERED);
		assert_int_equal(stage.code, 0);
		assert_int_equal(stage.received, 5);
		assert_int_equal(scene.server.calls, i);
	}
	assert_int_equal(scene.server.begun, 1);
	assert_int_equal(scene.server.open, 1);
	assert_int_equal(scene.server.accepted, 1);
}

static void a_call_is_over_when_all_its_messages_are_answered(void **state)
{
	UNUSED(state);
	stage.len = sizeof messages;
	call_once();
	assert_int_equal(stage.received, sizeof messages);
	stage.len = 15;
	call_once();
	assert_int_equal(stage.received, 15);
	assert_int_equal(scene.server.begun, 1);
}

static void calls_at_once_have_streams_of_their_own_but_one(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < CALLS; i++) {
		start(i);
	}
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(scene.server.begun, CALLS);
	assert_int_equal(scene.server.open, 1);
	assert_int_equal(scene.server.accepted, 1);
}

static void another_token_is_another_stream(void **state)
{
	UNUSED(state);
	stage.token = "first";
	call_once();
	stage.token = "second";
	call_once();
	assert_string_equal(scene.server.token, "second");
	call_once();
	assert_int_equal(stage.answered, 3);
	assert_int_equal(scene.server.begun, 2);
	assert_int_equal(scene.server.open, 1);
}

static void one_that_the_server_has_ended_costs_no_call(void **state)
{
	UNUSED(state);
	call_once();
	scene.server.code = "14";
	grpc_server_end_streams(&scene.server);
	WAIT_FOR(scene.server.open == 0);
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_int_equal(stage.code, 0);
	assert_int_equal(scene.server.begun, 2);
}

/* Something is said in it that the server does not answer: it ends it with the code. */
static void end_in_the_middle(const char *code)
{
	call_once();
	scene.server.manner = MANNER_SILENT;
	start(0);
	WAIT_FOR(scene.server.calls == 2);
	scene.server.manner = MANNER_TALKS;
	scene.server.code = code;
	grpc_server_end_streams(&scene.server);
	WAIT_FOR(stage.ends == 2);
	assert_int_equal(stage.end, CARRIER_ANSWERED);
}

static void what_it_ends_with_is_the_answer(void **state)
{
	UNUSED(state);
	end_in_the_middle("14");
	assert_int_equal(stage.code, 14);
	assert_int_equal(scene.server.begun, 1);
}

static void one_that_ended_well_before_the_answer_is_opened_again(void **state)
{
	UNUSED(state);
	end_in_the_middle("0");
	assert_int_equal(stage.received, 5);
	assert_int_equal(scene.server.begun, 2);
}

/* The answers and the end come together: what is said in between is meant for another stream. */
static void nothing_is_said_in_one_that_has_ended(void **state)
{
	UNUSED(state);
	scene.server.talks_end = true;
	scene.server.code = "14";
	stage.again = true;
	start(0);
	WAIT_FOR(stage.ends == 2);
	assert_int_equal(stage.answered, 2);
	assert_int_equal(stage.code, 0);
	assert_int_equal(stage.received, 5);
	assert_int_equal(scene.server.begun, 2);
}

/* It would leave no stream to any other call. */
static void none_stays_where_a_connection_has_few(void **state)
{
	UNUSED(state);
	scene.server.allowed = 1;
	call_once();
	call_once();
	assert_int_equal(stage.answered, 2);
	WAIT_FOR(scene.server.open == 0);
	assert_int_equal(scene.server.accepted, 1);
}

static void a_connection_that_ended_costs_no_call(void **state)
{
	UNUSED(state);
	call_once();
	grpc_server_end_connections(&scene.server);
	call_once();
	assert_int_equal(stage.answered, 2);
	assert_int_equal(scene.server.accepted, 2);
}

static void a_silent_one_is_left_with_its_connection(void **state)
{
	UNUSED(state);
	call_once();
	scene.server.manner = MANNER_SILENT;
	stage.patience = 2.0;
	call_once();
	assert_int_equal(stage.end, CARRIER_TIMEOUT);
	scene.server.manner = MANNER_TALKS;
	stage.patience = BOUND;
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_int_equal(scene.server.accepted, 2);
}

/* The late answer to a cancelled call would be taken for that to the next one. */
static void a_cancelled_call_takes_its_stream_with_it(void **state)
{
	UNUSED(state);
	stage.len = sizeof messages;
	call_once();
	start(1);
	ev_run(scene.loop, EVRUN_ONCE);
	carrier_cancel(&stage.requests[1]);
	stage.len = 5;
	call_once();
	assert_int_equal(stage.received, 5);
	assert_int_equal(stage.answered, 2);
	assert_int_equal(scene.server.begun, 2);
	assert_int_equal(scene.server.accepted, 1);
}

static void what_nobody_asked_for_ends_it(void **state)
{
	UNUSED(state);
	call_once();
	grpc_server_tell(&scene.server, messages, 5);
	WAIT_FOR(scene.server.open == 0);
	call_once();
	assert_int_equal(stage.received, 5);
	assert_int_equal(scene.server.begun, 2);
	assert_int_equal(scene.server.accepted, 1);
}

static void it_ends_with_the_carrier(void **state)
{
	UNUSED(state);
	stage.token = "secret";
	call_once();
	scene.server.manner = MANNER_SILENT;
	start(0);
	carrier_destroy(scene.carrier);
	scene.carrier = NULL;
	assert_int_equal(stage.ends, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_in_a_row_are_said_in_one_stream),
		TEST(a_call_is_over_when_all_its_messages_are_answered),
		TEST(calls_at_once_have_streams_of_their_own_but_one),
		TEST(another_token_is_another_stream),
		TEST(one_that_the_server_has_ended_costs_no_call),
		TEST(what_it_ends_with_is_the_answer),
		TEST(one_that_ended_well_before_the_answer_is_opened_again),
		TEST(nothing_is_said_in_one_that_has_ended),
		TEST(none_stays_where_a_connection_has_few),
		TEST(a_connection_that_ended_costs_no_call),
		TEST(a_silent_one_is_left_with_its_connection),
		TEST(a_cancelled_call_takes_its_stream_with_it),
		TEST(what_nobody_asked_for_ends_it),
		TEST(it_ends_with_the_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
