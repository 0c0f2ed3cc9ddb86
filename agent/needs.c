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
