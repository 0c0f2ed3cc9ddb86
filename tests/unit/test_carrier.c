/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/carrier_scene.h"
#include "tests/unit/watched_free.h"

#define CALLS 200

/* The stage: one server, one target, and what was told of the calls. */
static struct {
	struct carrier_request requests[CALLS];
	const char *token;
	double patience; /* seconds that a call may take */

	unsigned ends, answered, again; /* `again`: calls that an end starts */
	enum carrier_end end;
	int code;
	size_t received; /* bytes of the last answer */
	char why[400];
} stage;

static void start(struct carrier_request *r);

static void on_done(struct carrier_request *r, const struct carrier_answer *answer)
{
	stage.ends++;
	stage.end = answer->end;
	stage.code = answer->status->code;
	stage.received = answer->len;
	(void)strncpy(stage.why, answer->why, sizeof stage.why - 1);
	if (answer->end == CARRIER_ANSWERED) {
		stage.answered++;
		assert_string_equal(answer->why, "");
	}
	if (stage.again > 0) {
		stage.again--;
		start(r);
	}
}

static void start(struct carrier_request *r)
{
	static const uint8_t body[5] = { 0 }; /* one empty message */
	const struct carrier_call call = {
		.path = "/a.Service/Call",
		.token = stage.token,
		.body = body,
		.len = sizeof body,
		.deadline = clock_now() + stage.patience,
	};

	carrier_start(scene.carrier, r, scene.target, &call, on_done);
}

static void wait_for_ends(unsigned n)
{
	while (stage.ends < n) {
		ev_run(scene.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.ends, n);
}

static void call_once(void)
{
	unsigned before = stage.ends;

	start(&stage.requests[0]);
	assert_int_equal(stage.ends, before); /* a start never calls back */
	wait_for_ends(before + 1);
}

static void expect_end(enum carrier_end end, const char *why)
{
	call_once();
	assert_int_equal(stage.end, end);
	if (strstr(stage.why, why) == NULL) {
		fail_msg("\"%s\" says nothing of \"%s\"", stage.why, why);
	}
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.token = nothing;
	stage.patience = BOUND;
	return carrier_scene_open(MANNER_ANSWERS);
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_scene_close();
	return 0;
}

static void sends_what_grpc_and_etcd_ask_for(void **state)
{
	UNUSED(state);
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_string_equal(scene.server.path, "/a.Service/Call");
	assert_string_equal(scene.server.te, "trailers");
	assert_string_equal(scene.server.hasleader, "true");
	assert_string_equal(scene.server.token, "");
}

static void a_token_goes_with_its_own_call_only(void **state)
{
	UNUSED(state);
	stage.token = "secret.7";
	call_once();
	assert_string_equal(scene.server.token, "secret.7");
	assert_string_equal(scene.server.hasleader, "true");
	stage.token = "another";
	call_once();
	assert_string_equal(scene.server.token, "another");
	stage.token = nothing;
	call_once();
	assert_string_equal(scene.server.token, "");
	assert_int_equal(stage.answered, 3);
}

static void a_status_is_an_answer(void **state)
{
	UNUSED(state);
	scene.server.code = "14";
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_int_equal(stage.code, 14);
}

static void calls_at_once_share_one_connection(void **state)
{
	UNUSED(state);
	stage.token = "secret";
	for (size_t i = 0; i < CALLS; i++) {
		start(&stage.requests[i]);
	}
	wait_for_ends(CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(scene.server.accepted, 1);
}

static void calls_in_a_row_share_one_connection(void **state)
{
	UNUSED(state);
	stage.again = CALLS - 1;
	start(&stage.requests[0]);
	wait_for_ends(CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(scene.server.accepted, 1);
}

static void an_idle_connection_that_ended_costs_no_call(void **state)
{
	UNUSED(state);
	call_once();
	grpc_server_end_connections(&scene.server);
	call_once();
	assert_int_equal(stage.answered, 2);
	assert_int_equal(scene.server.accepted, 2);
}

static void calls_that_lose_their_connection_meet_on_one_new_one(void **state)
{
	UNUSED(state);
	call_once();
	scene.server.manner = MANNER_SILENT;
	for (size_t i = 0; i < CALLS; i++) {
		start(&stage.requests[i]);
	}
	while (scene.server.calls < 1 + CALLS) {
		ev_run(scene.loop, EVRUN_ONCE);
	}
	scene.server.manner = MANNER_ANSWERS;
	grpc_server_end_connections(&scene.server);
	wait_for_ends(1 + CALLS);
	assert_int_equal(stage.answered, 1 + CALLS);
	assert_int_equal(scene.server.accepted, 2);
}

static void a_silent_connection_is_not_used_again(void **state)
{
	UNUSED(state);
	scene.server.manner = MANNER_SILENT;
	stage.patience = 2.0;
	expect_end(CARRIER_TIMEOUT, "in time");
	scene.server.manner = MANNER_ANSWERS;
	stage.patience = BOUND;
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_int_equal(scene.server.accepted, 2);
}

static void one_that_starts_too_late_is_not_sent(void **state)
{
	UNUSED(state);
	stage.patience = 0.0;
	expect_end(CARRIER_TOO_LATE, "too late");
	assert_int_equal(scene.server.accepted, 0);
	stage.patience = BOUND;
	call_once();
	assert_int_equal(stage.end, CARRIER_ANSWERED);
	assert_int_equal(scene.server.accepted, 1);
}

/* An answer may be a token. This one comes in pieces. */
static void answers_are_wiped_out(void **state)
{
	static char body[3000000]; /* more than may be on its way at once */
	UNUSED(state);
	memset(body, 's', sizeof body - 1);
	scene.server.body = body;
	watched = body + sizeof body - 65;
	call_once();
	assert_int_equal(stage.received, sizeof body - 1);
	start(&stage.requests[0]);
	while (stage.requests[0].received.len == 0) {
		ev_run(scene.loop, EVRUN_ONCE);
	}
	carrier_cancel(&stage.requests[0]);
	watched = NULL;
	assert_true(frees > 2);
	assert_int_equal(left_behind, 0);
}

/* More than is read at once, and more than may be on its way: the window is opened again. */
static void a_long_answer_comes_whole(void **state)
{
	static const size_t sizes[] = { 600000, 3000000, 8000000 };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *body = malloc(sizes[i] + 1);
		assert_non_null(body);
		memset(body, 's', sizes[i]);
		body[sizes[i]] = '\0';
		scene.server.body = body;
		call_once();
		assert_int_equal(stage.end, CARRIER_ANSWERED);
		assert_int_equal(stage.received, sizes[i]);
		free(body);
	}
	assert_int_equal(scene.server.accepted, 1);
}

static void nobody_listens(void **state)
{
	UNUSED(state);
	grpc_server_stop(&scene.server);
	expect_end(CARRIER_REFUSED, "nothing listens on 127.0.0.1");
}

static void a_name_that_nobody_knows(void **state)
{
	struct endpoint endpoint = { .host = "no-such-host.invalid", .port = 1 };
	UNUSED(state);
	scene.target = carrier_target(scene.carrier, &endpoint, &scene.tls);
	expect_end(CARRIER_UNREACHABLE, "the name in no-such-host.invalid:1 cannot be resolved: ");
}

static void without_descriptors_it_says_so(void **state)
{
	struct endpoint named = scene.server.endpoint;
	struct rlimit before, none;
	UNUSED(state);
	(void)strcpy(named.host, "127.1"); /* it takes a query: inet_pton does not know it */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	expect_end(CARRIER_UNREACHABLE, "Too many open files");
	scene.target = carrier_target(scene.carrier, &named, &scene.tls);
	expect_end(CARRIER_UNREACHABLE, "cannot be looked up: the agent is out of descriptors");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect_end(CARRIER_ANSWERED, "");
}

static void a_cancelled_call_says_nothing(void **state)
{
	UNUSED(state);
	stage.token = "secret";
	start(&stage.requests[0]);
	start(&stage.requests[1]);
	carrier_cancel(&stage.requests[0]);
	carrier_cancel(&stage.requests[0]);
	wait_for_ends(1);
	assert_int_equal(stage.answered, 1);
	assert_null(stage.requests[1].carrier);
}

static void calls_in_flight_end_with_the_carrier(void **state)
{
	UNUSED(state);
	stage.token = "secret";
	scene.server.manner = MANNER_SILENT;
	start(&stage.requests[0]);
	start(&stage.requests[1]);
	while (scene.server.calls < 1) {
		ev_run(scene.loop, EVRUN_ONCE);
	}
	carrier_destroy(scene.carrier);
	scene.carrier = NULL;
	assert_int_equal(stage.ends, 0);
}

static void without_a_body_there_is_no_memory(void **state)
{
	const struct carrier_call call = {
		.path = "/a", .token = "t", .deadline = clock_now() + 1
	};
	UNUSED(state);
	carrier_start(scene.carrier, &stage.requests[0], scene.target, &call, on_done);
	wait_for_ends(1);
	assert_int_equal(stage.end, CARRIER_NO_MEMORY);
	assert_string_equal(stage.why, "out of memory");
}

static void who_hangs_up_on_plain_text_may_want_tls(void **state)
{
	UNUSED(state);
	scene.server.manner = MANNER_HANGS_UP;
	expect_end(CARRIER_BROKEN, "does it want https://?");
	assert_null(strstr(stage.why, "probe.tls")); /* that is not about etcd */
}

static void who_has_answered_before_is_only_ill(void **state)
{
	UNUSED(state);
	call_once();
	grpc_server_end_connections(&scene.server);
	scene.server.manner = MANNER_HANGS_UP;
	expect_end(CARRIER_BROKEN, "the connection to 127.0.0.1:");
	assert_null(strstr(stage.why, "https"));
}

static void who_hangs_up_on_tls_may_want_plain_text(void **state)
{
	struct endpoint endpoint = scene.server.endpoint;
	UNUSED(state);
	endpoint.tls = true;
	scene.target = carrier_target(scene.carrier, &endpoint, &scene.tls);
	scene.server.manner = MANNER_HANGS_UP;
	expect_end(CARRIER_TLS, "perhaps it wants http://");
	scene.server.manner = MANNER_ANSWERS;
	expect_end(CARRIER_TLS, "perhaps it wants http://");
}

static void a_file_that_is_not_there_is_named(void **state)
{
	static char path[] = "/does/not/exist.pem";
	struct endpoint endpoint = scene.server.endpoint;
	UNUSED(state);
	endpoint.tls = true;
	scene.tls.ca_file = path;
	scene.target = carrier_target(scene.carrier, &endpoint, &scene.tls);
	expect_end(CARRIER_TLS,
			"etcd.tls.ca_file '/does/not/exist.pem' cannot be used: No such file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_what_grpc_and_etcd_ask_for),
		TEST(a_token_goes_with_its_own_call_only),
		TEST(a_status_is_an_answer),
		TEST(calls_at_once_share_one_connection),
		TEST(calls_in_a_row_share_one_connection),
		TEST(an_idle_connection_that_ended_costs_no_call),
		TEST(calls_that_lose_their_connection_meet_on_one_new_one),
		TEST(a_silent_connection_is_not_used_again),
		TEST(one_that_starts_too_late_is_not_sent),
		TEST(answers_are_wiped_out),
		TEST(a_long_answer_comes_whole),
		TEST(nobody_listens),
		TEST(a_name_that_nobody_knows),
		TEST(without_descriptors_it_says_so),
		TEST(a_cancelled_call_says_nothing),
		TEST(calls_in_flight_end_with_the_carrier),
		TEST(without_a_body_there_is_no_memory),
		TEST(who_hangs_up_on_plain_text_may_want_tls),
		TEST(who_has_answered_before_is_only_ill),
		TEST(who_hangs_up_on_tls_may_want_plain_text),
		TEST(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
