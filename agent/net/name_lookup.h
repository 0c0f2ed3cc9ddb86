/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_NAME_LOOKUP_H
#define AGENT_NET_NAME_LOOKUP_H

/*
 * name_lookup - the addresses of several hosts at once, within a time. For
 * commands: it waits. glibc does the work in threads of its own, which see
 * nothing of ours.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "agent/endpoint.h"

#define NAME_ADDRESSES 8

struct name_address {
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
	} at;
	socklen_t len;
};

struct name_found {
	struct name_address at[NAME_ADDRESSES];
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
