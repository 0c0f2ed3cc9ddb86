/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_BACKEND_H
#define TESTS_SIM_BACKEND_H

/*
 * backend - the service that is probed, and `probe_grpc` as the agent's rooms
 * see it: the real one without its bytes.
 *
 * A backend is well (SERVING), ill (every audit that begins now fails), or, when
 * it is slow, neither. What an agent hears from one connection keeps its order.
 */

#include <stdbool.h>
#include <stdint.h>

#include "probes/probe.h"
#include "tests/sim/queue.h"

enum mode {
	MODE_SERVING,
	MODE_SLOW, /* serving; an audit may take longer than its timeout */
	MODE_NOT_SERVING,
	MODE_HUNG,  /* accepts and answers nothing */
	MODE_ERROR, /* answers with something that is no health */
	MODE_DEAD,  /* nothing listens */
	N_MODES
};

struct world;

struct backend {
	enum mode mode;
	double mode_since;
	double ill_since, well_since; /* INFINITY while it is not */
	uint64_t life;                /* connections of an earlier one are broken */
};

/* Embedded in a berth of the agent as the probe of one of its services. */
struct played_probe {
	struct probe probe;
	struct world *world;
	int slot;
	unsigned berth;
	bool auditing;
	uint64_t audits;     /* the number of the one under way */
	uint64_t life;       /* of the backend that it is connected to; 0: not connected */
	uint64_t connection; /* counts them */
	bool watching;
	double heard_at; /* what is sent later arrives no earlier */
	double asked_at; /* when the audit under way began */
	ev_timer deadline;
};

void backend_init(struct backend *t, double now);
void backend_become(struct world *w, enum mode mode);

/* EVENT_PROBE: an audit reaches the service. */
void backend_serve(struct world *w, const struct event *event);

/* EVENT_PROBE_ANSWER, EVENT_PUSH and EVENT_UNSETTLED: something reaches the probe. */
void probe_hear(struct played_probe *p, const struct event *event);

#endif
