/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

/*
 * world - one simulated day: etcd, a service, up to three agents that want its
 * key, and the faults. A pure function of its seed.
 */

#include "tests/sim/backend.h"
#include "tests/sim/dice.h"
#include "tests/sim/node.h"
#include "tests/sim/queue.h"
#include "tests/sim/script.h"
#include "tests/sim/store.h"
#include "tests/sim/trace.h"

struct world {
	uint64_t seed;
	struct dice dice;
	struct dice reloads; /* drawn apart, so that a day without them is what it was */
	struct script script;
	struct queue queue;
	struct store store;
	struct backend backend;
	struct node nodes[NODES];
	unsigned incarnations;   /* started so far */
	uint64_t undo[8][NODES]; /* the last end planned, of each kind of state */
	uint64_t undos;
	bool reserved[NODES]; /* a fault will come back to this slot */
	bool settled;
	struct trace trace;
	double start; /* time, as clock_now() has it */
	uint64_t n_events, n_faults;
	const char *broken; /* the property that does not hold; NULL while all do */
	double broken_at;
};

/* What a run is told. */
struct world_order {
	uint64_t seed;
	double hours;
	enum plant plant;
	bool full_speed;           /* the shortest interval and TTL, a fault each minute */
	bool print;                /* the trace */
	void (*on_hour)(int hour); /* may be NULL; called at the end of each simulated hour */
};

/* Lives one day. The world is finished, and can still be asked for what came of it. */
void world_run(struct world *w, const struct world_order *order);

double world_now(const struct world *w);
void world_note(struct world *w, int who, enum fact fact, int64_t a, int64_t b);

/* The first violation is kept; the day ends with it. */
void world_break(struct world *w, const char *property);

#endif
