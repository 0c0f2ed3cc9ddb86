/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/unit.h"

#include <stdlib.h>

#include "agent/needs.h"

bool unit_registers(const struct unit *u)
{
	return !u->desc.discover.on;
}

static int add_service(struct unit *u)
{
	const struct unit_shared *s = u->shared;

	if (service_init(&u->service, s->loop, &u->cluster->etcd, s->shelf, &u->desc, s->random,
			    s->cadence, s->counts, s->events) < 0) {
		return -1;
	}
	u->service.owner = u;
	return 0;
}

static int add_readers(struct unit *u, struct err *err)
{
	const struct unit_shared *s = u->shared;
	struct etcd_streams *streams = cluster_streams(u->cluster, err);

	u->readers = calloc(u->desc.discover.n_services, sizeof *u->readers);
	if (streams == NULL || u->readers == NULL) {
		return -1;
	}
	for (; u->n_readers < u->desc.discover.n_services; u->n_readers++) {
		if (reader_init(&u->readers[u->n_readers], s->loop, streams, &u->desc,
				    &u->desc.discover.services[u->n_readers], s->random) < 0) {
			return -1;
		}
		u->readers[u->n_readers].owner = u;
		u->readers[u->n_readers].on_change = s->on_reader;
	}
	return 0;
}

struct unit *unit_create(const struct unit_shared *shared, struct descriptor *desc, struct err *err)
{
	struct unit *u = calloc(1, sizeof *u);

	(void)err_set(err, ERR_SYSTEM, "out of memory");
	if (u == NULL) {
		descriptor_finish(desc);
		return NULL;
	}
	u->shared = shared;
	u->desc = *desc;
	*desc = (struct descriptor){ 0 };
	if (needs_load(&u->desc, err) < 0) {
		unit_destroy(u);
		return NULL;
	}
	u->cluster = clusters_take(shared->clusters, &u->desc.etcd, err);
	if (u->cluster == NULL || (unit_registers(u) ? add_service(u) : add_readers(u, err)) < 0) {
		unit_destroy(u);
		return NULL;
	}
	return u;
}

void unit_start(struct unit *u)
{
	if (unit_registers(u)) {
		service_start(&u->service);
	}
	for (size_t i = 0; i < u->n_readers; i++) {
		reader_start(&u->readers[i]);
	}
}

void unit_interrupted(struct unit *u, double gap)
{
	if (unit_registers(u)) {
		service_interrupted(&u->service, gap);
	}
	for (size_t i = 0; i < u->n_readers; i++) {
		reader_interrupted(&u->readers[i]);
	}
}

void unit_destroy(struct unit *u)
{
	if (u == NULL) {
		return;
	}
	service_finish(&u->service);
	for (size_t i = 0; i < u->n_readers; i++) {
		reader_finish(&u->readers[i]);
	}
	free(u->readers);
	cluster_release(u->cluster);
	descriptor_finish(&u->desc);
	free(u);
}
