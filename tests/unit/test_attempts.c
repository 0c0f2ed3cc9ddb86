/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"
#include "probes/attempts.h"

#define SILENT N_REASONS

/* The stage: attempts that end as a script says, each from the loop. */
static struct {
	struct ev_loop *loop;
	struct probe probe;
	struct attempts attempts;
	const enum reason *script;
	unsigned n_script, begun, dropped, reports;
	ev_timer ending;
	enum reason reason;
	char detail[100];
} stage;

static void on_ending(struct ev_loop *loop, ev_timer *ending, int revents)
{
	char detail[40];

	UNUSED(loop);
	UNUSED(ending);
	UNUSED(revents);
	(void)snprintf(detail, sizeof detail, "attempt %u", stage.begun);
	attempts_ended(&stage.attempts, stage.script[stage.begun - 1], detail);
}

static void begin(struct attempts *a)
{
	unsigned at = stage.begun++;

	assert_ptr_equal(a, &stage.attempts);
	assert_true(at < stage.n_script);
	if (stage.script[at] != SILENT) {
		ev_timer_set(&stage.ending, 0.0, 0.0);
		ev_timer_start(stage.loop, &stage.ending);
	}
}

static void drop(struct attempts *a)
{
	assert_ptr_equal(a, &stage.attempts);
	stage.dropped++;
	ev_timer_stop(stage.loop, &stage.ending);
}

static const struct attempts_events attempts_events = { .begin = begin, .drop = drop };

static void on_report(struct probe *probe, const struct probe_report *report)
{
	assert_ptr_equal(probe, &stage.probe);
	assert_true(report->audit);
	stage.reports++;
	stage.reason = report->reason;
	(void)snprintf(stage.detail, sizeof stage.detail, "%s",
			report->detail != NULL ? report->detail : "none");
	ev_break(stage.loop, EVBREAK_ONE);
}

static const struct probe_events probe_events = { .on_report = on_report };

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	stage.probe.events = &probe_events;
	ev_timer_init(&stage.ending, on_ending, 0.0, 0.0);
	attempts_init(&stage.attempts, stage.loop, &stage.probe, &attempts_events);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	attempts_forget(&stage.attempts);
	assert_int_equal(ev_pending_count(stage.loop), 0);
	ev_timer_stop(stage.loop, &stage.ending);
	ev_loop_destroy(stage.loop);
	return 0;
}

/* An audit whose attempts end so, and what comes of it. */
static void expect(const enum reason *script, unsigned n, double timeout, enum reason reason,
		const char *detail)
{
	unsigned before = stage.reports;

	stage.script = script;
	stage.n_script = n;
	stage.begun = 0;
	attempts_audit(&stage.attempts, clock_now() + timeout);
	assert_int_equal(stage.reports, before); /* it never calls back */
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.reports, before + 1);
	assert_int_equal(stage.reason, reason);
	if (detail != NULL) {
		assert_string_equal(stage.detail, detail);
	}
	(void)ev_run(stage.loop, 0); /* nothing goes on */
	assert_int_equal(stage.reports, before + 1);
}

#define EXPECT(timeout, found, said, ...)                                                          \
	do {                                                                                       \
		static const enum reason script[] = { __VA_ARGS__ };                               \
		expect(script, ARRAY_LEN(script), timeout, found, said);                           \
		assert_int_equal(stage.begun, ARRAY_LEN(script));                                  \
	} while (0)

static void most_ends_are_believed_at_once(void **state)
{
	UNUSED(state);
	EXPECT(5.0, REASON_CONNECTED, "attempt 1", REASON_CONNECTED);
	EXPECT(5.0, REASON_HTTP_STATUS, "attempt 1", REASON_HTTP_STATUS);
	EXPECT(5.0, REASON_DEADLINE, "attempt 1", REASON_DEADLINE);
	EXPECT(5.0, REASON_TLS_FILES, "attempt 1", REASON_TLS_FILES);
}

static void a_refusal_is_believed_the_second_time(void **state)
{
	UNUSED(state);
	EXPECT(5.0, REASON_REFUSED, "attempt 2", REASON_REFUSED, REASON_REFUSED);
	EXPECT(5.0, REASON_TLS_ERROR, "attempt 2", REASON_TLS_ERROR, REASON_TLS_ERROR);
	EXPECT(5.0, REASON_HTTP_OK, "attempt 2", REASON_REFUSED, REASON_HTTP_OK);
	EXPECT(5.0, REASON_REFUSED, "attempt 4", REASON_REFUSED, REASON_RESET, REASON_REFUSED,
			REASON_REFUSED);
}

static void a_broken_connection_is_tried_anew(void **state)
{
	UNUSED(state);
	EXPECT(5.0, REASON_HTTP_OK, "attempt 4", REASON_RESET, REASON_RESET, REASON_RESET,
			REASON_HTTP_OK);
	/* And again in the next audit: nothing of the one before is left. */
	EXPECT(5.0, REASON_HTTP_OK, "attempt 2", REASON_REFUSED, REASON_HTTP_OK);
}

static void the_deadline_ends_it(void **state)
{
	static const enum reason resets[] = { REASON_RESET, REASON_RESET, REASON_RESET,
		REASON_RESET, REASON_RESET, REASON_RESET };
	unsigned dropped;

	UNUSED(state);
	EXPECT(0.5, REASON_DEADLINE, "none", SILENT);
	assert_int_equal(stage.dropped, 1);
	/* In the pause of 200 ms before the last; where that begins late, in one before it, or once
	 * in a while while an attempt is under way. */
	for (unsigned i = 0; i < 20; i++) {
		dropped = stage.dropped;
		expect(resets, ARRAY_LEN(resets), 0.275, REASON_RESET, NULL);
		if (stage.dropped == dropped) {
			break; /* there was none under way */
		}
	}
	assert_int_equal(stage.dropped, dropped);
}

/* A refusal that was not repeated is no evidence; connections that broke are. */
static void silence_after_other_ends(void **state)
{
	UNUSED(state);
	EXPECT(5.0, REASON_RESET, "attempt 2", REASON_RESET, REASON_RESET, REASON_DEADLINE);
	EXPECT(5.0, REASON_DEADLINE, "attempt 2", REASON_REFUSED, REASON_DEADLINE);
	EXPECT(3.0, REASON_RESET, "attempt 1", REASON_RESET, SILENT);
	EXPECT(3.0, REASON_DEADLINE, "none", REASON_REFUSED, SILENT);
	assert_int_equal(stage.dropped, 2);
}

static void what_is_forgotten_has_no_report(void **state)
{
	static const enum reason silent[] = { SILENT };
	static const enum reason refused[] = { REASON_REFUSED, REASON_REFUSED };

	UNUSED(state);
	stage.script = silent;
	stage.n_script = 1;
	attempts_audit(&stage.attempts, clock_now() + 0.01);
	attempts_forget(&stage.attempts);
	assert_int_equal(stage.dropped, 1);
	stage.begun = 0;
	stage.script = refused;
	attempts_audit(&stage.attempts, clock_now() + 5.0);
	(void)ev_run(stage.loop, EVRUN_ONCE);
	attempts_forget(&stage.attempts); /* between the two */
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.reports, 0);
	assert_int_equal(stage.begun, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(most_ends_are_believed_at_once),
		TEST(a_refusal_is_believed_the_second_time),
		TEST(a_broken_connection_is_tried_anew),
		TEST(the_deadline_ends_it),
		TEST(silence_after_other_ends),
		TEST(what_is_forgotten_has_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
