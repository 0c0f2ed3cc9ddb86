/* SPDX-License-Identifier: Apache-2.0 */
/* The grpc probe of an agent that has more to hear than it has time for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/turn.h"
#include "agent/util.h"
#include "probes/probe.h"

#include "tests/unit/descriptors.h"
#include "tests/unit/grpc_server.h"

#define BOUND 60.0 /* seconds; a test that waits so long has failed */

static struct {
	struct ev_loop *loop;
	ev_timer bound;
	struct grpc_server server;
	struct descriptor desc;
	struct turn turn;
	struct probe *probe;
	unsigned reports;
	enum reason reason;
} stage;

static void on_bound(struct ev_loop *loop, ev_timer *bound, int revents)
{
	UNUSED(bound);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

static void on_report(struct probe *probe, const struct probe_report *report)
{
	UNUSED(probe);
	stage.reports++;
	stage.reason = report->reason;
}

static void on_unsettled(struct probe *probe)
{
	UNUSED(probe);
}

static void on_notice(struct probe *probe, const char *sentence)
{
	UNUSED(probe);
	UNUSED(sentence);
}

static const struct probe_events events = {
	.on_report = on_report,
	.on_unsettled = on_unsettled,
	.on_notice = on_notice,
};

static int set_up(void **state)
{
	char text[400];

	clear_environment(state);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&stage.bound, on_bound, BOUND, 0.0);
	ev_timer_start(stage.loop, &stage.bound);
	grpc_server_start(&stage.server, stage.loop);
	turn_init(&stage.turn);
	(void)snprintf(text, sizeof text,
			"service: {name: a, port: %u}\n"
			"probe: {target: \"127.0.0.1:%u\", mode: check, timeout: 200ms}\n",
			stage.server.endpoint.port, stage.server.endpoint.port);
	stage.desc = load_text(text);
	stage.probe = probe_grpc.create(
			stage.loop, &stage.turn, NULL, &stage.desc, &events, &stage);
	return stage.probe != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	UNUSED(state);
	probe_grpc.destroy(stage.probe);
	descriptor_finish(&stage.desc);
	grpc_server_stop(&stage.server);
	ev_timer_stop(stage.loop, &stage.bound);
	ev_loop_destroy(stage.loop);
	return 0;
}

/* The server's answer has no message, which is a reason of its own. */
static void an_answer_that_waits_for_its_turn_is_not_late(void **state)
{
	double deadline = clock_now() + 3.0;

	UNUSED(state);
	probe_grpc.audit(stage.probe, deadline);
	while (stage.server.calls == 0) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
		(void)turn_work(&stage.turn);
	}
	while (clock_now() < deadline + 0.01) {
		(void)ev_run(stage.loop, EVRUN_NOWAIT);
	}
	(void)ev_run(stage.loop, EVRUN_NOWAIT);
	assert_non_null(stage.turn.tasks.first);
	assert_int_equal(stage.reports, 0);
	assert_false(turn_work(&stage.turn));
	while (stage.reports == 0) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
		(void)turn_work(&stage.turn);
	}
	assert_int_equal(stage.reason, REASON_BAD_FRAME);
}

static void who_says_nothing_is_late(void **state)
{
	UNUSED(state);
	stage.server.manner = MANNER_SILENT;
	probe_grpc.audit(stage.probe, clock_now() + 0.2);
	while (stage.reports == 0) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
		(void)turn_work(&stage.turn);
	}
	assert_int_equal(stage.reason, REASON_DEADLINE);
}

static void who_goes_waits_no_more(void **state)
{
	UNUSED(state);
	probe_grpc.audit(stage.probe, clock_now() + BOUND);
	while (stage.turn.tasks.first == NULL) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	probe_grpc.forget(stage.probe);
	assert_null(stage.turn.tasks.first);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_that_waits_for_its_turn_is_not_late),
		TEST(who_says_nothing_is_late),
		TEST(who_goes_waits_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
