/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UNITS_H
#define AGENT_UNITS_H

/*
 * units - all that one agent runs: what its descriptors say now, and what they
 * said before and is on its way out.
 *
 * A new set of descriptors is compared with the running one. What says the same
 * goes on untouched. What takes the place of another is started beside it, and
 * the old one goes when the new one is listed, or is known to be unwell: break
 * comes after make. Readers are replaced at once, since what they have written
 * stays. What is not there any more is withdrawn.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/unit.h"

struct units;

/* From the loop. */
struct units_events {
	/* Something that a status would say of them may have changed. */
	void (*on_change)(struct units *units);
	/* All that was to be withdrawn is; once, after units_leave. */
	void (*on_all_gone)(struct units *units);
};

/* Embedded. Members but `at`, `n` and `retiring` are for units.c. */
struct units {
	struct unit_shared shared;
	const struct units_events *events; /* borrowed */
	struct unit **at;                  /* owned; in the order of the descriptors */
	size_t n;
	struct list *retiring; /* owned; units that a reload has replaced or removed */
	bool drained;          /* all, and what comes */
	bool leaving;
	size_t n_leaving;    /* services that are not withdrawn yet */
	ev_timer nothing;    /* ... when there is none from the start */
	double linger_until; /* clock_now() time when the last shutdown.linger of them is over */
};

/* What a set has changed, in descriptors. */
struct units_change {
	size_t kept, replaced, added, removed;
};

/* `shared` without its events and owner, which are set here. */
void units_init(struct units *units, const struct unit_shared *shared,
		const struct units_events *events);

/*
 * Runs what the set says, from now on; takes what the set owns, which is empty
 * then. Returns 0, or -1 with *err filled and nothing changed.
 */
int units_apply(struct units *units, struct descriptor_set *set, struct units_change *change,
		struct err *err);

/* The process did not run for `gap` seconds. */
void units_interrupted(struct units *units, double gap);

/*
 * Drains the services of these names, or all when n is 0, or resumes them.
 * False when one of the names is not here: nothing is done then.
 */
bool units_drain(struct units *units, const char *const *names, size_t n, bool drained);

/* Withdraws all of them; ends in on_all_gone, always from the loop. */
void units_leave(struct units *units);

/* Leases that etcd holds, or may hold, of ours. */
size_t units_leases(const struct units *units);

/* Of those that register, and of services that are read. */
size_t units_services(const struct units *units);
size_t units_readers(const struct units *units);

/* The shortest time that a lease lives without us, seconds; 0: there is none. */
double units_shortest_ttl(const struct units *units);

/* Calls nobody back. Safe on a zeroed struct. */
void units_finish(struct units *units);

#endif
