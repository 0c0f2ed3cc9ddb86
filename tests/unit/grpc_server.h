/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GRPC_SERVER_H
#define TESTS_UNIT_GRPC_SERVER_H

/* grpc_server - a server on the test's own loop that answers every call. */

#include <ev.h>
#include <stdbool.h>

#include "agent/endpoint.h"
#include "agent/list.h"

enum manner {
	MANNER_ANSWERS,
	MANNER_STREAMS, /* begins an answer, which goes on as the test says */
	MANNER_TALKS,   /* answers each message of a request, of which all are empty, with one */
	MANNER_SILENT,  /* takes a call in and says nothing */
	MANNER_HANGS_UP /* closes each connection at its beginning */
};

/* Embedded. A test sets `manner` and `code`, and reads the rest. */
struct grpc_server {
	struct ev_loop *loop; /* borrowed */
	int listener;
	ev_io accepting;
	struct list *connections, *streams;
	struct endpoint endpoint;
	enum manner manner;
	const char *code; /* the grpc-status of answers */
	const char *body; /* their body, of one call at a time; NULL: none */
	const char *rest; /* of it, to be sent */
	bool talks_end;   /* MANNER_TALKS: with the first answers comes `code` */
	unsigned allowed; /* streams that one connection may have at a time; 0: many */

	unsigned accepted, calls, open, begun;             /* open: streams, now; begun: ever */
	char path[100], token[100], hasleader[10], te[20]; /* of the last call; "" when absent */
};

/* Listens on 127.0.0.1 at a port of its own. */
void grpc_server_start(struct grpc_server *s, struct ev_loop *loop);

/* To each stream that is open. The bytes have to stay until they are sent. */
void grpc_server_tell(struct grpc_server *s, const void *bytes, size_t len);

/* Each ends, with `code`. */
void grpc_server_end_streams(struct grpc_server *s);

void grpc_server_end_connections(struct grpc_server *s);
void grpc_server_stop(struct grpc_server *s);

#endif
