/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - every metric is one row of a table: what it is called, what it
 * says, and which function writes its lines. The text is a walk over it.
 */
#include "agent/admin/metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/metrics_etcd.h"
#include "agent/admin/metrics_page.h"
#include "agent/util.h"

/* What the writers work on. */
struct metrics_page {
	FILE *out;
	const struct status *status;
	const struct counts *counts;
	const struct status_service **services; /* those that are told, by their labels */
	size_t n_services;
};

static void one(struct metrics_page *page, const struct metric *m, double value)
{
	metrics_page_line(page->out, m->name, NULL, value);
}

static void one_labelled(struct metrics_page *page, const struct metric *m, const char *label,
		const char *text, double value)
{
	const struct metric_label labels[] = { { label, text }, { 0 } };

	metrics_page_line(page->out, m->name, labels, value);
}

/* ---- the agent ------------------------------------------------------------------------ */

static void write_version(struct metrics_page *page, const struct metric *m)
{
	one_labelled(page, m, "version", page->status->version, 1.0);
}

static void write_uptime(struct metrics_page *page, const struct metric *m)
{
	one(page, m, page->status->uptime);
}

static void write_ready(struct metrics_page *page, const struct metric *m)
{
	one(page, m, status_is_ready(page->status) ? 1.0 : 0.0);
}

static void write_reloads(struct metrics_page *page, const struct metric *m)
{
	one_labelled(page, m, "result", "ok", (double)page->status->reloads);
	one_labelled(page, m, "result", "failed", (double)page->status->reloads_failed);
}

/* ---- services ------------------------------------------------------------------------- */

#define PORT_TEXT 12

/* name, host and port of a service, one label of the caller's if there is one, and the end. */
struct service_labels {
	char port[PORT_TEXT];
	struct metric_label at[5];
};

/* Into a zeroed one. */
static void label_service(struct service_labels *l, const struct status_service *s)
{
	(void)snprintf(l->port, sizeof l->port, "%u", s->port);
	l->at[0] = (struct metric_label){ "service", s->name };
	l->at[1] = (struct metric_label){ "host", s->host };
	l->at[2] = (struct metric_label){ "port", l->port };
}

static void write_services(struct metrics_page *page, const struct metric *m)
{
	for (size_t i = 0; i < page->n_services; i++) {
		struct service_labels labels = { 0 };
		label_service(&labels, page->services[i]);
		metrics_page_line(page->out, m->name, labels.at, m->of_service(page->services[i]));
	}
}

/* A line for each reason that was seen, so that a service has few; and one at least. */
static void write_reasons(
		struct metrics_page *page, const struct metric *m, const struct status_service *s)
{
	struct service_labels labels = { 0 };
	bool seen = false;

	label_service(&labels, s);
	for (size_t i = 0; i < N_REASONS; i++) {
		double n = s->reasons == NULL ? 0.0 : (double)s->reasons[i];
		if (n > 0.0) {
			seen = true;
			labels.at[3] = (struct metric_label){ "reason",
				reason_token((enum reason)i) };
			metrics_page_line(page->out, m->name, labels.at, n);
		}
	}
	if (!seen) {
		labels.at[3] = (struct metric_label){ "reason", reason_token(REASON_SERVING) };
		metrics_page_line(page->out, m->name, labels.at, 0.0);
	}
}

static void write_probes(struct metrics_page *page, const struct metric *m)
{
	for (size_t i = 0; i < page->n_services; i++) {
		write_reasons(page, m, page->services[i]);
	}
}

static double health(const struct status_service *s)
{
	return s->health == HEALTH_UP ? 1.0 : 0.0;
}

static double health_for(const struct status_service *s)
{
	return s->health_for;
}

static double registered(const struct status_service *s)
{
	return s->listed ? 1.0 : 0.0;
}

static double at_goal(const struct status_service *s)
{
	return s->at_goal ? 1.0 : 0.0;
}

static double contested(const struct status_service *s)
{
	return s->contested ? 1.0 : 0.0;
}

static double drained(const struct status_service *s)
{
	return s->drained ? 1.0 : 0.0;
}

static double lease_ttl(const struct status_service *s)
{
	return s->ttl;
}

static double seconds_left(const struct status_service *s)
{
	return s->seconds_left;
}

static double tries(const struct status_service *s)
{
	return (double)s->tries;
}

/* ---- what is counted ------------------------------------------------------------------ */

static void write_probe_durations(struct metrics_page *page, const struct metric *m)
{
	metrics_page_histogram(page->out, m->name, &page->counts->probes);
}

static void write_registrations(struct metrics_page *page, const struct metric *m)
{
	one(page, m, (double)page->counts->registrations);
}

static void write_deregistrations(struct metrics_page *page, const struct metric *m)
{
	for (size_t i = 0; i < N_ABSENCES; i++) {
		one_labelled(page, m, "reason", absence_name((enum absence)i),
				(double)page->counts->deregistrations[i]);
	}
}

static void write_leases_lost(struct metrics_page *page, const struct metric *m)
{
	one(page, m, (double)page->counts->leases_lost);
}

/* ---- etcd ----------------------------------------------------------------------------- */

static void write_requests(struct metrics_page *page, const struct metric *m)
{
	metrics_etcd_requests(page->out, m->name, &page->counts->etcd);
}

static void write_request_durations(struct metrics_page *page, const struct metric *m)
{
	metrics_page_histogram(page->out, m->name, &page->counts->etcd.took);
}

static void write_endpoints(struct metrics_page *page, const struct metric *m)
{
	metrics_etcd_endpoints(page->out, m->name, page->status);
}

/* ---- readers -------------------------------------------------------------------------- */

/* While a reload replaces a reader there may be two. */
static bool told_before(const struct status *s, size_t at)
{
	const struct status_reader *r = &s->readers[at];

	for (size_t i = 0; i < at; i++) {
		if (strcmp(s->readers[i].name, r->name) == 0 &&
				strcmp(s->readers[i].file, r->file) == 0) {
			return true;
		}
	}
	return false;
}

static void write_readers(struct metrics_page *page, const struct metric *m)
{
	for (size_t i = 0; i < page->status->n_readers; i++) {
		const struct status_reader *r = &page->status->readers[i];
		const struct metric_label labels[] = {
			{ "service", r->name },
			{ "file", r->file },
			{ 0 },
		};
		if (!told_before(page->status, i)) {
			metrics_page_line(page->out, m->name, labels, m->of_reader(r));
		}
	}
}

static double begun(const struct status_reader *r)
{
	return r->begun ? 1.0 : 0.0;
}

static double instances(const struct status_reader *r)
{
	return (double)r->instances;
}

static double stale_for(const struct status_reader *r)
{
	return r->age;
}

static double revision(const struct status_reader *r)
{
	return (double)r->revision;
}

static bool same_place(const struct status_output *a, const struct status_output *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->place, b->place) == 0;
}

/* Two outputs may run the same command: one line, that says whether one of them fails. */
static void write_place(struct metrics_page *page, const struct metric *m,
		const struct status_reader *r, size_t at)
{
	const struct status_output *output = &r->outputs[at];
	const struct metric_label labels[] = {
		{ "service", r->name },
		{ "file", r->file },
		{ "type", output->type },
		{ "place", output->place },
		{ 0 },
	};
	bool failing = false;

	for (size_t i = 0; i < r->n_outputs; i++) {
		if (same_place(&r->outputs[i], output)) {
			if (i < at) {
				return;
			}
			failing = failing || r->outputs[i].failing;
		}
	}
	metrics_page_line(page->out, m->name, labels, failing ? 1.0 : 0.0);
}

static void write_outputs(struct metrics_page *page, const struct metric *m)
{
	for (size_t i = 0; i < page->status->n_readers; i++) {
		const struct status_reader *r = &page->status->readers[i];
		for (size_t k = 0; k < r->n_outputs && !told_before(page->status, i); k++) {
			write_place(page, m, r, k);
		}
	}
}

/* ---- the table ------------------------------------------------------------------------ */

#define SERVICE "service,host,port"
#define READER  "service,file"

/* clang-format off */
static const struct metric table[] = {
	{ "svc_agent_build_info", "gauge", "version",
	  "The version of svc-agent; always 1", write_version, NULL, NULL },
	{ "svc_agent_uptime_seconds", "gauge", "",
	  "Since the agent was started", write_uptime, NULL, NULL },
	{ "svc_agent_ready", "gauge", "",
	  "1 when all that it registers and reads is as it should be, as /readyz says", write_ready, NULL, NULL },
	{ "svc_agent_reloads_total", "counter", "result",
	  "Times that the descriptors were read again: ok, or failed and nothing changed", write_reloads, NULL, NULL },

	{ "svc_agent_health", "gauge", SERVICE,
	  "1 when the service is healthy, 0 when it is not or that is not known yet", write_services, health, NULL },
	{ "svc_agent_health_seconds", "gauge", SERVICE,
	  "How long the health has been what it is", write_services, health_for, NULL },
	{ "svc_agent_registered", "gauge", SERVICE,
	  "1 while the service is surely listed: etcd has said so, and its lease cannot have run out since", write_services, registered, NULL },
	{ "svc_agent_at_goal", "gauge", SERVICE,
	  "1 when etcd has the service as it should: listed while healthy, not listed while unhealthy or drained", write_services, at_goal, NULL },
	{ "svc_agent_contested", "gauge", SERVICE,
	  "1 while another instance holds the key of the service", write_services, contested, NULL },
	{ "svc_agent_drained", "gauge", SERVICE,
	  "1 while somebody wants the service withdrawn, whatever its health", write_services, drained, NULL },
	{ "svc_agent_lease_ttl_seconds", "gauge", SERVICE,
	  "Of the lease, as etcd granted it; 0 without one", write_services, lease_ttl, NULL },
	{ "svc_agent_lease_seconds_left", "gauge", SERVICE,
	  "For how long the lease lives for sure; 0 without one", write_services, seconds_left, NULL },
	{ "svc_agent_etcd_tries", "gauge", SERVICE,
	  "Calls to etcd without a clear answer, in a row", write_services, tries, NULL },

	{ "svc_agent_probes_total", "counter", SERVICE ",reason",
	  "Reports about the service, by what was seen", write_probes, NULL, NULL },
	{ "svc_agent_probe_duration_seconds", "histogram", "",
	  "How long probes took", write_probe_durations, NULL, NULL },

	{ "svc_agent_registrations_total", "counter", "",
	  "Times that etcd has acknowledged the keys of a service", write_registrations, NULL, NULL },
	{ "svc_agent_deregistrations_total", "counter", "reason",
	  "Times that the agent has withdrawn a service: unhealthy, drained, stopped or reloaded", write_deregistrations, NULL, NULL },
	{ "svc_agent_leases_lost_total", "counter", "",
	  "Leases that etcd did not know any more, although they were renewed", write_leases_lost, NULL, NULL },

	{ "svc_agent_etcd_requests_total", "counter", "method,code",
	  "Calls to a member of etcd, by how they ended: a gRPC status, or in lower case what went wrong on the way", write_requests, NULL, NULL },
	{ "svc_agent_etcd_request_duration_seconds", "histogram", "",
	  "How long calls to a member of etcd took, other than watches", write_request_durations, NULL, NULL },
	{ "svc_agent_etcd_endpoint", "gauge", "endpoint",
	  "1 for the member of etcd that is asked now", write_endpoints, NULL, NULL },

	{ "svc_agent_reader_begun", "gauge", READER,
	  "1 when instances have been published", write_readers, NULL, begun },
	{ "svc_agent_instances", "gauge", READER,
	  "Instances that are published", write_readers, NULL, instances },
	{ "svc_agent_reader_stale_seconds", "gauge", READER,
	  "Since etcd has confirmed the instances, when that is too long ago; else 0", write_readers, NULL, stale_for },
	{ "svc_agent_reader_revision", "gauge", READER,
	  "The revision of etcd that is published", write_readers, NULL, revision },
	{ "svc_agent_output_failing", "gauge", READER ",type,place",
	  "1 while an output cannot be written or leaves instances out", write_outputs, NULL, NULL },
};
/* clang-format on */

const struct metric *metrics_table(size_t *n)
{
	*n = ARRAY_LEN(table);
	return table;
}

/* ---- the text ------------------------------------------------------------------------- */

/* By their labels; of those that have the same, in the order of the status. */
static int by_labels(const void *a, const void *b)
{
	const struct status_service *x = *(const struct status_service *const *)a;
	const struct status_service *y = *(const struct status_service *const *)b;
	int order = strcmp(x->name, y->name);

	if (order == 0) {
		order = strcmp(x->host, y->host);
	}
	if (order == 0) {
		order = (x->port > y->port) - (x->port < y->port);
	}
	return order != 0 ? order : (x > y) - (x < y);
}

static bool same_labels(const struct status_service *a, const struct status_service *b)
{
	return a->port == b->port && strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0;
}

/* One service of each set of labels, the first. 0, or -1 without memory. */
static int choose_services(struct metrics_page *page)
{
	const struct status *s = page->status;
	size_t kept = 0;

	page->services = calloc(s->n_services + 1, sizeof(struct status_service *));
	if (page->services == NULL) {
		return -1;
	}
	for (size_t i = 0; i < s->n_services; i++) {
		page->services[i] = &s->services[i];
	}
	qsort(page->services, s->n_services, sizeof(struct status_service *), by_labels);
	for (size_t i = 0; i < s->n_services; i++) {
		if (kept == 0 || !same_labels(page->services[kept - 1], page->services[i])) {
			page->services[kept++] = page->services[i];
		}
	}
	page->n_services = kept;
	return 0;
}

static void write_all(struct metrics_page *page)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		metrics_page_head(page->out, table[i].name, table[i].type, table[i].help);
		table[i].write(page, &table[i]);
	}
}

char *metrics_text(const struct status *s, size_t *len)
{
	struct metrics_page page = { .status = s, .counts = s->counts };
	char *text = NULL;

	if (choose_services(&page) < 0) {
		return NULL;
	}
	page.out = open_memstream(&text, len);
	if (page.out == NULL) {
		free(page.services);
		return NULL;
	}
	write_all(&page);
	bool bad = ferror(page.out) != 0;
	free(page.services);
	if (fclose(page.out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
