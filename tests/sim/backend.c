/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/backend.h"

#include <math.h>
#include <string.h>

#include "agent/timer.h"
#include "agent/util.h"
#include "tests/sim/world.h"

/* What an audit that reaches the service in this mode is told; N_REASONS: nothing. */
static const enum reason reasons[N_MODES] = {
	[MODE_SERVING] = REASON_SERVING,
	[MODE_SLOW] = REASON_SERVING,
	[MODE_NOT_SERVING] = REASON_NOT_SERVING,
	[MODE_HUNG] = N_REASONS,
	[MODE_ERROR] = REASON_GRPC_ERROR,
	[MODE_DEAD] = REASON_REFUSED,
};

/* Two tries to connect that are refused, seconds. */
#define REFUSED_AFTER 0.006

/* ---- the service ----------------------------------------------------------------------------- */

void backend_init(struct backend *t, double now)
{
	*t = (struct backend){ .mode = MODE_SERVING,
		.mode_since = now,
		.ill_since = (double)INFINITY,
		.well_since = now,
		.life = 1 };
}

/* To arrive at the probe, after all that was sent to it before. */
static void tell(struct world *w, struct played_probe *p, enum event_kind kind, uint64_t number,
		enum reason reason)
{
	struct event event = { .at = world_now(w) +
				     dice_between(&w->dice, 0.0001, w->script.probe_delay),
		.sent_at = world_now(w),
		.kind = kind,
		.slot = p->slot,
		.incarnation = w->nodes[p->slot].incarnation,
		.berth = p->berth,
		.number = number,
		.reason = reason };

	event.at = fmax(event.at, p->heard_at);
	p->heard_at = event.at;
	queue_add(&w->queue, &event);
}

/* An agent that audits a service which has just died finds nothing there. */
static void hang_up(struct world *w, struct played_probe *p)
{
	if (p->life == 0) {
		return;
	}
	if (p->auditing) {
		tell(w, p, EVENT_PROBE_ANSWER, p->audits, REASON_REFUSED);
	} else {
		tell(w, p, EVENT_UNSETTLED, p->connection, N_REASONS);
	}
	p->life = 0;
}

static void push(struct world *w, struct played_probe *p)
{
	enum reason reason = reasons[w->backend.mode];

	if (p->watching && p->life == w->backend.life && reason != N_REASONS &&
			reason != REASON_GRPC_ERROR && !dice_chance(&w->dice, w->script.forgets)) {
		tell(w, p, EVENT_PUSH, p->connection, reason);
	}
}

void backend_become(struct world *w, enum mode mode)
{
	struct backend *t = &w->backend;
	double now = world_now(w);
	bool well = mode == MODE_SERVING, ill = !well && mode != MODE_SLOW;

	if (mode == t->mode) {
		return;
	}
	judge_look(w);
	world_note(w, -1, FACT_SERVICE, mode, 0);
	t->mode = mode;
	t->mode_since = now;
	t->well_since = well ? now : (double)INFINITY;
	t->ill_since = !ill ? (double)INFINITY : fmin(t->ill_since, now);
	t->life += mode == MODE_DEAD ? 1 : 0;
	for (int i = 0; i < NODES; i++) {
		for (unsigned k = 0; w->nodes[i].runs && k < BERTHS; k++) {
			if (mode == MODE_DEAD) {
				hang_up(w, &w->nodes[i].berths[k].probe);
			} else {
				push(w, &w->nodes[i].berths[k].probe);
			}
		}
	}
}

void backend_serve(struct world *w, const struct event *event)
{
	struct node *n = &w->nodes[event->slot];
	struct played_probe *p = &n->berths[event->berth].probe;
	enum reason reason = reasons[w->backend.mode];

	if (!n->runs || n->incarnation != event->incarnation || p->audits != event->number) {
		return; /* nobody waits for it any more */
	}
	if (n->blind) {
		reason = REASON_NO_RESOURCES;
	} else if (w->script.plant == PLANT_DEAF) {
		reason = REASON_SERVING;
	} else if (w->script.plant == PLANT_MUTE) {
		reason = REASON_NOT_SERVING;
	} else if (reason == REASON_SERVING && w->script.healthless) {
		reason = REASON_UNIMPLEMENTED;
	}
	if (reason == N_REASONS) {
		return;
	}
	if (!n->blind && w->backend.mode != MODE_DEAD && p->life != w->backend.life) {
		p->life = w->backend.life;
		p->connection++;
		p->watching = w->script.watches;
	}
	tell(w, p, EVENT_PROBE_ANSWER, event->number, reason);
}

/* ---- the probe ------------------------------------------------------------------------------- */

static struct played_probe *self_of(struct probe *probe)
{
	return CONTAINER_OF(probe, struct played_probe, probe);
}

static struct ev_loop *loop_of(struct played_probe *p)
{
	return &p->world->nodes[p->slot].loop;
}

/* `as_of`: the service said so no earlier. */
static void report(struct played_probe *p, enum reason reason, bool audit, double as_of)
{
	world_note(p->world, p->slot, FACT_REPORT, reason, audit);
	judge_report(&p->world->nodes[p->slot].berths[p->berth], reason, audit, as_of);
	if (p->world->script.plant == PLANT_JUMPY && reason == REASON_DEADLINE) {
		reason = REASON_REFUSED;
	}
	p->probe.events->on_report(
			&p->probe, &(struct probe_report){ .reason = reason, .audit = audit });
}

static void finish_audit(struct played_probe *p, enum reason reason)
{
	p->auditing = false;
	ev_timer_stop(loop_of(p), &p->deadline);
	report(p, reason, true, p->asked_at);
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	struct played_probe *p = CONTAINER_OF(deadline, struct played_probe, deadline);

	UNUSED(loop);
	UNUSED(revents);
	p->audits++; /* what is still on its way is for nobody */
	finish_audit(p, REASON_DEADLINE);
}

void probe_hear(struct played_probe *p, const struct event *event)
{
	if (event->kind == EVENT_PROBE_ANSWER) {
		if (p->auditing && event->number == p->audits) {
			finish_audit(p, event->reason);
		}
	} else if (event->number != p->connection) {
		return; /* from a connection that is closed */
	} else if (event->kind == EVENT_PUSH) {
		report(p, event->reason, false, event->sent_at);
	} else {
		p->connection++;
		p->probe.events->on_unsettled(&p->probe);
	}
}

static double service_time(struct world *w)
{
	switch (w->backend.mode) {
	case MODE_SLOW:
		return dice_between(&w->dice, 0.0, 1.5 * w->script.timeout);
	case MODE_DEAD:
		return REFUSED_AFTER;
	case MODE_SERVING:
	case MODE_NOT_SERVING:
	case MODE_HUNG:
	case MODE_ERROR:
	case N_MODES:
		break;
	}
	return dice_between(&w->dice, 0.0001, w->script.probe_delay);
}

static void audit(struct probe *probe, double deadline)
{
	struct played_probe *p = self_of(probe);
	struct world *w = p->world;
	struct event event = { .at = world_now(w) + service_time(w),
		.kind = EVENT_PROBE,
		.slot = p->slot,
		.incarnation = w->nodes[p->slot].incarnation,
		.berth = p->berth,
		.number = ++p->audits };

	p->auditing = true;
	p->asked_at = world_now(w);
	timer_start(loop_of(p), &p->deadline, deadline - world_now(w));
	queue_add(&w->queue, &event);
}

static void forget(struct probe *probe)
{
	struct played_probe *p = self_of(probe);

	p->auditing = false;
	p->audits++;
	p->connection++;
	p->life = 0;
	p->watching = false;
	ev_timer_stop(loop_of(p), &p->deadline);
}

static void destroy(struct probe *probe)
{
	if (probe != NULL) {
		forget(probe);
	}
}

/* The probe is a part of its agent, found by the loop; its owner is the prober of a service. */
static struct probe *create(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
		const struct descriptor *desc, const struct probe_events *events, void *owner)
{
	struct prober *prober = owner;
	struct berth *b = node_berth(loop->owner, CONTAINER_OF(prober, struct service, prober));
	struct played_probe *p = &b->probe;

	UNUSED(turn);
	UNUSED(shelf);
	UNUSED(desc);
	p->probe = (struct probe){ &probe_grpc, events, owner };
	ev_timer_init(&p->deadline, on_deadline, 0.0, 0.0);
	return &p->probe;
}

const struct probe_kind probe_grpc = {
	.create = create,
	.audit = audit,
	.forget = forget,
	.destroy = destroy,
};

/* No descriptor here has another type. */
const struct probe_kind *const probe_kinds[N_PROBE_TYPES] = { [PROBE_GRPC] = &probe_grpc };
