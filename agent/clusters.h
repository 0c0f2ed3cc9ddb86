/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLUSTERS_H
#define AGENT_CLUSTERS_H

/*
 * clusters - the etcd clusters that the descriptors of one process name. Those
 * that say the same in every respect share one client, and one connection. A
 * cluster goes with the last one who uses it, and its connections with it.
 */

#include <ev.h>

#include "agent/descriptor/descriptor.h"
#include "agent/err.h"
#include "agent/list.h"
#include "agent/net/etcd.h"
#include "agent/net/etcd_watch.h"
#include "agent/random.h"

/* Embedded. Members are for clusters.c only. */
struct clusters {
	struct ev_loop *loop;       /* borrowed */
	struct random *random;      /* borrowed */
	struct list *all;           /* owned */
	struct etcd_counts *counts; /* borrowed */
	etcd_heard *on_notice;
	void (*on_made)(const struct etcd_settings *settings);
};

/*
 * Calls on_made for each new cluster. What is asked of etcd is counted in
 * `counts`, which may be NULL.
 */
void clusters_init(struct clusters *c, struct ev_loop *loop, struct random *random,
		struct etcd_counts *counts, etcd_heard *on_notice,
		void (*on_made)(const struct etcd_settings *settings));

/* One cluster, shared. All members are for clusters.c, but `settings`, to be read, and `etcd`. */
struct cluster {
	struct list link;
	unsigned users;
	struct etcd_settings settings;   /* a copy: the descriptor that named it first may go */
	struct carrier *carrier;         /* owned */
	struct carrier *streams_carrier; /* owned; NULL until someone reads */
	struct etcd etcd;
	struct etcd_streams streams; /* zeroed until someone reads */
	struct clusters *clusters;   /* borrowed */
	char name[ENDPOINT_TEXT_MAX];
};

/* The cluster that `settings` name. NULL with *err filled; to be released. */
struct cluster *clusters_take(
		struct clusters *c, const struct etcd_settings *settings, struct err *err);

/* Its streams, for whoever reads. NULL with *err filled. */
struct etcd_streams *cluster_streams(struct cluster *cluster, struct err *err);

/* All calls of this user must have ended or be cancelled before. Accepts NULL. */
void cluster_release(struct cluster *cluster);

/* The endpoint that calls go to now: its place in `settings`, and its name, good until the next
 * call. */
size_t cluster_endpoint(const struct cluster *cluster);
const char *cluster_endpoint_name(struct cluster *cluster);

#endif
