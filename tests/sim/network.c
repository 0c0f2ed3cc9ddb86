/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/network.h"

#include <assert.h>

#include "agent/util.h"
#include "tests/sim/world.h"

struct row {
	double lost, answer_lost, late; /* probabilities */
	bool refused, denied;
};

/* clang-format off */
static const struct row rows[] = {
	[LINK_GOOD]     = { 0.0, 0.0, 0.0, false, false },
	[LINK_LOSSY]    = { 0.4, 0.4, 0.2, false, false },
	[LINK_LATE]     = { 0.0, 0.2, 0.8, false, false },
	[LINK_CUT]      = { 1.0, 1.0, 0.0, false, false },
	[LINK_CUT_OUT]  = { 1.0, 0.0, 0.0, false, false },
	[LINK_CUT_BACK] = { 0.0, 1.0, 0.1, false, false },
	[LINK_REFUSED]  = { 1.0, 1.0, 0.0, true,  false },
	[LINK_DENIED]   = { 0.0, 0.0, 0.0, false, true  },
};
/* clang-format on */
static_assert(ARRAY_LEN(rows) == N_LINKS, "every state has its row");

/* A doubled request is one that was tried at a second member: some time later. */
#define TWICE_WITHIN 1.0

static double delay(struct world *w)
{
	return dice_between(&w->dice, 0.0001, w->script.net_delay);
}

static void post(struct world *w, enum event_kind kind, int slot, const struct message *m,
		double after)
{
	struct event event = { .at = world_now(w) + after,
		.kind = kind,
		.slot = slot,
		.incarnation = w->nodes[slot].incarnation,
		.message = *m };

	queue_add(&w->queue, &event);
}

static void fail(struct world *w, int slot, const struct message *request)
{
	struct message answer = *request;

	answer.kind = ANSWER_FAILED;
	post(w, EVENT_ANSWER, slot, &answer, delay(w));
}

void network_send(struct world *w, int slot, const struct message *request)
{
	const struct row *row = &rows[w->nodes[slot].link];
	double after = delay(w);

	if (row->refused || row->denied) {
		fail(w, slot, request);
		return;
	}
	if (dice_chance(&w->dice, w->script.twice)) {
		world_note(w, slot, FACT_TWICE, request->ask, 0);
		post(w, EVENT_REQUEST, slot, request, dice_between(&w->dice, 0.0, TWICE_WITHIN));
	}
	if (dice_chance(&w->dice, row->lost)) {
		world_note(w, slot, FACT_LOST, request->ask, 0);
		return;
	}
	if (dice_chance(&w->dice, row->late)) {
		after = dice_between(&w->dice, 0.0, w->script.late_max);
		world_note(w, slot, FACT_LATE, request->ask, (int64_t)(after * 1000.0));
	}
	post(w, EVENT_REQUEST, slot, request, after);
}

/* A renewal that comes again and again, also from the dead. */
static void echo(struct world *w, const struct event *event)
{
	struct event again = *event;
	/* For all else that happens, and in the buffers of one that is paused. */
	bool room = w->queue.n < QUEUE_ROOM / 2 && !w->nodes[event->slot].paused;

	if (w->script.plant == PLANT_ECHO && event->message.kind == ANSWER_OK && room) {
		again.at = world_now(w) + w->script.ttl / 2.0;
		queue_add(&w->queue, &again);
	}
}

void network_arrive(struct world *w, const struct event *event)
{
	struct node *n = &w->nodes[event->slot];
	struct message answer = event->message;

	if (!w->store.up) {
		/* A host that is up refuses, one that is down is silent. */
		if (n->incarnation == event->incarnation && dice_chance(&w->dice, 0.5)) {
			fail(w, event->slot, &answer);
		}
		return;
	}
	struct event again = *event;
	if (!store_serve(w, event->slot, event->incarnation, &answer, &again.at)) {
		queue_add(&w->queue, &again);
		return;
	}
	if (answer.ask == ASK_RENEW) {
		echo(w, event);
	}
	if (n->incarnation != event->incarnation) {
		return; /* nobody is there to hear it */
	}
	if (dice_chance(&w->dice, rows[n->link].answer_lost)) {
		world_note(w, event->slot, FACT_LOST, answer.ask, 1);
		return;
	}
	double after = delay(w);
	if (dice_chance(&w->dice, rows[n->link].late / 2.0)) {
		after = dice_between(&w->dice, 0.0, w->script.late_max);
	}
	post(w, EVENT_ANSWER, event->slot, &answer, after);
}
