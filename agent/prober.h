/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PROBER_H
#define AGENT_PROBER_H

/*
 * prober - decides when to probe and turns what is found into health.
 *
 * It audits at once when it starts and then every interval; sooner when the
 * probe says that something happened, and after a refusal (cadence.h), so that a
 * service that comes up is seen as soon as its port listens. Every report,
 * pushed or asked for, passes one function.
 */

#include <ev.h>

#include "agent/cadence.h"
#include "agent/counts.h"
#include "agent/descriptor/descriptor.h"
#include "agent/health.h"
#include "agent/pace.h"
#include "agent/turn.h"
#include "probes/probe.h"

struct prober;

/* Called from the loop after each change of prober->health.state. */
typedef void prober_change(struct prober *prober);

/* Borrowed until the callback returns. */
struct prober_result {
	enum reason reason;
	enum verdict verdict; /* by the descriptor's rules */
	const char *sentence;
	double took; /* seconds */
};

/* Called from the loop after each audit; for those who want every result. */
typedef void prober_audited(struct prober *prober, const struct prober_result *result);

/*
 * Embedded. `counts` and `on_begun` are for the owner to set; `health` to `reasons` may be
 * read; the rest is for prober.c.
 */
struct prober {
	struct ev_loop *loop;          /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct cadence *cadence;       /* borrowed */
	struct tick_place place;       /* where its audits stand */
	prober_change *on_change;
	prober_change *on_begun;    /* before the first audit; may be NULL */
	prober_audited *on_audited; /* may be NULL */
	struct probe *probe;        /* owned */
	struct counts *counts;      /* borrowed; may be NULL */
	struct health health;
	double since;                /* clock_now() time since which health is what it is */
	bool reported;               /* there was a report ... */
	enum reason reason;          /* ... of which this was the last */
	uint64_t reasons[N_REASONS]; /* reports so far */
	char *detail;                /* owned; of the last report, NULL: the reason's own */
	struct health_rules rules;
	ev_timer next;    /* the next audit; active only between audits */
	struct task work; /* ... it is due, and waits for its turn */
	bool started;     /* the first audit has begun */
	bool auditing;
	double started_at;    /* clock_now() of the last audit */
	double early_at;      /* clock_now() for which the last audit out of turn was planned */
	bool early;           /* ... and it has not begun */
	bool away;            /* its port refuses ... */
	double away_since;    /* ... since this clock_now() time */
	unsigned blind;       /* audits in a row that we could not make */
	struct pace returns;  /* from down to up: who does that without end has to wait ... */
	bool waits_to_return; /* ... and that has been said */
	bool warned_unimplemented;
};

/*
 * Starts nothing. `shelf` is for the probe alone. `desc` must outlive it and all
 * that was made with the shelf. Returns 0, or -1 without memory.
 */
int prober_init(struct prober *p, struct ev_loop *loop, struct tls_shelf *shelf,
		const struct descriptor *desc, struct cadence *cadence, prober_change *on_change);

/*
 * *p is to take the place of `before`, on the clock too. It counts reports on from where
 * that one is, if both are of the same name, host and port.
 */
void prober_succeed(struct prober *p, const struct prober *before);

/* The first audit begins, after probe.initial_delay. */
void prober_start(struct prober *p);

/* An audit now; none may be running. */
void prober_audit(struct prober *p);

/*
 * The process did not run for a while: no verdict from before counts. Health is
 * UNKNOWN (on_change is called when it was not), and an audit begins at once.
 * Nothing before the first audit.
 */
void prober_interrupted(struct prober *p);

/* About the last report, for people. */
const char *prober_sentence(const struct prober *p);

/* No call back comes after this. Safe on a zeroed struct. */
void prober_finish(struct prober *p);

#endif
