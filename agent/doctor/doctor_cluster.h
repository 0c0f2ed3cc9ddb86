/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_CLUSTER_H
#define AGENT_DOCTOR_DOCTOR_CLUSTER_H

/*
 * doctor_cluster - the names and the members of one etcd cluster, each on its
 * own, and what only all of them show.
 */

#include "agent/descriptor/descriptor.h"
#include "agent/doctor/doctor_calls.h"

/* One cluster that is looked at. */
struct doctor_cluster {
	const struct etcd_settings *settings; /* borrowed */
	struct carrier_target *member;        /* one that does its work; NULL: none does */
	char name[ENDPOINT_TEXT_MAX];         /* ... and where it is */
	char *token; /* owned, a secret; NULL: none is needed, or there is none */
	bool usable; /* the member can be asked as the user */
	bool frozen; /* an alarm lets nothing be written */
};

/* Fills c->member and the rest of it; c->settings is set by the caller. -1 without memory. */
int doctor_cluster_check(struct doctor *d, struct doctor_cluster *c);

/* Of one call, in seconds. */
double doctor_cluster_timeout(const struct doctor_cluster *c);

/* Asks the member as the user, and waits. Takes `body` over; the caller finishes *ask. */
void doctor_cluster_ask(struct doctor *d, const struct doctor_cluster *c, struct doctor_ask *ask,
		const char *path, struct etcd_body body);

void doctor_cluster_finish(struct doctor_cluster *c);

#endif
