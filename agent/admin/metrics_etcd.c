/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/metrics_etcd.h"

#include <stdbool.h>

#include "agent/admin/metrics_page.h"
#include "agent/endpoint.h"

void metrics_etcd_requests(FILE *out, const char *name, const struct etcd_counts *counts)
{
	for (size_t i = 0; i < N_ETCD_METHODS; i++) {
		for (size_t k = 0; k < N_ETCD_CODES; k++) {
			const struct metric_label labels[] = {
				{ "method", etcd_method_name((enum etcd_method)i) },
				{ "code", etcd_code_name((enum etcd_code)k) },
				{ 0 },
			};
			if (counts->requests[i][k] > 0) {
				metrics_page_line(
						out, name, labels, (double)counts->requests[i][k]);
			}
		}
	}
}

/* Several clusters may name one member, when they differ in the user, say. */
static bool named_before(const struct status *s, size_t cluster, size_t at)
{
	const struct endpoint *looked_for = &s->clusters[cluster].endpoints->at[at];

	for (size_t i = 0; i <= cluster; i++) {
		const struct endpoints *e = s->clusters[i].endpoints;
		size_t n = i == cluster ? at : e->n;
		for (size_t k = 0; k < n; k++) {
			if (endpoint_same(&e->at[k], looked_for)) {
				return true;
			}
		}
	}
	return false;
}

static bool in_use(const struct status *s, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < s->n_clusters; i++) {
		const struct status_cluster *c = &s->clusters[i];
		if (endpoint_same(&c->endpoints->at[c->in_use], endpoint)) {
			return true;
		}
	}
	return false;
}

void metrics_etcd_endpoints(FILE *out, const char *name, const struct status *s)
{
	for (size_t i = 0; i < s->n_clusters; i++) {
		const struct endpoints *all = s->clusters[i].endpoints;
		for (size_t k = 0; k < all->n; k++) {
			const struct endpoint *e = &all->at[k];
			char text[ENDPOINT_TEXT_MAX];
			const struct metric_label labels[] = { { "endpoint", text }, { 0 } };
			if (!named_before(s, i, k)) {
				endpoint_format(text, sizeof text, e->host, e->port);
				metrics_page_line(out, name, labels, in_use(s, e) ? 1.0 : 0.0);
			}
		}
	}
}
