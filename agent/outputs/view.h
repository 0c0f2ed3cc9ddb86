/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_VIEW_H
#define AGENT_OUTPUTS_VIEW_H

/*
 * view - the instances of one service that are to be written, as they are now.
 *
 * It belongs to whoever follows etcd; outputs look at it when they are due.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/instances.h"

struct output_view {
	const char *service, *prefix; /* borrowed */
	struct instances instances;   /* what is published */
	int64_t revision;             /* etcd's, at which it was so */
	bool stale;                   /* not known to be true any more */
	double confirmed_at;          /* clock_now() when it was last known to be; 0: never */
	double age;                   /* seconds since then, at the last look; 0 unless stale */
};

/* Instances that cannot be written to some place: how many, and which is the first. */
struct left_out {
	size_t n;
	char first[160]; /* its key, cut when it is long */
	const char *why; /* a static clause: "its host is no address" */
};

void left_out_note(struct left_out *left, const struct instance *instance, const char *why);

/*
 * Where proxies reach an instance: its host, but 127.0.0.1 for localhost, which
 * they look up as two addresses or not at all.
 */
const char *view_host(const struct instance *instance);

#endif
