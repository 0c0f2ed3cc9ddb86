/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_CARRIER_H
#define AGENT_NET_H2_CARRIER_H

/*
 * h2_carrier - one HTTP/2 connection to a server and the gRPC streams on it, on
 * the libev loop.
 *
 * What becomes of the connection is told when it happens, idle or not. A start
 * never calls back and neither does a cancel or a close; every event comes
 * from the loop, after the connection has done its own bookkeeping, so the
 * callee may close it, open it again, or start the next stream. It may not
 * free the connection.
 *
 * No timer runs in here: deadlines are the owner's, who cancels.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"
#include "agent/net/h2_address.h"
#include "agent/net/h2_event.h"
#include "agent/net/h2_greeting.h"
#include "agent/net/h2_output.h"
#include "agent/net/h2_session.h"
#include "agent/net/h2_tls.h"
#include "agent/rest.h"
#include "agent/turn.h"

struct h2_conn;

/* All but H2_GOAWAY: the connection is closed and its streams have ended without a word. */
typedef void h2_on_event(struct h2_conn *conn, enum h2_event event, const char *detail);

/* Embedded; members are for h2_carrier.c only. */
struct h2_conn {
	struct ev_loop *loop; /* borrowed */
	h2_on_event *on_event;
	struct h2_session session;
	struct h2_tls *tls;                 /* borrowed; NULL without TLS */
	const struct h2_address *addresses; /* borrowed, or `known` */
	struct h2_address known[H2_ADDRESSES];
	unsigned n_addresses, address;
	unsigned user_timeout_ms;
	char authority[ENDPOINT_TEXT_MAX];
	int fd; /* -1 when there is none */
	ev_io io;
	struct rest rest;
	struct turn *turn;  /* borrowed; NULL: what the socket says is heard at once */
	struct task work;   /* ... and not now: what it says waits ... */
	int ready;          /* ... as libev puts it */
	ev_prepare flusher; /* what was started in this turn of the loop is sent at its end */
	struct h2_output output;
	ev_timer later; /* delivers `failure`, found outside of the loop's callbacks */
	enum h2_event failure;
	const char *failure_detail;
	bool open; /* from h2_conn_open until it has ended */
	bool connecting;
	bool any_refused;
	struct h2_greeting greeting;
	const char *hint; /* see h2_way */
};

void h2_conn_init(struct h2_conn *conn, struct ev_loop *loop, h2_on_event *on_event);

/* From now on what its socket says waits for its turn. The connection must be closed. */
static inline void h2_conn_share(struct h2_conn *conn, struct turn *turn)
{
	conn->turn = turn;
}

/* Something that its socket has said waits for its turn. */
static inline bool h2_conn_is_behind(const struct h2_conn *conn)
{
	return task_waits(&conn->work);
}

/*
 * Begins to connect; streams may be started at once. The connection must be
 * closed. `tls` is for this target and borrowed until the connection is closed;
 * NULL: no TLS. TCP gives up on data that stays unacknowledged for
 * user_timeout_ms. For probes: a sentence about TLS names their section.
 */
void h2_conn_open(struct h2_conn *conn, const struct target *target, struct h2_tls *tls,
		unsigned user_timeout_ms);

/* The way to a server. `addresses` and `tls` are borrowed until the connection is closed. */
struct h2_way {
	const struct h2_address *addresses;
	unsigned n_addresses;
	const char *authority; /* who is asked; the name of `tls`, where there is one, goes first */
	struct h2_tls *tls;    /* NULL: no TLS */
	unsigned user_timeout_ms; /* 0: as the system has it */
	uint32_t window;          /* see h2_session */
	/*
	 * What is said, in place of the usual sentence, when a server closes a connection without
	 * TLS before it has said a word: a literal, or NULL.
	 */
	const char *hint;
};

/* The same to a server that may have more addresses: they are tried one after the other. */
void h2_conn_open_way(struct h2_conn *conn, const struct h2_way *way);

/*
 * The address that is being tried takes too long: the next one, unless it is
 * the last. True when there is one more after that.
 */
bool h2_conn_hurry(struct h2_conn *conn);

static inline bool h2_conn_is_open(const struct h2_conn *conn)
{
	return conn->open;
}

/* True once the server has spoken HTTP/2 on it. */
static inline bool h2_conn_is_established(const struct h2_conn *conn)
{
	return conn->open && conn->session.established;
}

/* How many streams the server allows at a time on an open connection; many until it has said. */
static inline uint32_t h2_conn_streams_allowed(const struct h2_conn *conn)
{
	return h2_conn_is_established(conn) ? h2_session_allowed(&conn->session) : UINT32_MAX;
}

/* Ends streams and connection, politely where the socket allows. Safe when closed. */
void h2_conn_close(struct h2_conn *conn);

/*
 * Starts a call on an open connection; the stream must not be in flight. When
 * it cannot be begun, the connection ends with H2_NO_RESOURCES, from the loop.
 */
void h2_stream_start(struct h2_conn *conn, struct h2_stream *stream, const struct h2_call *call,
		const struct h2_stream_events *events);

/* See h2_session_say, and h2_session_may_say for when. */
void h2_stream_say(struct h2_stream *stream, const uint8_t *body, size_t n_body);

/* Safe on a zeroed stream and on one that has ended. */
void h2_stream_cancel(struct h2_stream *stream);

#endif
