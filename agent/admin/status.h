/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_STATUS_H
#define AGENT_ADMIN_STATUS_H

/*
 * status - what there is to say about a running agent, at one moment: plain
 * data. The agent fills it; the status document, the metrics and the readiness
 * are made of it. Nothing in it is secret. Pure.
 *
 * Texts and what else is borrowed is the agent's, and good until the loop goes
 * on. Arrays are owned. Times are seconds before now, or from now.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/counts.h"
#include "agent/descriptor/descriptor.h"
#include "agent/health.h"
#include "agent/lease.h"
#include "probes/reason.h"

struct status_service {
	const char *name, *host;
	unsigned port;
	const char *key;  /* the first of its keys */
	const char *file; /* its descriptor */

	enum health_state health;
	bool probed; /* there was a report: the next two are of the last one */
	enum reason reason;
	const char *sentence; /* about that reason */
	double health_for; /* since when health is what it is; since the start while it is unknown
			    */
	const uint64_t *reasons; /* reports so far, [N_REASONS] */

	enum goal goal;
	enum lease_state state;
	bool at_goal;   /* listed if it is to be listed, not listed if not; false while health is
			   unknown */
	bool listed;    /* the last that etcd said: the key is there, on our lease */
	bool contested; /* another instance has the key */
	int64_t lease;  /* 0: none */
	double ttl;     /* as etcd granted it; 0 without a lease */
	double seconds_left; /* of the lease, for sure; never below 0 */
	unsigned tries;      /* calls to etcd without a clear answer, in a row */
	const char *etcd;    /* endpoint in use, "host:port" */

	bool drained;       /* somebody wants it withdrawn, whatever its health */
	bool withdrawn;     /* etcd has confirmed that nothing is listed, or nothing ever was */
	double linger_left; /* of shutdown.linger, since that was so; 0: over */
	bool retiring;      /* a reload has replaced or removed it: it is on its way out */
};

struct status_output {
	const char *type, *place;
	bool failing;
};

struct status_reader {
	const char *name, *prefix;
	const char *file;
	bool begun;                    /* there is something published */
	bool stale;                    /* ... that etcd has not confirmed of late */
	double age;                    /* seconds since it did; 0 when not stale */
	int64_t revision;              /* of etcd, of what is published */
	size_t instances;              /* published */
	bool at_goal;                  /* begun, not stale, no output failing */
	const char *etcd;              /* endpoint in use */
	struct status_output *outputs; /* owned */
	size_t n_outputs;
};

struct status_cluster {
	const struct endpoints *endpoints;
	size_t in_use; /* index */
};

struct status {
	const char *version;
	double uptime;
	bool leaving; /* a signal has told it to end */
	bool drained; /* all, and what a reload brings */
	unsigned reloads, reloads_failed;
	struct status_service
			*services; /* owned; in the order of the descriptors, retiring ones last */
	size_t n_services;
	struct status_reader *readers; /* owned */
	size_t n_readers;
	struct status_cluster *clusters; /* owned */
	size_t n_clusters;
	const struct counts *counts;
};

/* True when all that is not retiring is at its goal, and the agent is not on its way out. */
bool status_is_ready(const struct status *s);

/* One line for whoever supervises the agent: "2 of 3 services listed". */
void status_summary(const struct status *s, char *out, size_t size);

/* Safe on a zeroed struct. */
void status_finish(struct status *s);

#endif
