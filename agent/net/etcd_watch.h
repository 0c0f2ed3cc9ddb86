/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_WATCH_H
#define AGENT_NET_ETCD_WATCH_H

/*
 * etcd_watch - what happens under a prefix, as it happens.
 *
 * A watch is one POST whose answer streams on. It asks for nothing else later,
 * so the request ends at once and etcd goes on all the same. All watches of a
 * cluster share a connection of their own, apart from the unary calls.
 *
 * A watch that has ended is not opened again from here: its owner knows which
 * revision to go on from, or that all has to be read anew. etcd says nothing
 * while nothing happens, so silence proves nothing either: its owner asks by a
 * unary call whether something was missed, and abandons the watch then.
 *
 * A start never calls back, a cancel never calls back, and a watch is detached
 * before `on_end` runs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "agent/net/carrier.h"
#include "agent/net/etcd.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/net/grpc_frame.h"

/* The streams of one cluster. Embedded; members are for etcd_watch.c only. */
struct etcd_streams {
	struct etcd *etcd;               /* borrowed: whose user and whose view of the cluster */
	struct carrier *carrier;         /* borrowed: one for streams alone */
	struct carrier_target **targets; /* owned array of borrowed targets */
	struct endpoint_ring ring;
};

/* `settings` are those of `etcd`. 0, or -1 without memory, and *s as zeroed then. */
int etcd_streams_init(struct etcd_streams *s, struct etcd *etcd,
		const struct etcd_settings *settings, struct carrier *carrier,
		struct random *random);

/* Watches must be cancelled before. Safe on a zeroed struct. */
void etcd_streams_finish(struct etcd_streams *s);

/* How a watch ended. Valid only until on_end returns. */
struct etcd_watch_end {
	bool compacted;  /* what it should have begun with is not kept any more */
	bool patient;    /* to try again soon is of no use */
	const char *why; /* one sentence */
};

struct etcd_watch;

/* Called from the loop. Each but on_end may cancel the watch. */
struct etcd_watch_events {
	/* From here on nothing is missed. */
	void (*on_created)(struct etcd_watch *w);
	/* What happened, in its order; up to `revision`, or 0 when more of the same is to come. */
	void (*on_news)(struct etcd_watch *w, const struct etcd_event *events, size_t n,
			int64_t revision);
	void (*on_end)(struct etcd_watch *w, const struct etcd_watch_end *end);
};

/* Embedded by its user, zeroed before the first use. Members are for etcd_watch.c only. */
struct etcd_watch {
	struct etcd_streams *streams; /* NULL when it is not open */
	const struct etcd_watch_events *events;
	const char *prefix; /* borrowed */
	struct auth_wait wait;
	struct etcd_token *token; /* taken while open */
	struct carrier_request carried;
	struct etcd_body body; /* owned while open */
	struct frame_reader frames;
	struct cluster_floor floor;
	unsigned endpoint; /* the one it is with */
	unsigned opened;   /* how often it was: who is told of an end may open it again */
	bool sent;         /* it is with an endpoint: no token is waited for any more */
	bool created;
};

/* Everything that happens under the prefix (borrowed until the end) from `revision` on. */
void etcd_watch_start(struct etcd_streams *s, struct etcd_watch *w, const char *prefix,
		int64_t revision, const struct etcd_watch_events *events);

/* The endpoint that an open watch is with. */
unsigned etcd_watch_endpoint(const struct etcd_watch *w);

/* Never calls back. Safe on a zeroed watch and on one that has ended. */
void etcd_watch_cancel(struct etcd_watch *w);

/* The same for one that has missed something, or is not created in time: its member is left. */
void etcd_watch_abandon(struct etcd_watch *w);

#endif
