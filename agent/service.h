/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

/*
 * service - one descriptor at work: what its prober finds becomes the goal of
 * its registration.
 */

#include "agent/descriptor.h"
#include "agent/prober.h"
#include "agent/registration.h"

struct service;

/* The service is withdrawn and done; called from the loop, once. */
typedef void service_gone(struct service *service);

/* Members are for service.c; `owner` is the caller's. */
struct service {
	struct prober prober;
	struct registration registration;
	service_gone *on_gone;
	void *owner;
};

/* Starts nothing. `desc`, `etcd`, `shelf` and `random` are borrowed. 0, or -1 without memory. */
int service_init(struct service *s, struct ev_loop *loop, struct etcd *etcd,
		struct tls_shelf *shelf, const struct descriptor *desc, struct random *random,
		service_gone *on_gone);

void service_start(struct service *s);

/*
 * The process, or the machine, did not run for `gap` seconds. When that is
 * longer than a lease lives, nothing from before counts: health is asked anew,
 * and nothing is claimed before it has answered. To be called before anything
 * that has come in meanwhile is looked at.
 */
void service_interrupted(struct service *s, double gap);

/* Stops probing and withdraws; ends in on_gone. */
void service_leave(struct service *s);

/* Calls nobody back. Safe on a zeroed struct. */
void service_finish(struct service *s);

#endif
