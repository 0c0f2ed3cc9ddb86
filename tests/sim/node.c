/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/node.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/timer.h"
#include "agent/util.h"
#include "tests/sim/world.h"

/* As agent.c has it, seconds. */
#define PATIENCE 10.0

#define NEVER ((double)INFINITY)

/* The process is no more; what it sent is still on its way. */
static void end_process(struct world *w, struct node *n)
{
	judge_look(w);
	service_finish(&n->service);
	client_finish(&n->client);
	ev_timer_stop(&n->loop, &n->patience);
	assert(n->loop.n == 0); /* no timer outlives its owner */
	n->runs = false;
	n->runs_since = NEVER;
	n->stopped_at = n->paused ? n->stopped_at : world_now(w);
	n->paused = false;
}

/* What every callback into the agent ends with. */
static void returned(struct world *w, struct node *n)
{
	judge_node(w, n);
	if (n->service.prober.health.state != n->health) {
		n->health = n->service.prober.health.state;
		world_note(w, n->slot, FACT_HEALTH, n->health, 0);
	}
	if (n->over) {
		world_note(w, n->slot, FACT_GONE, n->incarnation, 0);
		end_process(w, n);
	}
}

static void on_gone(struct service *service)
{
	CONTAINER_OF(service, struct node, service)->over = true;
}

static const struct service_events service_events = { .on_gone = on_gone };

static void on_patience(struct ev_loop *loop, ev_timer *patience, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	CONTAINER_OF(patience, struct node, patience)->over = true;
}

static void plant_timers(const struct world *w, struct node *n)
{
	if (w->script.plant == PLANT_HASTY || w->script.plant == PLANT_SLUGGISH) {
		n->loop.bent = &n->service.registration.wake;
		n->loop.factor = w->script.plant == PLANT_HASTY ? 0.0 : 4.0;
	}
}

void node_start(struct world *w, int slot)
{
	struct node *n = &w->nodes[slot];
	double now = world_now(w);

	judge_look(w);
	assert(!n->runs);
	memset(n, 0, sizeof *n);
	n->slot = slot;
	n->incarnation = ++w->incarnations;
	n->runs = true;
	n->loop.owner = n;
	plant_timers(w, n);
	n->born_at = n->runs_since = n->link_since = n->sees_since = now;
	n->left_since = NEVER;
	n->probe.world = w;
	n->probe.slot = slot;
	random_seed(&n->random, dice_next(&w->dice));
	client_init(&n->client, w, slot);
	ev_timer_init(&n->patience, on_patience, 0.0, 0.0);
	world_note(w, slot, FACT_START, n->incarnation, 0);
	if (service_init(&n->service, &n->loop, &n->client.etcd, NULL, &w->script.desc, &n->random,
			    NULL, &service_events) < 0) {
		abort();
	}
	service_start(&n->service);
	returned(w, n);
}

void node_kill(struct world *w, int slot)
{
	struct node *n = &w->nodes[slot];

	if (n->runs) {
		world_note(w, slot, FACT_KILL, n->incarnation, 0);
		end_process(w, n);
	}
}

void node_terminate(struct world *w, int slot)
{
	struct node *n = &w->nodes[slot];

	if (!n->runs || n->paused || n->leaving) {
		return;
	}
	judge_look(w);
	world_note(w, slot, FACT_TERM, n->incarnation, 0);
	n->leaving = true;
	n->left_since = world_now(w);
	if (w->script.plant != PLANT_DEFIANT) {
		timer_start(&n->loop, &n->patience, PATIENCE);
		service_leave(&n->service, ABSENCE_STOPPED, false);
	}
	returned(w, n);
}

void node_pause(struct world *w, int slot, double length)
{
	struct node *n = &w->nodes[slot];

	judge_look(w);
	world_note(w, slot, FACT_PAUSE, n->incarnation, (int64_t)(length * 1000.0));
	n->paused = true;
	n->stopped_at = world_now(w);
	n->runs_since = NEVER;
}

static void hand_over(struct world *w, struct node *n, const struct event *event)
{
	if (!n->runs || n->incarnation != event->incarnation) {
		return; /* it ended meanwhile */
	}
	if (event->kind == EVENT_ANSWER) {
		client_hear(&n->client, &event->message);
	} else {
		probe_hear(&n->probe, event);
	}
	returned(w, n);
}

void node_deliver(struct world *w, const struct event *event)
{
	struct node *n = &w->nodes[event->slot];

	if (n->paused && n->incarnation == event->incarnation) {
		queue_add(&n->inbox, event);
	} else {
		hand_over(w, n, event);
	}
}

static void empty_inbox(struct world *w, struct node *n)
{
	struct event event;

	while (n->runs && queue_take(&n->inbox, &event)) {
		hand_over(w, n, &event);
	}
}

static double seconds_ttl(const struct world *w)
{
	return (double)w->script.desc.registry.ttl_ms / 1000.0;
}

/* Which comes first, the timers that are due or what lies in the buffers, is anybody's guess. */
void node_resume(struct world *w, int slot)
{
	struct node *n = &w->nodes[slot];
	double gap = world_now(w) - n->stopped_at;
	/* As standstill.c measures it: from when the loop last turned. */
	double measured = gap + dice_between(&w->dice, 0.0, seconds_ttl(w) / 4.0);

	judge_look(w);
	world_note(w, slot, FACT_RESUME, n->incarnation, (int64_t)n->inbox.n);
	n->paused = false;
	n->runs_since = world_now(w);
	if (gap > w->script.ttl) {
		n->record.must_pass = true;
		n->record.must_hear = true;
		n->record.passes = n->record.fails = 0;
		n->record.went_on_at = world_now(w);
	}
	if (w->script.plant != PLANT_RASH) {
		service_interrupted(&n->service, measured);
		returned(w, n);
	}
	if (dice_chance(&w->dice, 0.5)) {
		empty_inbox(w, n);
	}
	while (n->runs && loop_next(&n->loop) <= world_now(w)) {
		node_wake(w, n);
	}
	empty_inbox(w, n);
}

void node_set_link(struct world *w, int slot, enum link_state link)
{
	struct node *n = &w->nodes[slot];

	judge_look(w);
	world_note(w, slot, FACT_LINK, link, slot);
	n->link = link;
	n->link_since = link == LINK_GOOD ? world_now(w) : NEVER;
}

void node_set_blind(struct world *w, int slot, bool blind)
{
	struct node *n = &w->nodes[slot];

	judge_look(w);
	world_note(w, slot, FACT_BLIND, blind, 0);
	n->blind = blind;
	n->sees_since = blind ? NEVER : world_now(w);
}

double node_next(const struct node *n)
{
	return n->runs && !n->paused ? loop_next(&n->loop) : NEVER;
}

void node_wake(struct world *w, struct node *n)
{
	if (w->script.plant == PLANT_SLEEPY) {
		ev_timer *wake = &n->service.registration.wake;
		if (ev_is_active(wake) && wake->at <= loop_time()) {
			ev_timer_stop(&n->loop, wake);
			returned(w, n);
			return;
		}
	}
	(void)loop_fire(&n->loop);
	returned(w, n);
}

void node_finish(struct node *n)
{
	if (n->runs) {
		service_finish(&n->service);
		client_finish(&n->client);
		n->runs = false;
	}
}
