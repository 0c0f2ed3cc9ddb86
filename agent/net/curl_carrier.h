/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_CARRIER_H
#define AGENT_NET_CURL_CARRIER_H

/*
 * curl_carrier - carries gRPC calls over libcurl's multi interface, on the
 * libev loop: unary ones, and streams of answers to one request. Streams have a
 * carrier of their own: in libcurl 7.88 a unary call that ends beside a stream
 * with much to read may lose its grpc-status.
 *
 * A start never calls back: even an immediate failure is delivered from the
 * loop. A cancel never calls back. A request is detached before its `done` is
 * called, so `done` may start the next one on the same struct.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/list.h"
#include "agent/net/grpc_status.h"
#include "agent/net/tls_settings.h"

struct curl_carrier;
struct curl_target;

enum carrier_end {
	CARRIER_ANSWERED,    /* a grpc-status arrived; it may still be an error */
	CARRIER_REFUSED,     /* nothing listens */
	CARRIER_UNREACHABLE, /* no such name, no route */
	CARRIER_TIMEOUT,     /* nothing until the deadline */
	CARRIER_TOO_LATE,    /* the deadline had passed before anything was sent */
	CARRIER_BROKEN,      /* the connection failed under the request, also when tried afresh */
	CARRIER_NOT_GRPC,    /* it answers, but not as a gRPC server does */
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
};

/* Embedded by its user. Members are for curl_carrier.c only. */
struct carrier_request {
	struct curl_carrier *carrier; /* NULL when not in flight */
	struct curl_target *target;   /* borrowed */
	struct list link;
	void *easy;    /* owned while in flight */
	void *headers; /* curl_slist while in flight; its head is owned when there is a token */
	carrier_done *done;
	struct carrier_call call;
	bool fresh;       /* on a connection of its own making */
	bool connecting;  /* ... from which nothing has come yet: others wait for it */
	bool retried;     /* ... after one that failed */
	bool heard;       /* a stream: some of the body has come */
	unsigned rejoins; /* tries on newer connections that others have made */
	unsigned made;    /* the target's count when this try began */
	enum carrier_end end;
	struct grpc_status status;
	uint8_t *received; /* owned; wiped before it is freed: it may hold a token */
	size_t n_received, received_size;
	char why[400]; /* while in flight it is libcurl that writes it */
};

/*
 * NULL with *err filled when libcurl cannot do what is needed here. One connection
 * stays open when nothing is on any: a carrier is for one cluster, of which one
 * endpoint is in use, and a connection takes 0.2 MB of etcd's memory, so those to
 * endpoints that were left are closed.
 */
struct curl_carrier *curl_carrier_create(struct ev_loop *loop, struct err *err);

/* Accepts NULL. Requests in flight are cancelled; targets are freed. */
void curl_carrier_destroy(struct curl_carrier *c);

/* How many connections stay open instead; for who speaks with several endpoints at once. */
void curl_carrier_keep(struct curl_carrier *c, unsigned connections);

/* What a person should know about this libcurl, or NULL. */
const char *curl_carrier_advice(void);

/* A server to talk to. Owned by the carrier; NULL without memory. */
struct curl_target *curl_carrier_target(struct curl_carrier *c, const struct endpoint *endpoint,
		const struct tls_settings *tls);

/* POSTs the call's body to its path on the target. */
void curl_carrier_start(struct curl_carrier *c, struct carrier_request *r, struct curl_target *t,
		const struct carrier_call *call, carrier_done *done);

/*
 * Safe on a zeroed request and on one that has ended. From libcurl 7.88 on the server hears that
 * a stream was cancelled when something else is sent on its connection, or it is closed.
 */
void curl_carrier_cancel(struct carrier_request *r);

/* The same for a stream that is too silent: no later one goes on the connection that it was on. */
void curl_carrier_abandon(struct carrier_request *r);

#endif
