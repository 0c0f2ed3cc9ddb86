/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/needs.h"

#include "agent/net/curl_http.h"
#include "agent/net/tls_context.h"

int needs_load(const struct descriptor *d, struct err *err)
{
	bool probes = !d->discover.on;
	bool tls = d->etcd.tls.on || (probes && d->probe.tls.on);
	bool http = probes && d->probe.type == PROBE_HTTP;

	return (tls && tls_context_prepare(err) < 0) || (http && curl_http_prepare(err) < 0) ? -1
											     : 0;
}

int needs_load_all(const struct descriptor_set *set, struct err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		if (needs_load(&set->at[i], err) < 0) {
			return -1;
		}
	}
	return 0;
}

static bool output_runs_programs(const struct output_settings *o)
{
	return o->type == OUTPUT_EXEC || (o->type == OUTPUT_NGINX && o->reload.n > 0);
}

static bool reader_runs_programs(const struct descriptor *d)
{
	for (size_t i = 0; i < d->discover.n_services; i++) {
		const struct discover_service *service = &d->discover.services[i];
		for (size_t k = 0; k < service->n_outputs; k++) {
			if (output_runs_programs(&service->outputs[k])) {
				return true;
			}
		}
	}
	return false;
}

bool needs_programs(const struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct descriptor *d = &set->at[i];
		if (d->discover.on ? reader_runs_programs(d) : d->probe.type == PROBE_EXEC) {
			return true;
		}
	}
	return false;
}

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

bool needs_secrecy(const struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct descriptor *d = &set->at[i];
		if (is_set(d->etcd.password) || is_set(d->etcd.password_file) ||
				is_set(d->etcd.tls.key_file) || is_set(d->probe.tls.key_file) ||
				d->probe.metadata.n > 0) {
			return true;
		}
	}
	return false;
}
