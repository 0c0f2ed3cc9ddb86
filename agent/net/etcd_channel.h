/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_CHANNEL_H
#define AGENT_NET_ETCD_CHANNEL_H

/*
 * etcd_channel - gets one gRPC call to whichever etcd endpoint does the work.
 *
 * Sticky while the endpoint in use answers. An endpoint that refuses, breaks,
 * or says UNAVAILABLE is left at once, and the same call goes on to the next,
 * as long as there is one it has not tried and its deadline has not come. An
 * endpoint that stays silent until the deadline is left for the calls to come.
 */

#include "agent/descriptor.h"
#include "agent/net/curl_carrier.h"
#include "agent/net/endpoint_ring.h"
#include "agent/net/etcd_codec.h"
#include "agent/random.h"

/* Embedded in struct etcd. */
struct etcd_channel {
	struct curl_carrier *carrier; /* borrowed */
	struct curl_target **targets; /* owned array of borrowed targets */
	struct endpoint_ring ring;
};

/* Returns 0, or -1 without memory, and *ch is as zeroed then. */
int etcd_channel_init(struct etcd_channel *ch, struct curl_carrier *carrier,
		const struct endpoints *endpoints, struct random *random);

/* Requests in flight must be cancelled before. Safe on a zeroed channel. */
void etcd_channel_finish(struct etcd_channel *ch);

/* Valid only until `done` returns. */
struct etcd_answer {
	bool ok;          /* grpc-status 0 */
	int code;         /* grpc-status; -1 when no endpoint answered */
	const char *text; /* etcd's own message, or what went wrong on the way; one sentence */
	const uint8_t *body;
	size_t len;
};

struct etcd_request;
typedef void etcd_request_done(struct etcd_request *request, const struct etcd_answer *answer);

/* Embedded by its user. Members are for etcd_channel.c only. */
struct etcd_request {
	struct etcd_channel *channel; /* NULL when not in flight */
	struct carrier_request carried;
	etcd_request_done *done;
	const char *path;
	struct etcd_body body; /* owned while in flight */
	double deadline;
	unsigned endpoint; /* the one it is with */
	unsigned tries;
};

/*
 * Takes over `body` (freed at the end; NULL bytes fail the call as out of
 * memory would). `path` is a literal, `deadline` a clock_now() time. Never
 * calls back from here.
 */
void etcd_request_start(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, etcd_request_done *done);

/* Never calls back. Safe on a zeroed request and on one that has ended. */
void etcd_request_cancel(struct etcd_request *r);

#endif
