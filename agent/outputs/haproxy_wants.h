/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_HAPROXY_WANTS_H
#define AGENT_OUTPUTS_HAPROXY_WANTS_H

/*
 * haproxy_wants - the servers that a backend of HAProxy should have. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "agent/descriptor/descriptor.h"
#include "agent/outputs/view.h"

#define HAPROXY_NAME_MAX    64
#define HAPROXY_ADDRESS_MAX 46
#define HAPROXY_WEIGHT_MAX  256u

struct haproxy_wanted {
	char name[HAPROXY_NAME_MAX]; /* address:port; names of servers take no brackets */
	char address[HAPROXY_ADDRESS_MAX];
	uint16_t port;
	uint32_t weight; /* 0 to HAPROXY_WEIGHT_MAX */
};

struct haproxy_wants {
	struct haproxy_wanted *at; /* owned; ordered by name, none twice */
	size_t n;
};

/*
 * HAProxy takes addresses only, so hosts that are names are left out. Weights
 * above 256 are scaled down, all of them in proportion, and none of them to 0.
 * 0, or -1 without memory.
 */
int haproxy_wants_make(
		struct haproxy_wants *wants, const struct output_view *view, struct left_out *left);

void haproxy_wants_finish(struct haproxy_wants *wants);

/* The same as a text, to compare. A new one; NULL without memory. */
char *haproxy_wants_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left);

#endif
