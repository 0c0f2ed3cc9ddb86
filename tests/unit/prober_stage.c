/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/prober_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/util.h"

struct prober_stage stage;

/* ---- the played probe ------------------------------------------------------------------------ */

static struct probe *create(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
		const struct descriptor *desc, const struct probe_events *events, void *owner)
{
	UNUSED(loop);
	UNUSED(turn);
	UNUSED(shelf);
	UNUSED(desc);
	stage.probe = (struct probe){ .kind = &probe_grpc, .events = events, .owner = owner };
	return &stage.probe;
}

static void audit(struct probe *probe, double deadline)
{
	assert_ptr_equal(probe, &stage.probe);
	stage.audits++;
	stage.deadline = deadline;
}

static void forget(struct probe *probe)
{
	assert_ptr_equal(probe, &stage.probe);
	stage.forgotten++;
}

static void destroy(struct probe *probe)
{
	UNUSED(probe);
	stage.destroyed++;
}

const struct probe_kind probe_grpc = {
	.create = create, .audit = audit, .forget = forget, .destroy = destroy
};

void report(enum reason reason, bool is_audit)
{
	const struct probe_report r = { .reason = reason, .audit = is_audit };

	stage.probe.events->on_report(&stage.probe, &r);
}

void answer(enum reason reason)
{
	stage.now += 0.001;
	report(reason, true);
}

void unsettle(void)
{
	stage.probe.events->on_unsettled(&stage.probe);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static double played_time(void)
{
	return stage.now;
}

void on_change(struct prober *p)
{
	assert_ptr_equal(p, &stage.prober);
	stage.changes++;
}

void on_audited(struct prober *p, const struct prober_result *result)
{
	UNUSED(p);
	stage.audited++;
	stage.result = *result;
}

int set_up(void **state)
{
	static char name[] = "coupon";
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	clock_replace(played_time);
	log_setup(LOG_ERROR, LOG_TEXT);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	stage.desc.service.name = name;
	stage.desc.service.host = name;
	stage.desc.probe.interval_ms = 1000;
	stage.desc.probe.timeout_ms = 250;
	stage.desc.probe.success_threshold = 1;
	stage.desc.probe.failure_threshold = 3;
	return prober_init(&stage.prober, stage.loop, NULL, &stage.desc, &stage.cadence, on_change);
}

int tear_down(void **state)
{
	UNUSED(state);
	prober_finish(&stage.prober);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

double pause_left(void)
{
	assert_true(ev_is_active(&stage.prober.next));
	double left = ev_timer_remaining(stage.loop, &stage.prober.next);
	return left > 0.0 ? left : 0.0;
}

void end_pause(void)
{
	stage.now += pause_left();
	ev_timer_stop(stage.loop, &stage.prober.next);
	ev_invoke(stage.loop, &stage.prober.next, EV_TIMER);
}

void come_up(void)
{
	prober_start(&stage.prober);
	end_pause();
	answer(REASON_SERVING);
	assert_int_equal(stage.prober.health.state, HEALTH_UP);
}
