/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLUSTERS_H
#define AGENT_CLUSTERS_H

/*
 * clusters - the etcd clusters that the descriptors of one process name. Those
 * that say the same in every respect share one client, and one connection.
 */

#include <ev.h>

#include "agent/descriptor.h"
#include "agent/err.h"
#include "agent/net/etcd.h"
#include "agent/net/etcd_watch.h"
#include "agent/random.h"

struct cluster;

/* Embedded. Members are for clusters.c only. */
struct clusters {
	struct ev_loop *loop;         /* borrowed */
	struct random *random;        /* borrowed */
	struct curl_carrier *carrier; /* owned */
	struct curl_carrier *streams; /* owned; NULL until someone reads */
	struct cluster *first;        /* owned list */
	unsigned n;
	etcd_heard *on_notice;
	void (*on_made)(const struct etcd_settings *settings);
	struct etcd_counts *counts; /* borrowed; set after clusters_init; NULL: none are kept */
};

/* Calls on_made for each new cluster. Returns 0, or -1 with *err filled. */
int clusters_init(struct clusters *c, struct ev_loop *loop, struct random *random,
		etcd_heard *on_notice, void (*on_made)(const struct etcd_settings *settings),
		struct err *err);

/* The cluster that `settings` (borrowed from now on) name. NULL without memory. */
struct etcd *clusters_find(struct clusters *c, const struct etcd_settings *settings);

/* Its streams, for whoever reads. NULL without memory. */
struct etcd_streams *clusters_streams(struct clusters *c, const struct etcd_settings *settings);

/* All calls must have ended or be cancelled before. Safe on a zeroed struct. */
void clusters_finish(struct clusters *c);

#endif
