/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/carrier.h"
#include "agent/util.h"

#include "tests/unit/grpc_server.h"

#define CALLS 600
#define CROWD 256  /* calls in flight, at most */
#define BOUND 10.0 /* seconds; a test that waits so long has failed */

static char nothing[] = "";

static struct {
	struct ev_loop *loop;
	ev_timer bound;
	struct grpc_server server;
	struct tls_settings tls;
	struct random random;
	struct carrier *carrier;
	struct carrier_target *target;
	struct carrier_request requests[CALLS];
	double patience;
	unsigned ends, answered, late;
} stage;

static void on_bound(struct ev_loop *loop, ev_timer *bound, int revents)
{
	UNUSED(bound);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

static void on_done(struct carrier_request *r, const struct carrier_answer *answer)
{
	assert_null(r->carrier);
	stage.ends++;
	stage.answered += answer->end == CARRIER_ANSWERED ? 1 : 0;
	if (answer->end == CARRIER_TIMEOUT) {
		stage.late++;
		stage.server.manner = MANNER_ANSWERS;
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

	carrier_start(stage.carrier, &stage.requests[i], stage.target, &call, on_done);
}

static void start_from(unsigned i, unsigned n)
{
	for (; n > 0; n--) {
		start(i++, false);
	}
}

#define WAIT_FOR(what)                                                                             \
	while (!(what)) {                                                                          \
		ev_run(stage.loop, EVRUN_ONCE);                                                    \
	}

/* All but the first, which has made the connection: as many as may are with the server. */
static void crowd(void)
{
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	stage.server.manner = MANNER_SILENT;
	start_from(1, CALLS - 1);
	WAIT_FOR(stage.server.calls == 1 + CROWD);
}

static int set_up(void **state)
{
	UNUSED(state);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&stage.bound, on_bound, BOUND, 0.0);
	ev_timer_start(stage.loop, &stage.bound);
	grpc_server_start(&stage.server, stage.loop);
	stage.carrier = carrier_create(stage.loop, &stage.random);
	stage.target = carrier_target(stage.carrier, &stage.server.endpoint, &stage.tls);
	stage.patience = BOUND;
	return stage.carrier != NULL && stage.target != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_destroy(stage.carrier);
	grpc_server_stop(&stage.server);
	ev_timer_stop(stage.loop, &stage.bound);
	ev_loop_destroy(stage.loop);
	return 0;
}

static void who_is_answered_makes_room(void **state)
{
	UNUSED(state);
	start_from(0, CALLS);
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(stage.server.calls, CALLS);
	assert_int_equal(stage.server.accepted, 1);
}

static void a_renewal_is_let_on_all_the_same(void **state)
{
	UNUSED(state);
	crowd();
	start(0, true);
	WAIT_FOR(stage.server.calls == 1 + CROWD + 1);
}

static void who_is_cancelled_makes_room(void **state)
{
	UNUSED(state);
	crowd();
	for (unsigned i = 1; i < CALLS; i += 2) { /* of both sorts */
		carrier_cancel(&stage.requests[i]);
	}
	WAIT_FOR(stage.server.calls > 1 + CROWD);
	stage.server.manner = MANNER_ANSWERS;
	grpc_server_end_connections(&stage.server);
	WAIT_FOR(stage.ends == 1 + (CALLS - 1) / 2);
	assert_int_equal(stage.answered, stage.ends);
}

static void all_go_on_when_the_connection_is_lost(void **state)
{
	UNUSED(state);
	crowd();
	stage.server.manner = MANNER_ANSWERS;
	grpc_server_end_connections(&stage.server);
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, CALLS);
	assert_int_equal(stage.server.accepted, 2);
}

/* The first that is late leaves the connection: those who wait have as much time as it had. */
static void who_waits_is_not_late(void **state)
{
	UNUSED(state);
	stage.patience = 0.3;
	crowd();
	stage.patience = BOUND;
	WAIT_FOR(stage.ends == CALLS);
	assert_true(stage.late >= 1);
	assert_true(stage.late <= CROWD);
	assert_int_equal(stage.answered + stage.late, CALLS);
	assert_int_equal(stage.server.accepted, 2);
}

static void one_that_is_late_costs_no_other_its_connection(void **state)
{
	UNUSED(state);
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	stage.server.manner = MANNER_SILENT;
	stage.patience = 0.2;
	start(1, false);
	WAIT_FOR(stage.server.calls == 2);
	stage.server.manner = MANNER_ANSWERS;
	stage.patience = BOUND;
	start(0, false);
	WAIT_FOR(stage.ends == 3);
	assert_int_equal(stage.late, 1);
	start(0, false);
	WAIT_FOR(stage.ends == 4);
	assert_int_equal(stage.answered, 3);
	assert_int_equal(stage.server.accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_answered_makes_room),
		TEST(a_renewal_is_let_on_all_the_same),
		TEST(who_is_cancelled_makes_room),
		TEST(all_go_on_when_the_connection_is_lost),
		TEST(who_waits_is_not_late),
		TEST(one_that_is_late_costs_no_other_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
