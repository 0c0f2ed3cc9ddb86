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
#include "agent/net/tls_files.h"
#include "agent/net/tls_settings.h"

#define TARGET_SOCKETS 8

struct curl_target {
	struct curl_target *next;
	const struct tls_settings *tls;   /* borrowed; NULL: plain text */
	struct tls_files files;           /* with tls: what the connection was made with */
	char base[ENDPOINT_TEXT_MAX + 8]; /* how URLs begin; with tls: https:// and `expected` */
	char name[ENDPOINT_TEXT_MAX];     /* host:port, for messages */
	char expected[ENDPOINT_HOST_MAX + 1]; /* the name that its certificate must hold */
	void *connect_to;                     /* owned curl_slist: that name is found at `name` */
	unsigned sockets;                     /* open now */
	unsigned riding;                      /* requests that libcurl has */
	unsigned connecting;                  /* requests whose connection is on its way */
	unsigned made;                        /* connections begun, ever: tells newer from older */
	bool proven;                          /* it has answered: the settings are right */
	bool stale;                           /* do not join what is open */
	bool outdated;                        /* ... from when no request rides on it */
	int fds[TARGET_SOCKETS];              /* the open ones, as far as they fit; -1 is free */
};

/* Owned by the caller, until after the last socket is closed. NULL without memory. */
struct curl_target *curl_target_create(
		const struct endpoint *endpoint, const struct tls_settings *tls);

/* Accepts NULL. */
void curl_target_destroy(struct curl_target *t);

/*
 * Before each request: when certificates were replaced on disk, what is open
 * is abandoned as soon as no request rides on it, so that the next connection
 * is made with the new ones. New ones that cannot be used are passed over: what
 * is open stays.
 */
void curl_target_look(struct curl_target *t);

/* A socket as socket() makes it, counted; -1 on failure. */
int curl_target_socket(struct curl_target *t, int family, int type, int protocol);
int curl_target_close(struct curl_target *t, int fd);

/* True when there is a connection to join, or one on its way. */
bool curl_target_joinable(const struct curl_target *t);

/* Shuts down every open connection: one that stayed silent may be a black hole. */
void curl_target_abandon(struct curl_target *t);

#endif
