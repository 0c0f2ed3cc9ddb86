/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_METRICS_ETCD_H
#define AGENT_ADMIN_METRICS_ETCD_H

/* metrics_etcd - the lines of the metrics about the calls to etcd and its members. Pure. */

#include <stdio.h>

#include "agent/admin/status.h"

/* A line for each method and code that was seen. */
void metrics_etcd_requests(FILE *out, const char *name, const struct etcd_counts *counts);

/* A line for each member that is named, once, which says whether it is in use. */
void metrics_etcd_endpoints(FILE *out, const char *name, const struct status *s);

#endif
