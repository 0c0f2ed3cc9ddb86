/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_HTTP_END_H
#define AGENT_NET_CURL_HTTP_END_H

/*
 * curl_http_end - what the end of an HTTP transfer means, while `easy` still
 * tells about it. Private to curl_http.c.
 */

#include "agent/net/curl_http.h"

struct http_transfer {
	void *easy;                           /* CURL */
	void *connect_to;                     /* curl_slist */
	const struct target *target;          /* borrowed */
	const struct tls_settings *tls;       /* NULL: plain text */
	char name[TARGET_TEXT_MAX];           /* the server's address, for messages */
	char expected[ENDPOINT_HOST_MAX + 1]; /* the name that its certificate must hold */
	bool localhost;                       /* it is 127.0.0.1, or ::1 where there is one */
	bool stopped;                         /* it was we who ended it: there was too much body */
	bool flooded;                         /* ... or there were too many headers */
	bool nonsense;                        /* its status line is none */
	bool proven;                          /* it has answered: the settings are right */
	bool starved;                         /* meanwhile OpenSSL went without memory */
	bool doubted;                         /* it spoke, and there was no memory, or no end */
	unsigned n_opened;                    /* sockets, one for each address */
	int socket_errno;                     /* no socket was to be had; 0: there was no trouble */
	int status;                           /* out */
	char why[400]; /* in: libcurl's words; out: one sentence, "" when answered */
};

/*
 * To be asked before each socket is opened: whether somebody took the connection
 * to the address before, and dropped it. It is not for another address then,
 * whose end libcurl would tell in place of this one.
 */
bool curl_http_was_dropped(struct http_transfer *t);

/* `code` is a CURLcode. */
enum http_end curl_http_end(struct http_transfer *t, int code);

#endif
