/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_HTTP_SERVER_H
#define TESTS_UNIT_HTTP_SERVER_H

/* http_server - a server on the test's own loop that answers every request with the same bytes. */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/endpoint.h"
#include "agent/list.h"

/* Embedded. A test sets `answer` and `closes`, and reads the rest. */
struct http_server {
	struct ev_loop *loop; /* borrowed */
	int listener;
	ev_io accepting;
	struct list *connections;
	struct target target;
	const char *answer; /* NULL: none */
	bool closes;        /* the connection, after each answer */
	bool resets;        /* ... in place of an answer */
	bool drops;         /* ... in place of a request */

	unsigned accepted, requests;
	char request[2000]; /* the last one, from its first byte to the blank line */
};

/* Listens on 127.0.0.1 at a port of its own, or, with a path, on a unix socket. */
void http_server_start(struct http_server *s, struct ev_loop *loop, const char *path);

void http_server_end_connections(struct http_server *s);

/* Nothing listens afterwards; `target` stays as it is. */
void http_server_stop(struct http_server *s);

#endif
