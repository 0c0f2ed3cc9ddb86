/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/clusters.h"

#include <stdlib.h>
#include <string.h>

/* One etcd cluster, as it was named first. */
struct cluster {
	struct etcd etcd;
	struct etcd_streams streams;          /* zeroed until someone reads */
	const struct etcd_settings *settings; /* borrowed */
	struct cluster *next;
};

int clusters_init(struct clusters *c, struct ev_loop *loop, struct random *random,
		etcd_heard *on_notice, void (*on_made)(const struct etcd_settings *settings),
		struct err *err)
{
	*c = (struct clusters){
		.loop = loop, .random = random, .on_notice = on_notice, .on_made = on_made
	};
	c->carrier = curl_carrier_create(loop, err);
	return c->carrier == NULL ? -1 : 0;
}

static struct cluster *make(struct clusters *c, const struct etcd_settings *settings)
{
	struct cluster *made = calloc(1, sizeof *made);

	if (made == NULL || etcd_init(&made->etcd, c->loop, c->carrier, settings, c->random) < 0) {
		free(made);
		return NULL;
	}
	made->etcd.on_notice = c->on_notice;
	etcd_count_in(&made->etcd, c->counts);
	made->settings = settings;
	made->next = c->first;
	c->first = made;
	c->n++;
	curl_carrier_keep(c->carrier, c->n);
	c->on_made(settings);
	return made;
}

static struct cluster *find(struct clusters *c, const struct etcd_settings *settings)
{
	struct cluster *found = c->first;

	while (found != NULL && !etcd_settings_equal(found->settings, settings)) {
		found = found->next;
	}
	return found != NULL ? found : make(c, settings);
}

struct etcd *clusters_find(struct clusters *c, const struct etcd_settings *settings)
{
	struct cluster *found = find(c, settings);

	return found == NULL ? NULL : &found->etcd;
}

struct etcd_streams *clusters_streams(struct clusters *c, const struct etcd_settings *settings)
{
	struct cluster *found = find(c, settings);
	struct err err;

	if (found == NULL || found->streams.etcd != NULL) {
		return found == NULL ? NULL : &found->streams;
	}
	if (c->streams == NULL) {
		c->streams = curl_carrier_create(c->loop, &err);
	}
	if (c->streams == NULL || etcd_streams_init(&found->streams, &found->etcd, found->settings,
						  c->streams, c->random) < 0) {
		return NULL;
	}
	return &found->streams;
}

void clusters_finish(struct clusters *c)
{
	while (c->first != NULL) {
		struct cluster *first = c->first;
		c->first = first->next;
		etcd_streams_finish(&first->streams);
		etcd_finish(&first->etcd);
		free(first);
	}
	curl_carrier_destroy(c->streams);
	curl_carrier_destroy(c->carrier);
	memset(c, 0, sizeof *c);
}
