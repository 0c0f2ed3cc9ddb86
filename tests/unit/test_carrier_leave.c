/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that is silent is left: what that is for others who were on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/carrier_scene.h"

#define STREAMS 300

static const uint8_t message[5]; /* an empty one */

static struct {
	struct carrier_request streams[STREAMS];
	struct carrier_request *call; /* may be gone when a stream has ended */
	double patience;

	unsigned heard, broken, answered, late;
	bool takes_the_call_away;
} stage;

static void on_heard(struct carrier_request *r, const uint8_t *data, size_t len)
{
	UNUSED(r);
	UNUSED(data);
	UNUSED(len);
	stage.heard++;
}

static void on_stream_end(struct carrier_request *r, const struct carrier_answer *answer)
{
	UNUSED(r);
	assert_int_equal(answer->end, CARRIER_BROKEN);
	assert_non_null(strstr(answer->why, "it was silent"));
	stage.broken++;
	if (stage.takes_the_call_away) {
		carrier_cancel(stage.call);
		free(stage.call);
		stage.call = NULL;
	}
}

static void on_answer(struct carrier_request *r, const struct carrier_answer *answer)
{
	UNUSED(r);
	stage.answered += answer->end == CARRIER_ANSWERED ? 1 : 0;
	stage.late += answer->end == CARRIER_TIMEOUT ? 1 : 0;
}

static struct carrier_call question(void)
{
	return (struct carrier_call){
		.path = "/a.Service/Call",
		.token = nothing,
		.body = message,
		.len = sizeof message,
		.deadline = clock_now() + stage.patience,
	};
}

/* As many, on which something has been heard. */
static void open_streams(unsigned n)
{
	struct carrier_call call = question();

	call.on_heard = on_heard;
	scene.server.manner = MANNER_STREAMS;
	for (unsigned i = 0; i < n; i++) {
		carrier_start(scene.carrier, &stage.streams[i], scene.target, &call, on_stream_end);
	}
	WAIT_FOR(scene.server.open == n);
	grpc_server_tell(&scene.server, message, sizeof message);
	WAIT_FOR(stage.heard == n);
}

static void call_in(enum manner manner)
{
	struct carrier_call call = question();

	scene.server.manner = manner;
	carrier_start(scene.carrier, stage.call, scene.target, &call, on_answer);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.call = calloc(1, sizeof *stage.call);
	stage.patience = BOUND;
	return stage.call != NULL ? carrier_scene_open(MANNER_ANSWERS) : -1;
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_scene_close();
	free(stage.call);
	return 0;
}

static void to_abandon_one_calls_nobody_back(void **state)
{
	UNUSED(state);
	open_streams(3);
	carrier_abandon(&stage.streams[1]);
	assert_int_equal(stage.broken, 0);
	WAIT_FOR(stage.broken == 2);
	assert_int_equal(scene.server.accepted, 1);
}

static void who_is_to_be_told_may_be_cancelled(void **state)
{
	UNUSED(state);
	open_streams(3);
	carrier_abandon(&stage.streams[1]);
	carrier_cancel(&stage.streams[0]);
	WAIT_FOR(stage.broken == 1);
}

static void the_carrier_may_go_before_they_are_told(void **state)
{
	UNUSED(state);
	open_streams(3);
	carrier_abandon(&stage.streams[1]);
	carrier_destroy(scene.carrier);
	scene.carrier = NULL;
	ev_run(scene.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.broken, 0);
}

/* The first of both to be told may take the other away. */
static void who_loses_it_may_take_away_the_one_that_was_late(void **state)
{
	UNUSED(state);
	open_streams(1);
	stage.takes_the_call_away = true;
	stage.patience = 2.0;
	call_in(MANNER_SILENT);
	WAIT_FOR(stage.broken == 1);
	assert_true(stage.late <= 1);
}

static void streams_keep_no_call_waiting(void **state)
{
	UNUSED(state);
	open_streams(STREAMS);
	call_in(MANNER_ANSWERS);
	WAIT_FOR(stage.answered == 1);
	assert_int_equal(scene.server.accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(to_abandon_one_calls_nobody_back),
		TEST(who_is_to_be_told_may_be_cancelled),
		TEST(the_carrier_may_go_before_they_are_told),
		TEST(who_loses_it_may_take_away_the_one_that_was_late),
		TEST(streams_keep_no_call_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
