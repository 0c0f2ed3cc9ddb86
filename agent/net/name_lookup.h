/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_NAME_LOOKUP_H
#define AGENT_NET_NAME_LOOKUP_H

/*
 * name_lookup - the addresses of several hosts at once, within a time. For
 * commands: it waits.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/endpoint.h"
#include "agent/net/h2_address.h"
#include "agent/net/name_query.h"

struct name_found {
	struct h2_address at[NAME_QUERY_ADDRESSES];
	size_t n;      /* 0: none */
	bool timeout;  /* ... as the time was up */
	double took;   /* seconds, until all of them were there */
	char why[120]; /* "" when there are addresses */
};

/* `out` has room for each endpoint. `timeout` in seconds. 0, or -1 without memory. */
int name_lookup(const struct endpoint *endpoints, size_t n, double timeout, struct name_found *out);

/* "127.0.0.1, ::1" */
void name_list(const struct name_found *found, char *out, size_t size);

#endif
