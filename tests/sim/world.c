/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/util.h"
#include "tests/sim/bounds.h"
#include "tests/sim/faults.h"
#include "tests/sim/sheet.h"

/* Not a round number, so that nothing leans on time beginning at zero. */
#define BOOT_TIME 1234.5

/* The judge looks at each change, and at least so often, seconds. */
#define LOOK_EVERY 30.0

#define SECONDS_IN_HOUR 3600.0

double world_now(const struct world *w)
{
	UNUSED(w);
	return loop_time();
}

void world_note(struct world *w, int who, enum fact fact, int64_t a, int64_t b)
{
	trace_note(&w->trace, loop_time() - w->start, who, fact, a, b);
}

void world_break(struct world *w, const char *property)
{
	if (w->broken == NULL) {
		w->broken = property;
		w->broken_at = loop_time() - w->start;
	}
}

static void plan_look(struct world *w)
{
	queue_add(&w->queue,
			&(struct event){ .at = loop_time() + LOOK_EVERY, .kind = EVENT_CHECK });
}

static void set_up(struct world *w, const struct world_order *order)
{
	memset(w, 0, sizeof *w);
	w->seed = order->seed;
	w->dice.state = order->seed * 0x2545f4914f6cdd1du + 1;
	w->reloads.state = order->seed * 0x9fb21c651e98df25u + 1;
	w->trace.print = order->print;
	w->start = BOOT_TIME;
	loop_set_time(w->start);
	clock_replace(loop_time);
	log_setup(LOG_ERROR, LOG_TEXT);
	script_draw(&w->script, &w->dice, order->hours, order->plant, order->full_speed);
	script_draw_reloads(&w->script, &w->reloads, order->full_speed);
	sheet_make(&w->script);
	w->script.quiet_from = w->script.end - bound_settled(&w->script);
	assert(w->script.quiet_from > 0.0);
	store_init(&w->store);
	w->store.steady_since = w->start;
	w->store.unheld_since = w->start;
	backend_init(&w->backend, w->start);
	for (int i = 0; i < NODES; i++) {
		w->nodes[i].slot = i;
	}
	plan_look(w);
	faults_start(w);
	node_start(w, 0);
}

static void tear_down(struct world *w)
{
	for (int i = 0; i < NODES; i++) {
		node_finish(&w->nodes[i]);
	}
	clock_replace(NULL);
}

static void happen(struct world *w, const struct event *event)
{
	switch (event->kind) {
	case EVENT_REQUEST:
		network_arrive(w, event);
		break;
	case EVENT_ANSWER:
	case EVENT_PROBE_ANSWER:
	case EVENT_PUSH:
	case EVENT_UNSETTLED:
		node_deliver(w, event);
		break;
	case EVENT_EXPIRY:
		store_scan(w, event->message.lease, event->at);
		break;
	case EVENT_PROBE:
		backend_serve(w, event);
		break;
	case EVENT_FAULT:
		faults_strike(w);
		break;
	case EVENT_UNDO:
		faults_undo(w, event);
		break;
	case EVENT_RELOAD:
		faults_reload(w);
		break;
	case EVENT_CHECK:
		judge_look(w);
		plan_look(w);
		break;
	}
}

/* The agent whose timer is first, NULL when none has one before `at`. */
static struct node *first_node(struct world *w, double *at)
{
	struct node *first = NULL;

	for (int i = 0; i < NODES; i++) {
		double next = node_next(&w->nodes[i]);
		if (next < *at) {
			*at = next;
			first = &w->nodes[i];
		}
	}
	return first;
}

/* One event or one timer; false when there is none before `end`. */
static bool step(struct world *w, double end)
{
	double at = queue_next(&w->queue);
	struct node *n = first_node(w, &at);
	struct event event;

	if (at > end) {
		loop_set_time(end);
		return false;
	}
	w->n_events++;
	loop_set_time(fmax(at, loop_time()));
	if (n != NULL) {
		node_wake(w, n);
	} else if (queue_take(&w->queue, &event)) {
		happen(w, &event);
	}
	return true;
}

static void live_until(struct world *w, double end)
{
	while (w->broken == NULL && step(w, end)) {
	}
}

/* One hour; the faults end within it when their time is over. */
static void live_hour(struct world *w, double until)
{
	double quiet = w->start + w->script.quiet_from;

	if (!w->settled && quiet <= until) {
		live_until(w, quiet);
		if (w->broken == NULL) {
			faults_settle(w);
		}
	}
	live_until(w, until);
}

void world_run(struct world *w, const struct world_order *order)
{
	set_up(w, order);
	double end = w->start + w->script.end;

	for (int hour = 1; w->broken == NULL && loop_time() < end; hour++) {
		live_hour(w, fmin(w->start + hour * SECONDS_IN_HOUR, end));
		if (order->on_hour != NULL) {
			order->on_hour(hour);
		}
	}
	if (w->broken == NULL) {
		judge_end(w);
	}
	world_note(w, -1, FACT_END, w->store.n, w->store.key.present);
	tear_down(w);
}
