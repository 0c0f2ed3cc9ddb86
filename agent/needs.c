/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/needs.h"

#include "agent/net/tls_context.h"

int needs_load(const struct descriptor *d, struct err *err)
{
	if (d->etcd.tls.on || (!d->discover.on && d->probe.tls.on)) {
		return tls_context_prepare(err);
	}
	return 0;
}
