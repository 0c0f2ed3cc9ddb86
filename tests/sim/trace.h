/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_TRACE_H
#define TESTS_SIM_TRACE_H

/*
 * trace - what happened, as a digest of all of it and the last lines of it.
 *
 * A fact is noted as numbers and made text only when somebody reads it, so a
 * simulated day costs no formatting. Two runs are the same run when their
 * digests are equal.
 */

#include <stdbool.h>
#include <stdint.h>

#define TRACE_LAST 60

enum fact {
	FACT_START,      /* a: incarnation */
	FACT_KILL,       /* a: incarnation */
	FACT_TERM,       /* a: incarnation */
	FACT_GONE,       /* a: incarnation */
	FACT_PAUSE,      /* a: incarnation, b: ms */
	FACT_RESUME,     /* a: incarnation, b: messages in its buffers */
	FACT_SERVICE,    /* a: enum mode */
	FACT_REPORT,     /* a: enum reason, b: 1 for an audit */
	FACT_HEALTH,     /* a: enum health_state, b: which berth */
	FACT_ASK_GRANT,  /* a: seconds */
	FACT_ASK_PUT,    /* a: lease */
	FACT_ASK_VERIFY, /* a: lease */
	FACT_ASK_RENEW,  /* a: lease */
	FACT_ASK_REVOKE, /* a: lease */
	FACT_DONE,       /* a: enum outcome, b: lease */
	FACT_LOST,       /* a: enum ask, b: 1 for the answer */
	FACT_LATE,       /* a: enum ask, b: ms */
	FACT_TWICE,      /* a: enum ask */
	FACT_GRANTED,    /* a: lease, b: seconds */
	FACT_PUT,        /* a: lease, b: mod_revision */
	FACT_RENEWED,    /* a: lease */
	FACT_REVOKED,    /* a: lease */
	FACT_EXPIRED,    /* a: lease */
	FACT_UNLISTED,   /* a: lease */
	FACT_ETCD_DOWN,  /* a: 1 when its data is wiped */
	FACT_ETCD_UP,
	FACT_LEADER,
	FACT_BY_HAND, /* a: enum fault */
	FACT_LINK,    /* a: enum link_state, b: slot */
	FACT_BLIND,   /* a: 1 when it begins */
	FACT_QUIET,   /* the last fault is over */
	FACT_END,     /* a: leases, b: 1 when listed */
	FACT_RELOAD,  /* a: how often it was */
	N_FACTS
};

struct trace_line {
	double at;
	enum fact fact;
	int who; /* slot of the agent; -1: the world */
	int64_t a, b;
};

/* Zeroed is ready. */
struct trace {
	bool print; /* every line, to stdout */
	uint64_t digest, n;
	struct trace_line last[TRACE_LAST];
};

void trace_note(struct trace *t, double at, int who, enum fact fact, int64_t a, int64_t b);

/* The last lines, oldest first, to stdout. */
void trace_print_last(const struct trace *t);

#endif
