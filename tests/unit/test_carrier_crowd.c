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

#define CALLS 600
#define CROWD 256 /* calls in flight, at most */

static struct {
	struct carrier_request requests[CALLS];
	double patience;
	unsigned ends, answered, late;
	unsigned order[CALLS]; /* in which they ended */
	bool stays_silent;
} stage;

static void on_done(struct carrier_request *r, const struct carrier_answer *answer)
{
	assert_null(r->carrier);
	stage.order[stage.ends++ % CALLS] = (unsigned)(r - stage.requests);
	stage.answered += answer->end == CARRIER_ANSWERED ? 1 : 0;
	if (answer->end == CARRIER_TIMEOUT) {
		stage.late++;
		scene.server.manner = stage.stays_silent ? MANNER_SILENT : MANNER_ANSWERS;
	}
}

static void start(unsigned i, bool answers_each)
{
	static const uint8_t body[5] = { 0 }; /* one empty message */
	const struct carrier_call call = {
		.path = "/a.Service/Call",
		.token = nothing,
		.body = body,
		.len = sizeof body,
		.deadline = clock_now() + stage.patience,
		.answers_each = answers_each,
	};

	carrier_start(scene.carrier, &stage.requests[i], scene.target, &call, on_done);
}

static void start_from(unsigned i, unsigned n)
{
	for (; n > 0; n--) {
		start(i++, false);
	}
}

/* All but the first, which has made the connection: as many as may are with the server. */
static void crowd(void)
{
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	scene.server.manner = MANNER_SILENT;
	start_from(1, CALLS - 1);
	WAIT_FOR(scene.server.calls == 1 + CROWD);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.patience = BOUND;
	return carrier_scene_open(MANNER_ANSWERS);
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_scene_close();
	return 0;
}

static void who_is_answered_makes_room(void **state)
{
	UNUSED(state);
	start_from(0, CALLS);
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(scene.server.calls, CALLS);
	assert_int_equal(scene.server.accepted, 1);
}

static void a_renewal_is_let_on_all_the_same(void **state)
{
	UNUSED(state);
	crowd();
	start(0, true);
	WAIT_FOR(scene.server.calls == 1 + CROWD + 1);
}

static void who_is_cancelled_makes_room(void **state)
{
	UNUSED(state);
	crowd();
	for (unsigned i = 1; i < CALLS; i += 2) { /* of both sorts */
		carrier_cancel(&stage.requests[i]);
	}
	WAIT_FOR(scene.server.calls > 1 + CROWD);
	scene.server.manner = MANNER_ANSWERS;
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == 1 + (CALLS - 1) / 2);
	assert_int_equal(stage.answered, stage.ends);
}

static void all_go_on_when_the_connection_is_lost(void **state)
{
	UNUSED(state);
	crowd();
	scene.server.manner = MANNER_ANSWERS;
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(scene.server.accepted, 2);
	for (unsigned i = 0; i < CALLS; i++) { /* who came first goes on first */
		assert_in_range(stage.order[i] + CROWD, i, i + 2 * CROWD);
	}
}

/* The first that is late leaves the connection: those who wait have as much time as it had. */
static void who_waits_is_not_late(void **state)
{
	UNUSED(state);
	stage.patience = 3.0;
	crowd();
	stage.patience = BOUND;
	WAIT_FOR(stage.ends == CALLS);
	assert_true(stage.late >= 1);
	assert_true(stage.late <= CROWD);
	assert_int_equal(stage.answered + stage.late, CALLS);
	assert_int_equal(scene.server.accepted, 2);
}

/* By a name that has to be looked up first, as inet_pton does not know such addresses. */
static void call_by_name(unsigned n)
{
	struct endpoint endpoint = scene.server.endpoint;

	(void)strcpy(endpoint.host, "127.1");
	scene.target = carrier_target(scene.carrier, &endpoint, &scene.tls);
	assert_non_null(scene.target);
	scene.server.manner = MANNER_SILENT;
	start_from(0, n);
}

static void who_waited_for_the_name_is_not_late_in_a_crowd(void **state)
{
	UNUSED(state);
	call_by_name(CROWD);
	stage.patience = 2.0;
	start_from(CROWD, CALLS - 1 - CROWD);
	stage.patience = 3.0;
	start(CALLS - 1, true);
	WAIT_FOR(stage.late > 0);
	assert_int_equal(stage.order[0], CALLS - 1);
}

static void a_renewal_that_waited_for_the_name_is_let_on(void **state)
{
	UNUSED(state);
	call_by_name(CALLS - 1);
	start(CALLS - 1, true);
	WAIT_FOR(scene.server.calls == CROWD + 1);
}

/* One new connection may be what it takes. When that is as silent, it is the server. */
static void nobody_waits_for_a_server_that_stays_silent(void **state)
{
	UNUSED(state);
	stage.stays_silent = true;
	stage.patience = 3.0;
	crowd();
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, 1);
	assert_true(stage.late < CALLS - 1); /* of some it was not waited for */
	assert_true(scene.server.accepted <= 3);
}

static void one_that_is_late_costs_no_other_its_connection(void **state)
{
	UNUSED(state);
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	scene.server.manner = MANNER_SILENT;
	stage.patience = 3.0;
	start(1, false);
	WAIT_FOR(scene.server.calls == 2);
	scene.server.manner = MANNER_ANSWERS;
	stage.patience = BOUND;
	start(0, false);
	WAIT_FOR(stage.ends == 3);
	assert_int_equal(stage.late, 1);
	start(0, false);
	WAIT_FOR(stage.ends == 4);
	assert_int_equal(stage.answered, 3);
	assert_int_equal(scene.server.accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* An agent that had no time to look must not blame etcd for it. */
static void what_came_in_time_counts_however_late_we_look(void **state)
{
	UNUSED(state);
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	stage.patience = 2.0;
	start(1, false);
	double late = stage.requests[1].call.deadline + 0.01;
	WAIT_FOR(scene.server.calls == 2);
	while (clock_now() < late) {
		/* the answer has been there all the while */
	}
	WAIT_FOR(stage.ends == 2);
	assert_int_equal(stage.answered, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_answered_makes_room),
		TEST(a_renewal_is_let_on_all_the_same),
		TEST(who_is_cancelled_makes_room),
		TEST(all_go_on_when_the_connection_is_lost),
		TEST(who_waits_is_not_late),
		TEST(who_waited_for_the_name_is_not_late_in_a_crowd),
		TEST(a_renewal_that_waited_for_the_name_is_let_on),
		TEST(nobody_waits_for_a_server_that_stays_silent),
		TEST(one_that_is_late_costs_no_other_its_connection),
		TEST(what_came_in_time_counts_however_late_we_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
