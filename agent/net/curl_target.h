/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_TARGET_H
#define AGENT_NET_CURL_TARGET_H

/*
 * curl_target - one server that requests go to, and what is known of the
 * sockets that are open to it. It outlives every request, so that a socket
 * that closes late still has someone to tell.
 */

#include <stdbool.h>

#include "agent/endpoint.h"

#define TARGET_SOCKETS 8

struct curl_target {
	struct curl_target *next;
	char base[ENDPOINT_TEXT_MAX + 8]; /* http://host:port */
	char name[ENDPOINT_TEXT_MAX];     /* host:port, for messages */
	unsigned sockets;                 /* open now */
	unsigned connecting;              /* requests in flight that make a connection */
	unsigned made;                    /* connections begun, ever: tells newer from older */
	bool stale;                       /* do not join what is open */
	int fds[TARGET_SOCKETS];          /* the open ones, as far as they fit; -1 is free */
};

/* Owned by the caller: free() it after the last socket is closed. NULL without memory. */
struct curl_target *curl_target_create(const struct endpoint *endpoint);

/* A socket as socket() makes it, counted; -1 on failure. */
int curl_target_socket(struct curl_target *t, int family, int type, int protocol);
int curl_target_close(struct curl_target *t, int fd);

/* True when there is a connection to join, or one on its way. */
bool curl_target_joinable(const struct curl_target *t);

/* Shuts down every open connection: one that stayed silent may be a black hole. */
void curl_target_abandon(struct curl_target *t);

#endif
