/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_BATCH_H
#define AGENT_NET_ETCD_BATCH_H

/*
 * etcd_batch - calls of one kind that begin within a few milliseconds go out in
 * one request. Private to etcd.c and what it is made of.
 */

#include "agent/net/etcd.h"

/* One request, and the calls that it is for. */
struct etcd_batch {
	struct etcd_gather *gather;
	struct list link; /* in gather->batches */
	struct etcd_request request;
	struct list *calls;
};

struct etcd_batch_kind {
	const char *path;
	size_t max;                                     /* of what is in one request ... */
	size_t (*weight)(const struct etcd_call *call); /* ... and how much of it a call is */
	/* All of its calls, in their order. 0, or -1 without memory. */
	int (*encode)(const struct etcd_batch *batch, struct etcd_body *body);
	/* Has to end or take out all of its calls; the batch goes then. */
	void (*answered)(struct etcd_batch *batch, const struct etcd_answer *answer);
};

void etcd_gather_init(struct etcd_gather *g, struct etcd *e, const struct etcd_batch_kind *kind);

/* Every call must have ended or be cancelled before. */
void etcd_gather_finish(struct etcd_gather *g);

/* Adds a call that has begun to the next batch. */
void etcd_batch_add(struct etcd_gather *g, struct etcd_call *call);

/* Takes it out, wherever it is; the others go on. */
void etcd_batch_remove(struct etcd_call *call);

/* Takes it out and ends it. */
void etcd_batch_end(struct etcd_call *call, const struct etcd_reply *reply);

/* The call that a link of a batch is embedded in. */
struct etcd_call *etcd_batch_call(struct list *link);

#endif
