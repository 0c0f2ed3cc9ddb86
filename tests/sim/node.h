/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_NODE_H
#define TESTS_SIM_NODE_H

/*
 * node - one agent as a process: the real units.c and all below it, on a
 * loop, a client and probes of its own. It can be started, killed, told to
 * stop, paused and let go on, and be given new descriptors.
 */

#include "agent/cadence.h"
#include "agent/random.h"
#include "agent/units.h"
#include "tests/sim/backend.h"
#include "tests/sim/client.h"
#include "tests/sim/judge.h"
#include "tests/sim/loop.h"
#include "tests/sim/network.h"

#define NODES 3

/* Services of one agent at one time: the one that it is for, and those that reloads have replaced.
 */
#define BERTHS 8

struct world;

/* What stands around one service. Free when that is NULL. */
struct berth {
	const struct service *service;
	struct played_probe probe; /* its numbers go on when the berth changes hands */
	struct lane lane;
	enum health_state health; /* as it was last noted */
	struct tenure tenure;
};

struct node {
	bool runs, paused, leaving;
	bool blind; /* it has no descriptors left to probe with */
	int slot;
	unsigned incarnation; /* 0: there was none yet; a later start has a higher number */
	enum link_state link;
	struct ev_loop loop;
	struct random random;
	struct cadence cadence;
	struct client client;
	struct clusters clusters;
	struct units units;
	struct berth berths[BERTHS];
	unsigned n_berths;  /* those after them are free */
	unsigned turn;      /* reloads so far */
	ev_timer patience;  /* as agent.c has it */
	bool over;          /* the process ends when its callback returns */
	struct queue inbox; /* what arrived while it was paused */

	double born_at, stopped_at; /* started; last ran, while it does not */

	/* Since when; INFINITY while it is not so. */
	double runs_since; /* started or gone on */
	double link_since; /* the link is good */
	double sees_since; /* not blind */
	double left_since; /* told to stop */

	double reloaded_at; /* ... or started */
	double ill_at;      /* when one of its probers last had it down; -INFINITY: never */
	struct record record;
};

void node_start(struct world *w, int slot);
void node_kill(struct world *w, int slot);
void node_terminate(struct world *w, int slot);
void node_pause(struct world *w, int slot, double length);
void node_resume(struct world *w, int slot);
/* It reads its descriptors again, one of which says something else now. */
void node_reload(struct world *w, int slot);

void node_set_link(struct world *w, int slot, enum link_state link);
void node_set_blind(struct world *w, int slot, bool blind);

/* Hands over what reached the agent, or keeps it while that is paused. */
void node_deliver(struct world *w, const struct event *event);

/* The berth of this service; a free one becomes it. */
struct berth *node_berth(struct node *n, const struct service *service);

/* Remembers whether one of its probers has the service down now. */
void node_note_down(struct world *w, struct node *n);

/* When its next timer fires; INFINITY while it does not run. */
double node_next(const struct node *n);

/* Fires one timer. */
void node_wake(struct world *w, struct node *n);

void node_finish(struct node *n);

#endif
