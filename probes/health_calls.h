/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_HEALTH_CALLS_H
#define PROBES_HEALTH_CALLS_H

/* health_calls - Health/Check and Health/Watch for one service, made ready once. Pure. */

#include <stdint.h>

#include "agent/descriptor/descriptor.h"
#include "agent/net/h2_session.h"

/* Embedded. `check` and `watch` are what the probe starts; the rest is what they point to. */
struct health_calls {
	struct h2_call check, watch;
	struct h2_header *headers; /* owned array; names and values borrowed from the descriptor */
	uint8_t *request;          /* owned; the body of both */
	char timeout[16];          /* grpc-timeout */
};

/* 0, or -1 without memory and *c as zeroed. `desc` must outlive it, and *c must not move. */
int health_calls_init(struct health_calls *c, const struct descriptor *desc);

/* Safe on a zeroed struct. */
void health_calls_finish(struct health_calls *c);

#endif
