/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_CHANNEL_H
#define AGENT_NET_ETCD_CHANNEL_H

/*
 * etcd_channel - one gRPC call to etcd, as the user that the descriptor names.
 *
 * etcd_auth has the token, etcd_route the endpoint. A call waits for the
 * token; one whose token is refused is repeated once with a new one. The time
 * that logging in takes is added to its deadline.
 */

#include <ev.h>

#include "agent/net/etcd_auth.h"
#include "agent/net/etcd_route.h"

/* Embedded in struct etcd. */
struct etcd_channel {
	struct etcd_route route;
	struct etcd_auth auth;
};

/* All but *ch is borrowed. Returns 0, or -1 without memory, and *ch is as zeroed then. */
int etcd_channel_init(struct etcd_channel *ch, struct ev_loop *loop, struct curl_carrier *carrier,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice);

/* Requests in flight must be cancelled before. Safe on a zeroed channel. */
void etcd_channel_finish(struct etcd_channel *ch);

struct etcd_request;
typedef void etcd_request_done(struct etcd_request *request, const struct etcd_answer *answer);

/* Embedded by its user. Members are for etcd_channel.c only. */
struct etcd_request {
	struct etcd_channel *channel; /* NULL when not in flight */
	struct route_request routed;
	struct auth_wait wait;
	etcd_request_done *done;
	const char *path;
	struct etcd_body body;    /* owned while in flight */
	struct etcd_token *token; /* taken while in flight */
	double deadline;
	double asked_at; /* for a token */
	bool repeated;
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
