/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/faults.h"

#include <assert.h>
#include <math.h>

#include "agent/util.h"
#include "tests/sim/world.h"

/* What a fault changes. Where that ends again, a later fault of the same kind takes it over. */
enum what { DO_BACKEND, DO_LINK, DO_BLIND, DO_STORE, DO_HAND, DO_NODE };

enum hand { HAND_REVOKE, HAND_DELETE, HAND_OVERWRITE, HAND_ALTER };
enum outage { OUTAGE_STOP, OUTAGE_WIPE, OUTAGE_LEADER };
enum fate { FATE_KILL, FATE_TERM, FATE_PAUSE, FATE_SECOND };

/* clang-format off */
static const struct fault {
	enum what what;
	unsigned which;
	unsigned weight;
	double least, most; /* how long it lasts, seconds; in logarithm even between them */
} faults[] = {
	{ DO_BACKEND, MODE_DEAD,        8, 0.05,  600.0 },
	{ DO_BACKEND, MODE_NOT_SERVING, 6, 0.05,  600.0 },
	{ DO_BACKEND, MODE_HUNG,        5, 0.5,   900.0 },
	{ DO_BACKEND, MODE_ERROR,       4, 0.5,   900.0 },
	{ DO_BACKEND, MODE_SLOW,        3, 1.0,   300.0 },
	{ DO_LINK,   LINK_LOSSY,       6, 1.0,   600.0 },
	{ DO_LINK,   LINK_LATE,        6, 1.0,   300.0 },
	{ DO_LINK,   LINK_CUT,         4, 1.0,   600.0 },
	{ DO_LINK,   LINK_CUT_OUT,     3, 1.0,   300.0 },
	{ DO_LINK,   LINK_CUT_BACK,    4, 1.0,   300.0 },
	{ DO_LINK,   LINK_REFUSED,     3, 1.0,   600.0 },
	{ DO_LINK,   LINK_DENIED,      2, 1.0,   600.0 },
	{ DO_BLIND,  0,                1, 1.0,   300.0 },
	{ DO_STORE,  OUTAGE_STOP,      4, 1.0,   600.0 },
	{ DO_STORE,  OUTAGE_WIPE,      2, 1.0,   120.0 },
	{ DO_STORE,  OUTAGE_LEADER,    4, 0.01,  3.0   },
	{ DO_HAND,   HAND_REVOKE,      2, 0.0,   0.0   },
	{ DO_HAND,   HAND_DELETE,      2, 0.0,   0.0   },
	{ DO_HAND,   HAND_OVERWRITE,   2, 0.0,   0.0   },
	{ DO_HAND,   HAND_ALTER,       2, 0.0,   0.0   },
	{ DO_NODE,   FATE_KILL,        4, 0.01,  600.0 },
	{ DO_NODE,   FATE_TERM,        3, 0.5,   600.0 },
	{ DO_NODE,   FATE_PAUSE,       6, 0.1,   300.0 },
	{ DO_NODE,   FATE_SECOND,      4, 1.0,   3600.0 },
};
/* clang-format on */

static double draw_length(struct dice *d, const struct fault *f)
{
	return f->most > 0.0 ? exp(dice_between(d, log(f->least), log(f->most))) : 0.0;
}

static void plan_undo(struct world *w, enum what what, unsigned which, int slot, double length)
{
	struct event event = { .at = world_now(w) + length,
		.kind = EVENT_UNDO,
		.slot = slot,
		.incarnation = w->nodes[slot].incarnation,
		.number = ++w->undos,
		.fault = (unsigned)what,
		.which = which };

	w->undo[what][slot] = event.number;
	queue_add(&w->queue, &event);
}

/* One that runs; -1 when none does. */
static int draw_runner(struct world *w)
{
	int start = (int)dice_below(&w->dice, NODES);

	for (int i = 0; i < NODES; i++) {
		int slot = (start + i) % NODES;
		if (w->nodes[slot].runs && !w->nodes[slot].paused) {
			return slot;
		}
	}
	return -1;
}

static int find_free(const struct world *w)
{
	for (int i = 0; i < NODES; i++) {
		if (!w->nodes[i].runs && !w->reserved[i]) {
			return i;
		}
	}
	return -1;
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void meddle(struct world *w, enum hand hand)
{
	world_note(w, -1, FACT_BY_HAND, hand, 0);
	switch (hand) {
	case HAND_REVOKE:
		store_revoke_by_hand(w);
		break;
	case HAND_DELETE:
		store_delete_key(w);
		break;
	case HAND_OVERWRITE:
		store_overwrite_key(w);
		break;
	case HAND_ALTER:
		store_alter_key(w);
		break;
	}
}

static void strike_store(struct world *w, enum outage outage, double length)
{
	if (w->store.up) {
		store_stop(w, outage == OUTAGE_WIPE);
		plan_undo(w, DO_STORE, outage, 0, length);
	}
}

static void strike_node(struct world *w, enum fate fate, double length)
{
	int slot = fate == FATE_SECOND ? find_free(w) : draw_runner(w);

	if (slot < 0) {
		return;
	}
	switch (fate) {
	case FATE_KILL:
		node_kill(w, slot);
		break;
	case FATE_TERM:
		node_terminate(w, slot);
		break;
	case FATE_PAUSE:
		node_pause(w, slot, length);
		break;
	case FATE_SECOND:
		node_start(w, slot);
		break;
	}
	w->reserved[slot] = true;
	plan_undo(w, DO_NODE, fate, slot, length);
}

static void strike(struct world *w, const struct fault *f)
{
	double length = draw_length(&w->dice, f);
	int slot = draw_runner(w);

	switch (f->what) {
	case DO_BACKEND:
		backend_become(w, (enum mode)f->which);
		plan_undo(w, DO_BACKEND, f->which, 0, length);
		break;
	case DO_LINK:
		if (slot >= 0) {
			node_set_link(w, slot, (enum link_state)f->which);
			plan_undo(w, DO_LINK, f->which, slot, length);
		}
		break;
	case DO_BLIND:
		if (slot >= 0) {
			node_set_blind(w, slot, true);
			plan_undo(w, DO_BLIND, 0, slot, length);
		}
		break;
	case DO_STORE:
		strike_store(w, (enum outage)f->which, length);
		break;
	case DO_HAND:
		meddle(w, (enum hand)f->which);
		break;
	case DO_NODE:
		strike_node(w, (enum fate)f->which, length);
		break;
	}
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static unsigned count_running(const struct world *w)
{
	unsigned n = 0;

	for (int i = 0; i < NODES; i++) {
		n += w->nodes[i].runs && !w->nodes[i].leaving ? 1 : 0;
	}
	return n;
}

/* The one that was killed comes back; of two that live, one goes. */
static void undo_node(struct world *w, enum fate fate, int slot)
{
	struct node *n = &w->nodes[slot];

	w->reserved[slot] = false;
	if (n->runs && n->paused) {
		node_resume(w, slot);
	}
	if (fate == FATE_SECOND && count_running(w) > 1) {
		int leaver = draw_runner(w);
		if (leaver >= 0 && dice_chance(&w->dice, 0.5)) {
			node_kill(w, leaver);
		} else if (leaver >= 0) {
			node_terminate(w, leaver);
		}
	} else if (!n->runs && count_running(w) == 0) {
		node_start(w, slot);
	}
}

static void undo(struct world *w, enum what what, unsigned which, int slot)
{
	switch (what) {
	case DO_BACKEND:
		backend_become(w, MODE_SERVING);
		break;
	case DO_LINK:
		node_set_link(w, slot, LINK_GOOD);
		break;
	case DO_BLIND:
		node_set_blind(w, slot, false);
		break;
	case DO_STORE:
		store_restart(w);
		break;
	case DO_NODE:
		undo_node(w, (enum fate)which, slot);
		break;
	case DO_HAND:
		break;
	}
}

void faults_undo(struct world *w, const struct event *event)
{
	enum what what = (enum what)event->fault;
	bool of_agent = what == DO_LINK || what == DO_BLIND;

	if (w->settled || w->undo[what][event->slot] != event->number ||
			(of_agent && w->nodes[event->slot].incarnation != event->incarnation)) {
		return; /* another fault has taken the state over, or the agent has ended */
	}
	undo(w, what, event->which, event->slot);
}

/* ---- chance ---------------------------------------------------------------------------------- */

static void plan_fault(struct world *w)
{
	queue_add(&w->queue, &(struct event){ .at = world_now(w) +
						    dice_gap(&w->dice, w->script.fault_gap),
					     .kind = EVENT_FAULT });
}

/* ---- reloads --------------------------------------------------------------------------------- */

/* The next one comes while the one before is still at work. */
#define AGAIN       0.4
#define AGAIN_AFTER 3.0 /* seconds, at most */

static void plan_reload(struct world *w)
{
	bool again = dice_chance(&w->reloads, AGAIN);
	double after = again ? dice_between(&w->reloads, 0.0, AGAIN_AFTER)
			     : dice_gap(&w->reloads, w->script.reload_gap);

	queue_add(&w->queue, &(struct event){ .at = world_now(w) + after, .kind = EVENT_RELOAD });
}

void faults_reload(struct world *w)
{
	if (w->settled) {
		return;
	}
	int start = (int)dice_below(&w->reloads, NODES), slot = start;
	for (int i = 0; i < NODES && !w->nodes[slot].runs; i++) {
		slot = (start + i) % NODES;
	}
	node_reload(w, slot);
	plan_reload(w);
}

void faults_start(struct world *w)
{
	plan_fault(w);
	if (isfinite(w->script.reload_gap)) {
		plan_reload(w);
	}
}

void faults_strike(struct world *w)
{
	unsigned total = 0;

	if (w->settled) {
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		total += faults[i].weight;
	}
	unsigned drawn = dice_below(&w->dice, total);
	const struct fault *f = faults;
	while (drawn >= f->weight) {
		drawn -= f->weight;
		f++;
	}
	w->n_faults++;
	strike(w, f);
	plan_fault(w);
}

void faults_settle(struct world *w)
{
	world_note(w, -1, FACT_QUIET, 0, 0);
	w->settled = true;
	w->script.twice = 0.0;
	if (!w->store.up) {
		store_restart(w);
	}
	for (int i = 0; i < NODES; i++) {
		if (w->nodes[i].runs) {
			node_set_link(w, i, LINK_GOOD);
			node_set_blind(w, i, false);
		}
		if (w->nodes[i].paused) {
			node_resume(w, i);
		}
	}
	if (count_running(w) == 0) {
		for (int i = 0; i < NODES; i++) {
			if (!w->nodes[i].runs) {
				node_start(w, i);
				break;
			}
		}
	}
}
