/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_HAPROXY_SERVERS_H
#define AGENT_OUTPUTS_HAPROXY_SERVERS_H

/*
 * haproxy_servers - the servers of ours that a backend of HAProxy has, from
 * what its runtime API answers. Pure.
 *
 * Those whose names begin with svc- are ours; all others are left alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"
#include "agent/outputs/haproxy_wants.h"

#define HAPROXY_PREFIX "svc-"

struct haproxy_server {
	char name[HAPROXY_NAME_MAX]; /* without svc- */
	char address[HAPROXY_ADDRESS_MAX];
	uint16_t port;
	uint32_t weight;
	bool slot; /* its name is a number: the configuration has it */
	bool maintenance, draining;
	bool used; /* calls run on it, or that is not known */
};

struct haproxy_servers {
	struct haproxy_server *at; /* owned; as HAProxy orders them */
	size_t n, size;
	bool any_draining;
};

/* From the answer to `show servers state BACKEND`. -1 with a sentence when it is none. */
int haproxy_servers_read(struct haproxy_servers *servers, const char *answer, struct err *err);

/* From the answer to `show servers conn BACKEND`: which of them are not used. */
void haproxy_servers_note_calls(struct haproxy_servers *servers, const char *answer);

/* Safe on a zeroed struct. */
void haproxy_servers_finish(struct haproxy_servers *servers);

#endif
