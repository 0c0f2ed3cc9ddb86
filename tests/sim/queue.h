/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_QUEUE_H
#define TESTS_SIM_QUEUE_H

/*
 * queue - what will happen in the world, by time. Events of one time keep the
 * order they were added in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/etcd_key_codec.h"
#include "probes/reason.h"

#define QUEUE_ROOM 1024

/* What an agent asks of etcd; the order is that of FACT_ASK_GRANT and on. */
enum ask { ASK_GRANT, ASK_PUT, ASK_VERIFY, ASK_RENEW, ASK_REVOKE };

enum answer_kind {
	ANSWER_OK,
	ANSWER_GONE,  /* no such lease */
	ANSWER_SEEN,  /* a range, or a put whose guard failed: what is there */
	ANSWER_OTHER, /* a comparison: it is not as it was */
	ANSWER_FAILED
};

/* One request, and then its answer. */
struct message {
	enum ask ask;
	uint64_t call;    /* which call of the agent it belongs to */
	int64_t lease;    /* the answer to a grant: the new one */
	int64_t guard;    /* put: the mod_revision that the key must have; verify: 0 reads it */
	double ttl;       /* grant: asked for, then granted; the answer to a renewal */
	int64_t revision; /* in an answer */
	struct cluster_mark at; /* ... and as its header has it */
	enum answer_kind kind;
	struct etcd_key seen;
};

enum event_kind {
	EVENT_REQUEST,      /* reaches etcd */
	EVENT_ANSWER,       /* reaches the agent */
	EVENT_EXPIRY,       /* etcd scans; `lease` may be over */
	EVENT_PROBE,        /* an audit reaches the service; `number`: which */
	EVENT_PROBE_ANSWER, /* ... and its answer the agent */
	EVENT_PUSH,         /* the service's word on a watch; `number`: which connection */
	EVENT_UNSETTLED,    /* the connection is gone; `number`: which */
	EVENT_FAULT,        /* the world does something */
	EVENT_UNDO,         /* ... and undoes it; `fault`, `which`, `number`: what */
	EVENT_CHECK,        /* the judge looks */
	EVENT_RELOAD        /* somebody changes the descriptors */
};

struct event {
	double at;
	double sent_at; /* of a push */
	uint64_t order; /* for queue.c */
	enum event_kind kind;
	int slot;             /* of the agent concerned */
	unsigned incarnation; /* ... when it was sent: nobody else gets it */
	unsigned berth;       /* ... and which of its probes; of an answer of etcd: not used */
	uint64_t number;
	enum reason reason;
	unsigned fault, which;
	struct message message;
};

/* Zeroed is ready and empty. Of a fixed size, so that memory says something about the agent. */
struct queue {
	struct event at[QUEUE_ROOM]; /* a heap */
	size_t n;
	uint64_t added;
};

void queue_add(struct queue *q, const struct event *event);

/* INFINITY when empty. */
double queue_next(const struct queue *q);

/* False when empty. */
bool queue_take(struct queue *q, struct event *event);

#endif
