/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/registration.h"
#include "agent/util.h"
#include "tests/unit/registration_stage.h"

/* ---- the played etcd ------------------------------------------------------------------------- */

struct played_etcd etcd;

double now;

static double played_time(void)
{
	return now;
}

static void begin(struct etcd_call *call, enum asked what, int64_t lease, etcd_done *done)
{
	assert_null(etcd.call); /* one call in flight */
	memset(call, 0, sizeof *call);
	call->sent_at = clock_now();
	etcd.call = call;
	etcd.what = what;
	etcd.lease = lease;
	etcd.done = done;
	etcd.calls++;
}

/* Soon before a third of a TTL has passed. */
void etcd_take_seat(struct etcd *e, struct etcd_seat *seat)
{
	UNUSED(e);
	seat->phase = 0.97;
}

void etcd_give_seat(struct etcd *e, struct etcd_seat *seat)
{
	UNUSED(e);
	UNUSED(seat);
}

void etcd_hold(struct etcd *e, struct etcd_seat *seat, int64_t lease)
{
	UNUSED(e);
	UNUSED(seat);
	UNUSED(lease);
}

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done)
{
	UNUSED(e);
	begin(call, ASKED_GRANT, 0, done);
	etcd.ttl_s = ttl_s;
}

void etcd_put(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	UNUSED(e);
	begin(call, ASKED_PUT, claim->terms.lease, done);
	etcd.claim = *claim;
}

void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	UNUSED(e);
	begin(call, ASKED_VERIFY, claim->terms.lease, done);
	etcd.claim = *claim;
}

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done)
{
	UNUSED(e);
	begin(call, ASKED_REVOKE, lease, done);
}

void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done)
{
	UNUSED(e);
	UNUSED(ttl);
	begin(call, ASKED_RENEW, lease, done);
}

void etcd_cancel(struct etcd_call *call)
{
	if (etcd.call != NULL && etcd.call == call) {
		etcd.call = NULL;
		etcd.cancels++;
	}
}

/* ---- the stage ------------------------------------------------------------------------------- */

struct registration_stage stage;

static char name[] = "coupon", host[] = "localhost", protocol[] = "grpc", prefix[] = "/services",
	    domain[] = "skydns.local";

static void on_gone(struct registration *r)
{
	assert_ptr_equal(r, &stage.r);
	stage.gone++;
}

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	memset(&etcd, 0, sizeof etcd);
	now = 1000.0;
	clock_replace(played_time);
	log_setup(LOG_ERROR, LOG_TEXT);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	random_seed(&stage.random, 7);
	stage.desc.service.name = name;
	stage.desc.service.host = host;
	stage.desc.service.port = 50051;
	stage.desc.service.protocol = protocol;
	stage.desc.registry.prefix = prefix;
	stage.desc.registry.domain = domain;
	stage.desc.registry.formats = (struct formats){ { FORMAT_SERVICES }, 1 };
	stage.desc.registry.ttl_ms = 10000;
	return registration_init(&stage.r, stage.loop, NULL, &stage.desc, &stage.random, on_gone);
}

int tear_down(void **state)
{
	UNUSED(state);
	registration_finish(&stage.r);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

void end_call(struct etcd_reply reply)
{
	struct etcd_call *call = etcd.call;

	assert_non_null(call);
	etcd.call = NULL;
	etcd.what = ASKED_NOTHING;
	reply.why = "as the test has it";
	etcd.done(call, &reply);
}

void answer(enum outcome outcome)
{
	end_call((struct etcd_reply){ .outcome = outcome, .ttl = 10.0, .other = 99 });
}

void leave_unsure(bool elsewhere, bool patient)
{
	end_call((struct etcd_reply){
			.outcome = OUTCOME_UNSURE, .elsewhere = elsewhere, .patient = patient });
}

void grant(int64_t lease)
{
	assert_int_equal(etcd.what, ASKED_GRANT);
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK,
			.lease = lease,
			.ttl = 10.0,
			.revision = etcd.revision,
			.era = etcd.era });
}

bool pausing(void)
{
	return ev_is_active(&stage.r.wake) != 0;
}

double pause_left(void)
{
	assert_true(pausing());
	return ev_timer_remaining(stage.loop, &stage.r.wake);
}

/* As the loop does it when the time has come. */
void end_pause(void)
{
	assert_true(pausing());
	now += pause_left();
	ev_timer_stop(stage.loop, &stage.r.wake);
	ev_invoke(stage.loop, &stage.r.wake, EV_TIMER);
}

void hold(int64_t lease)
{
	registration_want(&stage.r, GOAL_PRESENT);
	grant(lease);
	assert_int_equal(etcd.what, ASKED_PUT);
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.state, LEASE_HELD);
}

void renew(void)
{
	end_pause();
	assert_int_equal(etcd.what, ASKED_RENEW);
}
