/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/node.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/timer.h"
#include "agent/util.h"
#include "tests/sim/bounds.h"
#include "tests/sim/sheet.h"
#include "tests/sim/world.h"

/* As agent.c has it, seconds. */
#define PATIENCE 10.0

#define NEVER ((double)INFINITY)

/* The process is no more; what it sent is still on its way. */
static void end_process(struct world *w, struct node *n)
{
	judge_look(w);
	units_finish(&n->units);
	ev_timer_stop(&n->loop, &n->patience);
	assert(n->loop.n == 0); /* no timer outlives its owner */
	n->runs = false;
	n->runs_since = NEVER;
	n->stopped_at = n->paused ? n->stopped_at : world_now(w);
	n->paused = false;
}

/* ---- berths ---------------------------------------------------------------------------------- */

struct berth *node_berth(struct node *n, const struct service *service)
{
	struct berth *found = NULL;

	for (unsigned i = 0; i < BERTHS; i++) {
		struct berth *b = &n->berths[i];
		if (b->service == service) {
			return b;
		}
		found = found == NULL && b->service == NULL ? b : found;
	}
	assert(found != NULL);
	if (found - n->berths >= n->n_berths) {
		n->n_berths = (unsigned)(found - n->berths) + 1;
	}
	found->service = service;
	found->health = HEALTH_UNKNOWN;
	found->tenure = (struct tenure){ .made_at = loop_time() };
	return found;
}

static bool is_there(const struct units *units, const struct service *service)
{
	for (size_t i = 0; i < units->n; i++) {
		if (&units->at[i]->service == service) {
			return true;
		}
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		if (&CONTAINER_OF(link, struct unit, link)->service == service) {
			return true;
		}
	}
	return false;
}

static unsigned count_free(const struct node *n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BERTHS; i++) {
		count += n->berths[i].service == NULL ? 1 : 0;
	}
	return count;
}

static void clear_berths(struct node *n)
{
	for (unsigned i = 0; i < n->n_berths; i++) {
		struct berth *b = &n->berths[i];
		if (b->service != NULL && !is_there(&n->units, b->service)) {
			assert(b->lane.call == NULL && !b->probe.auditing);
			b->service = NULL;
		}
	}
	while (n->n_berths > 0 && n->berths[n->n_berths - 1].service == NULL) {
		n->n_berths--;
	}
}

static void init_berths(struct world *w, struct node *n)
{
	for (unsigned i = 0; i < BERTHS; i++) {
		struct berth *b = &n->berths[i];
		b->probe.world = w;
		b->probe.slot = n->slot;
		b->probe.berth = i;
		lane_init(&b->lane);
	}
}

/* Before a registration acts on it. */
void node_note_down(struct world *w, struct node *n)
{
	for (unsigned i = 0; i < n->n_berths; i++) {
		const struct service *s = n->berths[i].service;
		n->ill_at = s != NULL && s->prober.health.state == HEALTH_DOWN ? world_now(w)
									       : n->ill_at;
	}
}

static void note_health(struct world *w, struct node *n)
{
	for (unsigned i = 0; i < n->n_berths; i++) {
		struct berth *b = &n->berths[i];
		if (b->service != NULL && b->service->prober.health.state != b->health) {
			b->health = b->service->prober.health.state;
			world_note(w, n->slot, FACT_HEALTH, b->health, i);
		}
	}
}

/* ---- one agent's life ------------------------------------------------------------------------ */

/* The first verdict has still not come, and the lease that was had ahead of it is given back. */
static void plant_eagerness(struct node *n)
{
	struct service *s = &n->units.at[0]->service;

	if (s->prober.health.state != HEALTH_UNKNOWN || s->leaving) {
		return;
	}
	if (s->registration.state == LEASE_GRANTED) {
		service_drain(s, true);
	} else if (s->drained && s->registration.state == LEASE_NONE) {
		service_drain(s, false);
		s->opening = true;
		service_drain(s, false);
	}
}

/* What every callback into the agent ends with. */
static void returned(struct world *w, struct node *n)
{
	if (w->script.plant == PLANT_EAGER) {
		plant_eagerness(n);
	}
	clear_berths(n);
	node_note_down(w, n);
	judge_node(w, n);
	note_health(w, n);
	if (n->over) {
		world_note(w, n->slot, FACT_GONE, n->incarnation, 0);
		end_process(w, n);
	}
}

static void on_change(struct units *units)
{
	UNUSED(units);
}

static void on_all_gone(struct units *units)
{
	CONTAINER_OF(units, struct node, units)->over = true;
}

static const struct units_events units_events = {
	.on_change = on_change,
	.on_all_gone = on_all_gone,
};

static void on_patience(struct ev_loop *loop, ev_timer *patience, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	CONTAINER_OF(patience, struct node, patience)->over = true;
}

static void plant_timers(const struct world *w, struct node *n)
{
	if (w->script.plant == PLANT_HASTY || w->script.plant == PLANT_SLUGGISH) {
		n->loop.bent = &n->units.at[0]->service.registration.wake;
		n->loop.factor = w->script.plant == PLANT_HASTY ? 0.0 : 4.0;
	}
}

/* The descriptor of this turn. */
static void apply(struct world *w, struct node *n)
{
	struct descriptor_set set;
	struct units_change change;
	struct err err;

	sheet_copy(&set, n->turn % SHEETS);
	if (units_apply(&n->units, &set, &change, &err) < 0) {
		abort();
	}
	plant_timers(w, n);
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
	n->born_at = n->reloaded_at = n->runs_since = n->link_since = n->sees_since = now;
	n->left_since = NEVER;
	n->ill_at = -NEVER;
	init_berths(w, n);
	random_seed(&n->random, dice_next(&w->dice));
	cadence_init(&n->cadence, &n->random);
	client_init(&n->client, w, slot);
	ev_timer_init(&n->patience, on_patience, 0.0, 0.0);
	world_note(w, slot, FACT_START, n->incarnation, 0);
	clusters_init(&n->clusters, &n->loop, &n->random, NULL, NULL, NULL);
	units_init(&n->units,
			&(struct unit_shared){ .loop = &n->loop,
					.random = &n->random,
					.clusters = &n->clusters,
					.cadence = &n->cadence },
			&units_events);
	apply(w, n);
	returned(w, n);
}

static void plant_in_reload(const struct world *w, struct node *n)
{
	struct registration *r = &n->units.at[0]->service.registration;

	for (struct list *link = n->units.retiring; link != NULL; link = link->next) {
		struct unit *u = CONTAINER_OF(link, struct unit, link);
		u->successor = w->script.plant == PLANT_CLINGY ? NULL : u->successor;
	}
	if (w->script.plant == PLANT_UPSTART) {
		r->has_put = false;
	}
}

void node_reload(struct world *w, int slot)
{
	struct node *n = &w->nodes[slot];

	if (!n->runs || n->paused || n->leaving || count_free(n) < 2) {
		return;
	}
	judge_look(w);
	n->turn++;
	n->reloaded_at = world_now(w);
	world_note(w, slot, FACT_RELOAD, n->turn, 0);
	if (w->script.plant == PLANT_ABRUPT) {
		service_leave(&n->units.at[0]->service, ABSENCE_RELOADED, false);
	}
	apply(w, n);
	plant_in_reload(w, n);
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
		units_leave(&n->units);
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
		probe_hear(&n->berths[event->berth].probe, event);
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
	if (n->stopped_at <= n->ill_at + bound_act(&w->script)) {
		n->ill_at = world_now(w); /* what was decided then is still to be done */
	}
	for (unsigned i = 0; gap > w->script.ttl && i < BERTHS; i++) {
		struct tenure *t = &n->berths[i].tenure;
		t->must_pass = true;
		t->must_hear = true;
		t->passes = t->fails = 0;
		t->went_on_at = world_now(w);
	}
	if (w->script.plant != PLANT_RASH) {
		units_interrupted(&n->units, measured);
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
		ev_timer *wake = &n->units.at[0]->service.registration.wake;
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
		units_finish(&n->units);
		n->runs = false;
	}
}
