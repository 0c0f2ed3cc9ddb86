/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

/*
 * service - one descriptor at work: what its prober finds becomes the goal of
 * its registration, unless it is drained, or on its way out.
 */

#include "agent/cadence.h"
#include "agent/counts.h"
#include "agent/descriptor/descriptor.h"
#include "agent/prober.h"
#include "agent/registration.h"

struct service;

/* From the loop. None may finish the service but on_gone. */
struct service_events {
	/* Its health, or what etcd holds of it, may be another one. May be NULL. */
	void (*on_change)(struct service *service);
	/* The service is withdrawn and done; once. */
	void (*on_gone)(struct service *service);
};

/* Members are for service.c; prober and registration may be read; `owner` is the caller's. */
struct service {
	struct prober prober;
	struct registration registration;
	const struct service_events *events; /* borrowed */
	bool drained;                        /* withdrawn by somebody's wish, whatever its health */
	bool succeeded; /* another is to take its place: it only keeps what it has */
	bool opening;   /* the first verdict is about to come: a lease may be had ahead of it */
	bool leaving;
	enum absence why; /* ... it leaves */
	void *owner;
};

/*
 * Starts nothing. All is borrowed; `counts` may be NULL. 0, or -1 without
 * memory.
 */
int service_init(struct service *s, struct ev_loop *loop, struct etcd *etcd,
		struct tls_shelf *shelf, const struct descriptor *desc, struct random *random,
		struct cadence *cadence, struct counts *counts,
		const struct service_events *events);

void service_start(struct service *s);

/*
 * The process, or the machine, did not run for `gap` seconds. When that is
 * longer than a lease lives, nothing from before counts: health is asked anew,
 * and nothing is claimed before it has answered. To be called before anything
 * that has come in meanwhile is looked at.
 */
void service_interrupted(struct service *s, double gap);

/* Withdraws it, or lets its health decide again. It goes on being probed. */
void service_drain(struct service *s, bool drained);

/*
 * *s, which was not started yet, is to take the place of `before`, which is
 * listed under the same key. That one keeps what it has, unless it falls ill,
 * until it is told to leave; it writes nothing any more.
 */
void service_succeed(struct service *s, struct service *before);

/*
 * It has shown what it is worth: its key is listed, or is not to be, or cannot
 * be. Who waits for it to take a place need not wait longer.
 */
bool service_has_settled(const struct service *s);

/*
 * Stops probing and withdraws; ends in on_gone. `handed_over`: another one has
 * its key already, and it goes without a word.
 */
void service_leave(struct service *s, enum absence why, bool handed_over);

/* Etcd has confirmed that nothing is listed, or nothing ever was. */
bool service_is_withdrawn(const struct service *s);

/* Seconds of shutdown.linger that are left once it is withdrawn; at most all of it. */
double service_linger(const struct service *s);

/* Calls nobody back. Safe on a zeroed struct. */
void service_finish(struct service *s);

#endif
