/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_COUNTS_H
#define AGENT_COUNTS_H

/*
 * counts - what an agent counts from its start to its end. Services come and
 * go with reloads; these stay, so that no counter ever falls. Pure.
 */

#include <stdint.h>

#include "agent/histogram.h"
#include "agent/net/etcd_counts.h"

/* Why a service that was listed is not any more, by our own doing. */
enum absence { ABSENCE_UNHEALTHY, ABSENCE_DRAINED, ABSENCE_STOPPED, ABSENCE_RELOADED, N_ABSENCES };

/* Zeroed it is complete. */
struct counts {
	uint64_t registrations; /* puts that etcd has acknowledged */
	uint64_t deregistrations[N_ABSENCES];
	uint64_t leases_lost;
	struct histogram probes; /* seconds that audits took */
	struct etcd_counts etcd;
};

/* "unhealthy", "drained", "stopped", "reloaded". */
const char *absence_name(enum absence absence);

#endif
