/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UNIT_H
#define AGENT_UNIT_H

/*
 * unit - one descriptor of a running agent, and what is at work for it: a
 * service, or the readers of a `discover` section.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/cadence.h"
#include "agent/clusters.h"
#include "agent/counts.h"
#include "agent/descriptor/descriptor.h"
#include "agent/err.h"
#include "agent/list.h"
#include "agent/net/tls_shelf.h"
#include "agent/random.h"
#include "agent/reader.h"
#include "agent/service.h"

/* What all units of an agent share. Borrowed by each. */
struct unit_shared {
	struct ev_loop *loop;
	struct random *random;
	struct clusters *clusters;
	struct tls_shelf *shelf;
	struct cadence *cadence;
	struct counts *counts;
	const struct service_events *events; /* a service's owner is its unit */
	void (*on_reader)(struct reader *r); /* ... and a reader's; something of it has changed */
	void *owner;
};

/* Members may be read; `link`, `successor` and `desc.shutdown` are for units.c. */
struct unit {
	const struct unit_shared *shared;
	struct descriptor desc;  /* owned */
	struct cluster *cluster; /* held */
	struct service service;  /* zeroed when it reads */
	struct reader *readers;  /* owned; NULL when it registers */
	size_t n_readers;
	struct unit *successor; /* it is to go when that one has settled */
	struct list link;       /* while it is retiring */
};

/* Takes what *desc owns, whatever it answers. Starts nothing. NULL with *err filled. */
struct unit *unit_create(
		const struct unit_shared *shared, struct descriptor *desc, struct err *err);

bool unit_registers(const struct unit *u);

void unit_start(struct unit *u);

/* The process did not run for `gap` seconds. */
void unit_interrupted(struct unit *u, double gap);

/* Accepts NULL. Calls nobody back; what is listed or written stays. */
void unit_destroy(struct unit *u);

#endif
