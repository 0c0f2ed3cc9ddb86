/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service.h"

#include <string.h>

#include "agent/util.h"

/* The first audit after a standstill has its whole timeout, and this to be judged, seconds. */
#define PATIENCE_MORE 0.25

static enum goal goal_of(enum health_state health)
{
	static const enum goal goals[] = {
		[HEALTH_UNKNOWN] = GOAL_KEEP,
		[HEALTH_UP] = GOAL_PRESENT,
		[HEALTH_DOWN] = GOAL_ABSENT,
	};

	return goals[health];
}

static void on_health(struct prober *prober)
{
	struct service *s = CONTAINER_OF(prober, struct service, prober);

	registration_want(&s->registration, goal_of(prober->health.state));
}

static void on_withdrawn(struct registration *registration)
{
	struct service *s = CONTAINER_OF(registration, struct service, registration);

	s->on_gone(s);
}

int service_init(struct service *s, struct ev_loop *loop, struct etcd *etcd,
		struct tls_shelf *shelf, const struct descriptor *desc, struct random *random,
		service_gone *on_gone)
{
	memset(s, 0, sizeof *s);
	s->on_gone = on_gone;
	if (prober_init(&s->prober, loop, shelf, desc, random, on_health) < 0 ||
			registration_init(&s->registration, loop, etcd, desc, random,
					on_withdrawn) < 0) {
		service_finish(s);
		return -1;
	}
	return 0;
}

void service_start(struct service *s)
{
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
	prober_interrupted(&s->prober);
}

void service_leave(struct service *s)
{
	prober_finish(&s->prober); /* no verdict counts any more */
	registration_want(&s->registration, GOAL_EXIT);
}

void service_finish(struct service *s)
{
	prober_finish(&s->prober);
	registration_finish(&s->registration);
}
