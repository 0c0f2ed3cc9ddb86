/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

/*
 * client - agent/net/etcd.h as the registration sees it, over a network of
 * messages: the deadlines, the rounds of a put and the meaning of the answers
 * are those of etcd.c, the bytes are left out.
 */

#include "agent/clusters.h"
#include "agent/net/etcd.h"
#include "tests/sim/queue.h"

struct world;

/* One call of one registration, in flight or not; its rounds are one call. */
struct lane {
	struct etcd_call *call; /* in flight, or NULL */
	enum ask ask;
	struct message request; /* as it was last sent */
	unsigned rounds;
	unsigned era;  /* etcd's wipes when the call began */
	bool doubting; /* the lease is said to be gone, and asked for once more */
	int64_t other;
	int64_t written;        /* the mod_revision of the key, as far as an answer says */
	struct cluster_mark at; /* the header of the last answer */
	ev_timer deadline;
};

/* One agent's. The `etcd` of its cluster is what the registrations are given. */
struct client {
	struct cluster cluster;
	struct world *world;
	int slot;
	uint64_t calls; /* the number of the last message */
	unsigned failures;
};

void lane_init(struct lane *lane);

void client_init(struct client *c, struct world *w, int slot);

/* EVENT_ANSWER. */
void client_hear(struct client *c, const struct message *m);

#endif
