/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CARRIER_H
#define AGENT_NET_CARRIER_H

/*
 * carrier - gRPC calls to servers by name, over HTTP/2 connections that are kept,
 * on the libev loop: unary ones, and streams of answers to one request.
 *
 * All calls to one server share a connection, which is made when there is a
 * call for it. Each address of its name is tried, the name is looked up anew
 * for each connection, and certificates are read anew where they have changed.
 *
 * A start never calls back: even an immediate failure is delivered from the
 * loop. A cancel never calls back. A request is detached before its `done` is
 * called, so `done` may start the next one on the same struct; it may not
 * destroy the carrier.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"
#include "agent/list.h"
#include "agent/net/grpc_status.h"
#include "agent/net/h2_session.h"
#include "agent/net/tls_settings.h"
#include "agent/net/wiped.h"
#include "agent/random.h"

struct carrier;
struct carrier_target;

/* The longest body of an answer, bytes. */
#define CARRIER_BODY_MAX (8u << 20)

enum carrier_end {
	CARRIER_ANSWERED,    /* a grpc-status arrived; it may still be an error */
	CARRIER_REFUSED,     /* nothing listens */
	CARRIER_UNREACHABLE, /* no such name, no route */
	CARRIER_TIMEOUT,     /* nothing until the deadline */
	CARRIER_TOO_LATE,    /* the deadline had passed before anything was sent */
	CARRIER_BROKEN,      /* the connection failed under the request, also when tried afresh */
	CARRIER_NOT_GRPC,    /* it answers, but not as a gRPC server does */
	CARRIER_TOO_LONG,    /* its answer goes on above CARRIER_BODY_MAX */
	CARRIER_TLS,         /* the connection could not be made safe, or may not be */
	CARRIER_NO_MEMORY
};

/* Valid only until `done` returns. */
struct carrier_answer {
	enum carrier_end end;
	const struct grpc_status *status; /* CARRIER_ANSWERED: complete */
	const uint8_t *body;              /* framed messages, as they came */
	size_t len;
	const char *why; /* one sentence; "" when it was answered */
};

struct carrier_request;
typedef void carrier_done(struct carrier_request *request, const struct carrier_answer *answer);

/*
 * Some more of a stream's body, as it comes: frames may be split anywhere. Called from
 * the loop; the request may be cancelled from within. What is left at the end is in the answer.
 */
typedef void carrier_heard(struct carrier_request *request, const uint8_t *data, size_t len);

/* What is asked. `path` is a literal; token and body are borrowed until the end. */
struct carrier_call {
	const char *path;
	const char *token;   /* etcd's, for the header of that name; "": none */
	const uint8_t *body; /* NULL ends as CARRIER_NO_MEMORY */
	size_t len;
	double deadline; /* clock_now() time; a stream's is for its connection, it may then last */
	carrier_heard *on_heard; /* NULL: a unary call */
	/*
	 * The server answers each message of the body with one, and ends the call when we end it.
	 * It is over when all are answered, and the next such call to the same path is said in the
	 * same stream where that is free: without headers, in half the bytes.
	 */
	bool answers_each;
};

/* Embedded by its user. Members are for carrier.c only. */
struct carrier_request {
	struct carrier *carrier;       /* NULL when not in flight */
	struct carrier_target *target; /* borrowed */
	struct list link;              /* among those that wait for, or ride on, its connection */
	struct h2_stream stream;
	ev_timer deadline;
	double patience; /* seconds that it may take */
	double begun_at; /* clock_now() */
	carrier_done *done;
	struct carrier_call call;
	enum carrier_end found; /* it is over by this, which the deadline's timer tells */
	bool begun;             /* it is on the connection */
	bool queued;            /* ... or waits for its turn, as that is crowded */
	bool joined;            /* ... which had been made before */
	bool retried;           /* after one that failed */
	bool heard;             /* a stream: some of the body has come */
	bool overlong;          /* ... or more than is taken */
	bool talks;             /* it is said in the target's own stream */
	size_t expected;        /* answers_each: how many messages */
	struct wiped received;
};

/*
 * NULL without memory. One connection stays open when nothing is on any: a
 * carrier is for one cluster, of which one endpoint is in use, and a connection
 * takes 0.2 MB of etcd's memory, so those to endpoints that were left are closed.
 */
struct carrier *carrier_create(struct ev_loop *loop, struct random *random);

/* Accepts NULL. Requests in flight are cancelled; targets are freed. */
void carrier_destroy(struct carrier *c);

/* How many connections stay open instead; for who speaks with several endpoints at once. */
void carrier_keep(struct carrier *c, unsigned connections);

/* A server to talk to; `tls` counts where the endpoint asks for it. Owned by the carrier. NULL
 * without memory. */
struct carrier_target *carrier_target(
		struct carrier *c, const struct endpoint *endpoint, const struct tls_settings *tls);

/* POSTs the call's body to its path on the target. */
void carrier_start(struct carrier *c, struct carrier_request *r, struct carrier_target *t,
		const struct carrier_call *call, carrier_done *done);

/* Safe on a zeroed request and on one that has ended. The server hears of it. */
void carrier_cancel(struct carrier_request *r);

/* The same for a stream that is too silent: no later one goes on the connection that it was on. */
void carrier_abandon(struct carrier_request *r);

#endif
