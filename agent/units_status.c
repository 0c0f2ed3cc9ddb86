/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/units_status.h"

#include <stdlib.h>

#include "agent/clock.h"
#include "agent/util.h"

static double not_below_zero(double value)
{
	return value > 0.0 ? value : 0.0;
}

static void describe_health(struct status_service *to, const struct prober *p, double now)
{
	to->health = p->health.state;
	to->probed = p->reported;
	to->reason = p->reason;
	to->sentence = prober_sentence(p);
	to->health_for = not_below_zero(now - p->since);
	to->reasons = p->reasons;
}

static void describe_registration(
		struct status_service *to, const struct registration *r, double now)
{
	bool holds = registration_holds_lease(r);

	to->key = r->entries.at[0].key;
	to->goal = r->goal;
	to->state = r->state;
	to->at_goal = registration_is_at_goal(r);
	to->listed = registration_is_listed(r);
	to->contested = r->contested && r->goal == GOAL_PRESENT;
	to->lease = holds ? r->lease : 0;
	to->ttl = holds ? r->ttl : 0.0;
	to->seconds_left = holds ? not_below_zero(r->sure_until - now) : 0.0;
	to->tries = r->unsure;
}

static void describe_service(struct status_service *to, const struct unit *u, double now)
{
	const struct service *s = &u->service;

	*to = (struct status_service){
		.name = u->desc.service.name,
		.host = u->desc.service.host,
		.port = u->desc.service.port,
		.file = u->desc.file,
		.etcd = cluster_endpoint_name(u->cluster),
		.drained = s->drained,
		.withdrawn = service_is_withdrawn(s),
		.linger_left = service_linger(s),
		.retiring = u->link.at != NULL,
	};
	describe_health(to, &s->prober, now);
	describe_registration(to, &s->registration, now);
}

static int describe_outputs(struct status_reader *to, const struct reader *r)
{
	to->outputs = calloc(r->n_outputs + 1, sizeof *to->outputs);
	if (to->outputs == NULL) {
		return -1;
	}
	for (; to->n_outputs < r->n_outputs; to->n_outputs++) {
		const struct output *o = r->outputs[to->n_outputs];
		to->outputs[to->n_outputs] = (struct status_output){ output_type(o),
			output_place(o), output_failing(o) };
		to->at_goal = to->at_goal && !output_failing(o);
	}
	return 0;
}

static int describe_reader(struct status_reader *to, const struct unit *u, const struct reader *r)
{
	const struct output_view *view = &r->view;
	bool stale = r->begun && view->stale;

	*to = (struct status_reader){
		.name = r->service->name,
		.prefix = r->prefix,
		.file = u->desc.file,
		.begun = r->begun,
		.stale = stale,
		.age = stale ? not_below_zero(clock_now() - view->confirmed_at) : 0.0,
		.revision = view->revision,
		.instances = view->instances.n,
		.at_goal = r->begun && !stale,
		.etcd = cluster_endpoint_name(u->cluster),
	};
	return describe_outputs(to, r);
}

static int describe_readers(struct status *s, const struct unit *u)
{
	for (size_t i = 0; i < u->n_readers; i++) {
		if (describe_reader(&s->readers[s->n_readers++], u, &u->readers[i]) < 0) {
			return -1;
		}
	}
	return 0;
}

static size_t count(const struct list *list)
{
	size_t n = 0;

	for (; list != NULL; list = list->next) {
		n++;
	}
	return n;
}

static void describe_clusters(struct status *s, const struct clusters *clusters)
{
	for (struct list *link = clusters->all; link != NULL; link = link->next) {
		const struct cluster *c = CONTAINER_OF(link, struct cluster, link);
		s->clusters[s->n_clusters++] = (struct status_cluster){ &c->settings.endpoints,
			cluster_endpoint(c) };
	}
}

int units_status(const struct units *units, struct status *s)
{
	double now = clock_now();

	s->drained = units->drained;
	s->services = calloc(units->n + count(units->retiring) + 1, sizeof *s->services);
	s->readers = calloc(units_readers(units) + 1, sizeof *s->readers);
	s->clusters = calloc(count(units->shared.clusters->all) + 1, sizeof *s->clusters);
	if (s->services == NULL || s->readers == NULL || s->clusters == NULL) {
		return -1;
	}
	for (size_t i = 0; i < units->n; i++) {
		if (unit_registers(units->at[i])) {
			describe_service(&s->services[s->n_services++], units->at[i], now);
		} else if (describe_readers(s, units->at[i]) < 0) {
			return -1;
		}
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		describe_service(&s->services[s->n_services++],
				CONTAINER_OF(link, struct unit, link), now);
	}
	describe_clusters(s, units->shared.clusters);
	return 0;
}
