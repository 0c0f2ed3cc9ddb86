/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_PROBE_H
#define PROBES_PROBE_H

/*
 * probe - what every kind of probe is to the prober.
 *
 * The prober asks for an audit; the probe answers with exactly one report.
 * Beside that a probe may report what it was told (a pushed status), and say
 * that something happened which only an audit can judge. All of it comes from
 * the loop, never from within a call to the probe.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/descriptor/descriptor.h"
#include "probes/reason.h"

/* Borrowed until the callback returns. */
struct probe_report {
	enum reason reason;
	const char *detail; /* a sentence; NULL: the reason's own */
	bool audit;         /* the answer to an audit, not a push */
};

struct probe;
struct tls_shelf;
struct turn;

struct probe_events {
	void (*on_report)(struct probe *probe, const struct probe_report *report);
	/* The connection or the watch is gone: ask again. */
	void (*on_unsettled)(struct probe *probe);
	/* A fact worth a line, said once; the probe goes on as it says. */
	void (*on_notice)(struct probe *probe, const char *sentence);
};

struct probe_kind {
	/*
	 * NULL without memory. What probes of equal probe.tls share is found on the
	 * shelf. What is said to one that stays connected waits for its turn; NULL: it
	 * does not. `desc` is borrowed and must outlive them all.
	 */
	struct probe *(*create)(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
			const struct descriptor *desc, const struct probe_events *events,
			void *owner);
	/* Begins an audit; none may be running. `deadline` is a clock_now() time. */
	void (*audit)(struct probe *probe, double deadline);
	/*
	 * Drops an audit under way, which then has no report, and whatever was heard
	 * and not yet told: the next audit begins from nothing.
	 */
	void (*forget)(struct probe *probe);
	/* Accepts NULL. Calls nobody back. */
	void (*destroy)(struct probe *probe);
	unsigned descriptors; /* open files that one has at most */
};

/* Embedded first in each kind's own struct. */
struct probe {
	const struct probe_kind *kind;
	const struct probe_events *events;
	void *owner;
};

extern const struct probe_kind probe_grpc, probe_tcp, probe_http, probe_exec;

/* By enum probe_type. */
extern const struct probe_kind *const probe_kinds[N_PROBE_TYPES];

#endif
