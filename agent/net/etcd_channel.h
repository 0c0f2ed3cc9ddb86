/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_CHANNEL_H
#define AGENT_NET_ETCD_CHANNEL_H

/*
 * etcd_channel - one gRPC call to etcd, as the user that the descriptor names.
 *
 * etcd_auth has the token, etcd_route the endpoint. A call waits for the
 * token; one whose token is refused is repeated once with a new one. The time
 * that logging in takes is added to its deadline.
 *
 * A renewal whose login fails goes out without a token all the same, once: many
 * versions of etcd do not check renewals, and then a wrong password costs no
 * service its lease. Where they are checked, it ends as the login did.
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
int etcd_channel_init(struct etcd_channel *ch, struct ev_loop *loop, struct carrier *carrier,
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
	double deadline; /* also valid after the end: it has moved by what logging in took */
	double asked_at; /* for a token */
	bool beside;     /* see struct route_call */
	unsigned endpoint;
	bool repeated;
	bool bare;    /* it went out without a token, as logging in failed ... */
	bool patient; /* ... and to try that again soon is of no use */
};

/*
 * Takes over `body` (freed at the end; NULL bytes fail the call as out of
 * memory would). `path` is a literal, `deadline` a clock_now() time. Never
 * calls back from here.
 */
void etcd_request_start(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, etcd_request_done *done);

/* The same as etcd_request_start, to another member than `endpoint` if there is one that works. */
void etcd_request_start_beside(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, unsigned endpoint, etcd_request_done *done);

/* Never calls back. Safe on a zeroed request and on one that has ended. */
void etcd_request_cancel(struct etcd_request *r);

#endif
