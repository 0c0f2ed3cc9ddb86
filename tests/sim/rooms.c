/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rooms - what units.c stands on and no day has: clusters, of which there is
 * one here, the client of its agent; readers; and libraries to load.
 */
#include <stdlib.h>

#include "agent/clusters.h"
#include "agent/needs.h"
#include "agent/reader.h"
#include "agent/util.h"
#include "tests/sim/node.h"

void clusters_init(struct clusters *c, struct ev_loop *loop, struct random *random,
		struct etcd_counts *counts, etcd_heard *on_notice,
		void (*on_made)(const struct etcd_settings *settings))
{
	*c = (struct clusters){ .loop = loop,
		.random = random,
		.counts = counts,
		.on_notice = on_notice,
		.on_made = on_made };
}

struct cluster *clusters_take(
		struct clusters *c, const struct etcd_settings *settings, struct err *err)
{
	struct node *n = c->loop->owner;

	UNUSED(settings);
	UNUSED(err);
	return &n->client.cluster;
}

void cluster_release(struct cluster *cluster)
{
	UNUSED(cluster);
}

struct etcd_streams *cluster_streams(struct cluster *cluster, struct err *err)
{
	UNUSED(cluster);
	UNUSED(err);
	abort();
}

int reader_init(struct reader *r, struct ev_loop *loop, struct etcd_streams *streams,
		const struct descriptor *desc, const struct discover_service *service,
		struct random *random)
{
	UNUSED(r);
	UNUSED(loop);
	UNUSED(streams);
	UNUSED(desc);
	UNUSED(service);
	UNUSED(random);
	abort();
}

void reader_start(struct reader *r)
{
	UNUSED(r);
	abort();
}

void reader_interrupted(struct reader *r)
{
	UNUSED(r);
	abort();
}

void reader_finish(struct reader *r)
{
	UNUSED(r);
	abort();
}

int needs_load(const struct descriptor *d, struct err *err)
{
	UNUSED(d);
	UNUSED(err);
	return 0;
}
