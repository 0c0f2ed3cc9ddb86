/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clusters - each has a carrier of its own, so that all its connections, and
 * what is known of its servers, go with it.
 */
#include "agent/clusters.h"

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/etcd_settings.h"
#include "agent/util.h"

void clusters_init(struct clusters *c, struct ev_loop *loop, struct random *random,
		struct etcd_counts *counts, etcd_heard *on_notice,
		void (*on_made)(const struct etcd_settings *settings))
{
	*c = (struct clusters){
		.loop = loop,
		.random = random,
		.counts = counts,
		.on_notice = on_notice,
		.on_made = on_made,
	};
}

static struct cluster *find(const struct clusters *c, const struct etcd_settings *settings)
{
	for (struct list *link = c->all; link != NULL; link = link->next) {
		struct cluster *found = CONTAINER_OF(link, struct cluster, link);
		if (etcd_settings_equal(&found->settings, settings)) {
			return found;
		}
	}
	return NULL;
}

static void destroy(struct cluster *cluster)
{
	if (cluster->link.at != NULL) {
		list_remove(&cluster->link);
	}
	etcd_streams_finish(&cluster->streams);
	etcd_finish(&cluster->etcd);
	carrier_destroy(cluster->streams_carrier);
	carrier_destroy(cluster->carrier);
	etcd_settings_finish(&cluster->settings);
	free(cluster);
}

static struct cluster *make(
		struct clusters *c, const struct etcd_settings *settings, struct err *err)
{
	struct cluster *made = calloc(1, sizeof *made);

	(void)err_set(err, ERR_SYSTEM, "out of memory");
	if (made == NULL) {
		return NULL;
	}
	made->clusters = c;
	if (etcd_settings_copy(&made->settings, settings) < 0) {
		free(made);
		return NULL;
	}
	made->carrier = carrier_create(c->loop, c->random);
	if (made->carrier == NULL || etcd_init(&made->etcd, c->loop, made->carrier, &made->settings,
						     c->random) < 0) {
		destroy(made);
		return NULL;
	}
	made->etcd.on_notice = c->on_notice;
	etcd_count_in(&made->etcd, c->counts);
	list_add(&c->all, &made->link);
	c->on_made(&made->settings);
	return made;
}

struct cluster *clusters_take(
		struct clusters *c, const struct etcd_settings *settings, struct err *err)
{
	struct cluster *found = find(c, settings);

	if (found == NULL) {
		found = make(c, settings, err);
	}
	if (found != NULL) {
		found->users++;
	}
	return found;
}

struct etcd_streams *cluster_streams(struct cluster *cluster, struct err *err)
{
	if (cluster->streams.etcd != NULL) {
		return &cluster->streams;
	}
	if (cluster->streams_carrier == NULL) {
		cluster->streams_carrier =
				carrier_create(cluster->clusters->loop, cluster->clusters->random);
	}
	if (cluster->streams_carrier == NULL ||
			etcd_streams_init(&cluster->streams, &cluster->etcd, &cluster->settings,
					cluster->streams_carrier, cluster->clusters->random) < 0) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	return &cluster->streams;
}

void cluster_release(struct cluster *cluster)
{
	if (cluster != NULL && --cluster->users == 0) {
		destroy(cluster);
	}
}

size_t cluster_endpoint(const struct cluster *cluster)
{
	return endpoint_ring_current(&cluster->etcd.channel.route.ring);
}

const char *cluster_endpoint_name(struct cluster *cluster)
{
	const struct endpoint *at = &cluster->settings.endpoints.at[cluster_endpoint(cluster)];

	endpoint_format(cluster->name, sizeof cluster->name, at->host, at->port);
	return cluster->name;
}
