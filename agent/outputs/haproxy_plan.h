/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_HAPROXY_PLAN_H
#define AGENT_OUTPUTS_HAPROXY_PLAN_H

/*
 * haproxy_plan - from the servers of ours that a backend of HAProxy has, and
 * those that it should have, to the commands that lead there. Pure.
 *
 * There are two kinds of ours:
 *
 * - svc-127.0.0.1:50051 was added by us, and is deleted when it is done;
 * - svc-1, svc-2, ... are slots that the configuration has (server-template):
 *   they are given an address, and are put in maintenance when they are done.
 *
 * Slots are taken first; when none is free, servers are added. A server that is
 * to go is drained: it gets no new calls. When no call is left on it, it goes to
 * maintenance, and is deleted if it was added. No running call is ever cut, so a
 * server stays in drain for as long as its last call. One that is wanted again
 * is made ready.
 *
 * As seen with HAProxy 2.6.12: an added server needs `proto h2` to speak gRPC,
 * takes nothing from default-server, begins in maintenance, and makes a new
 * connection for each call, since its max-reuse is 0 and cannot be set. A slot
 * is as the configuration has it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/outputs/haproxy_servers.h"
#include "agent/outputs/haproxy_wants.h"

struct haproxy_command {
	char *text;         /* owned: one line without its end */
	const char *answer; /* what its answer has in it when it worked; "" when it is empty then */
	bool patient;       /* it may be refused, and is tried again later */
};

struct haproxy_plan {
	struct haproxy_command *at; /* owned */
	size_t n;
	bool leaving; /* servers are on their way out ... */
	bool begun;   /* ... and some of them from now on */
};

/* 0, or -1 without memory, and the plan is empty then. */
int haproxy_plan_make(struct haproxy_plan *plan, const char *backend,
		const struct haproxy_wants *wants, const struct haproxy_servers *servers);

/* True when this is how HAProxy answers a command that it has obeyed. */
bool haproxy_plan_obeyed(const struct haproxy_command *command, const char *answer);

/* Safe on a zeroed struct. */
void haproxy_plan_finish(struct haproxy_plan *plan);

#endif
