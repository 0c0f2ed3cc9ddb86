/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service - aim() is the one place that says what is wanted of the
 * registration, and why.
 *
 * A lease takes etcd as long as a first probe takes the service, so both are
 * asked at once when a service is started, and one call remains when the
 * verdict comes. That costs two small calls more, a grant and a revoke, where
 * the verdict is bad: once a start, with no key on the lease and so no event
 * for any reader, as many as there are agents that start at that moment, each
 * of which would ask for the same grant a moment later if its service were
 * well. So a storm of starts is no larger for it than it is with healthy
 * services. Where thousands start together, and the first probe of one waits for
 * its turn, so does its lease: it would be old when the verdict comes. A service with an
 * initial_delay waits for that anyway, and one whose health was known before is not about to be
 * listed anew.
 */
#include "agent/service.h"

#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

/* The first audit after a standstill has its whole timeout, and this to be judged, seconds. */
#define PATIENCE_MORE 0.25

static enum goal goal_of(const struct service *s)
{
	static const enum goal goals[] = {
		[HEALTH_UNKNOWN] = GOAL_KEEP,
		[HEALTH_UP] = GOAL_PRESENT,
		[HEALTH_DOWN] = GOAL_ABSENT,
	};
	enum health_state health = s->prober.health.state;

	if (s->leaving) {
		return GOAL_EXIT;
	}
	if (s->drained) {
		return GOAL_ABSENT;
	}
	if (s->opening && s->prober.started) {
		return GOAL_READY;
	}
	return s->succeeded && health == HEALTH_UP ? GOAL_KEEP : goals[health];
}

static void aim(struct service *s)
{
	s->opening = s->opening && s->prober.health.state == HEALTH_UNKNOWN && !s->drained;
	s->registration.absence = s->leaving   ? s->why
				  : s->drained ? ABSENCE_DRAINED
					       : ABSENCE_UNHEALTHY;
	registration_want(&s->registration, goal_of(s));
}

static void tell(struct service *s)
{
	if (s->events->on_change != NULL) {
		s->events->on_change(s);
	}
}

static void on_health(struct prober *prober)
{
	struct service *s = CONTAINER_OF(prober, struct service, prober);

	aim(s);
	tell(s);
}

static void on_first_audit(struct prober *prober)
{
	aim(CONTAINER_OF(prober, struct service, prober));
}

static void on_registration(struct registration *registration)
{
	tell(CONTAINER_OF(registration, struct service, registration));
}

static void on_withdrawn(struct registration *registration)
{
	struct service *s = CONTAINER_OF(registration, struct service, registration);

	s->events->on_gone(s);
}

int service_init(struct service *s, struct ev_loop *loop, struct etcd *etcd,
		struct tls_shelf *shelf, const struct descriptor *desc, struct random *random,
		struct cadence *cadence, struct counts *counts, const struct service_events *events)
{
	memset(s, 0, sizeof *s);
	s->events = events;
	if (prober_init(&s->prober, loop, shelf, desc, cadence, on_health) < 0 ||
			registration_init(&s->registration, loop, etcd, desc, random,
					on_withdrawn) < 0) {
		service_finish(s);
		return -1;
	}
	s->prober.counts = counts;
	s->prober.on_begun = on_first_audit;
	s->registration.counts = counts;
	s->registration.on_change = on_registration;
	return 0;
}

void service_start(struct service *s)
{
	s->opening = s->registration.desc->probe.initial_delay_ms == 0;
	aim(s); /* a drained one has nothing to wait for */
	prober_start(&s->prober);
}

void service_interrupted(struct service *s, double gap)
{
	const struct descriptor *desc = s->registration.desc;
	double ttl = (double)desc->registry.ttl_ms / 1000.0;

	if (gap <= ttl) {
		return;
	}
	registration_interrupted(
			&s->registration, (double)desc->probe.timeout_ms / 1000.0 + PATIENCE_MORE);
	s->opening = false;
	aim(s);
	prober_interrupted(&s->prober);
}

void service_drain(struct service *s, bool drained)
{
	s->drained = drained;
	aim(s);
}

void service_succeed(struct service *s, struct service *before)
{
	prober_succeed(&s->prober, &before->prober);
	registration_succeed(&s->registration, &before->registration);
	before->succeeded = true;
	aim(before);
}

bool service_has_settled(const struct service *s)
{
	const struct registration *r = &s->registration;

	return s->leaving || s->drained || s->prober.health.state == HEALTH_DOWN || r->contested ||
	       registration_is_listed(r);
}

void service_leave(struct service *s, enum absence why, bool handed_over)
{
	prober_finish(&s->prober); /* no verdict counts any more */
	s->leaving = true;
	s->why = why;
	if (handed_over) {
		registration_hand_over(&s->registration);
	}
	aim(s);
}

bool service_is_withdrawn(const struct service *s)
{
	const struct registration *r = &s->registration;

	return (r->goal == GOAL_ABSENT || r->goal == GOAL_EXIT) && !registration_holds_lease(r);
}

double service_linger(const struct service *s)
{
	const struct registration *r = &s->registration;
	double linger = (double)r->desc->shutdown.linger_ms / 1000.0;
	double left = service_is_withdrawn(s) ? r->unlisted_at + linger - clock_now() : linger;

	return left > 0.0 ? left : 0.0;
}

void service_finish(struct service *s)
{
	prober_finish(&s->prober);
	registration_finish(&s->registration);
}
