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
	unsigned order[CALLS]; /* in which they ended */
	bool stays_silent;
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
	stage.order[stage.ends++ % CALLS] = (unsigned)(r - stage.requests);
	stage.answered += answer->end == CARRIER_ANSWERED ? 1 : 0;
	if (answer->end == CARRIER_TIMEOUT) {
		stage.late++;
		stage.server.manner = stage.stays_silent ? MANNER_SILENT : MANNER_ANSWERS;
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
	for (unsigned i = 0; i < CALLS; i++) { /* who came first goes on first */
		assert_in_range(stage.order[i] + CROWD, i, i + 2 * CROWD);
	}
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

/* By a name that has to be looked up first, as inet_pton does not know such addresses. */
static void call_by_name(unsigned n)
{
	struct endpoint endpoint = stage.server.endpoint;

	(void)strcpy(endpoint.host, "127.1");
	stage.target = carrier_target(stage.carrier, &endpoint, &stage.tls);
	assert_non_null(stage.target);
	stage.server.manner = MANNER_SILENT;
	start_from(0, n);
}

static void who_waited_for_the_name_is_not_late_in_a_crowd(void **state)
{
	UNUSED(state);
	call_by_name(CROWD);
	stage.patience = 0.1;
	start_from(CROWD, CALLS - 1 - CROWD);
	stage.patience = 0.3;
	start(CALLS - 1, true);
	WAIT_FOR(stage.late > 0);
	assert_int_equal(stage.order[0], CALLS - 1);
}

static void a_renewal_that_waited_for_the_name_is_let_on(void **state)
{
	UNUSED(state);
	call_by_name(CALLS - 1);
	start(CALLS - 1, true);
	WAIT_FOR(stage.server.calls == CROWD + 1);
}

/* One new connection may be what it takes. When that is as silent, it is the server. */
static void nobody_waits_for_a_server_that_stays_silent(void **state)
{
	UNUSED(state);
	stage.stays_silent = true;
	stage.patience = 0.2;
	crowd();
	WAIT_FOR(stage.ends == CALLS);
	assert_int_equal(stage.answered, 1);
	assert_true(stage.late < CALLS - 1); /* of some it was not waited for */
	assert_true(stage.server.accepted <= 3);
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

/* An agent that had no time to look must not blame etcd for it. */
static void what_came_in_time_counts_however_late_we_look(void **state)
{
	UNUSED(state);
	start(0, false);
	WAIT_FOR(stage.ends == 1);
	stage.patience = 0.05;
	start(1, false);
	double late = stage.requests[1].call.deadline + 0.01;
	WAIT_FOR(stage.server.calls == 2);
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
