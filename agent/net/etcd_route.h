/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_ROUTE_H
#define AGENT_NET_ETCD_ROUTE_H

/*
 * etcd_route - gets one gRPC call to whichever etcd endpoint does the work.
 *
 * Sticky while the endpoint in use answers. An endpoint that refuses, breaks,
 * says that it cannot, or whose answer is not to be believed (cluster_view) is
 * left at once, and the same call goes on to the next, as long as there is one
 * it has not tried and its deadline has not come. An endpoint that stays
 * silent until the deadline is left for the calls to come. A call whose
 * deadline had passed before anything was sent is nobody's fault.
 */

#include "agent/descriptor/descriptor.h"
#include "agent/net/carrier.h"
#include "agent/net/cluster_view.h"
#include "agent/net/endpoint_ring.h"
#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_counts.h"
#include "agent/net/etcd_error.h"
#include "agent/random.h"

/* Who hears what a person should know although no call failed over it. */
struct etcd_notice {
	void (*say)(struct etcd_notice *notice, const char *sentence);
};

/* Embedded in struct etcd_channel. */
struct etcd_route {
	struct carrier *carrier;           /* borrowed */
	const struct endpoints *endpoints; /* borrowed */
	const char *user;                  /* borrowed; for sentences */
	struct etcd_notice *notice;        /* borrowed */
	struct carrier_target **targets;   /* owned array of borrowed targets */
	struct endpoint_ring ring;
	struct cluster_view view;
	double said_at; /* clock_now() when a foreign cluster was last spoken of; 0 never */
	struct etcd_counts *counts; /* borrowed; set after etcd_route_init; NULL: none are kept */
};

/* `settings` and `notice` are borrowed. 0, or -1 without memory, and *route as zeroed then. */
int etcd_route_init(struct etcd_route *route, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice);

/* Requests in flight must be cancelled before. Safe on a zeroed struct. */
void etcd_route_finish(struct etcd_route *route);

/* Valid only until `done` returns. */
struct etcd_answer {
	bool ok; /* grpc-status 0, from a member that is to be believed */
	enum etcd_trouble trouble;
	const char *text;     /* etcd's own message, or what went wrong on the way: one sentence */
	const char *sentence; /* the same for people */
	bool elsewhere;      /* the next call goes to an endpoint that has not failed in this row */
	bool patient;        /* to try again soon is of no use */
	const uint8_t *body; /* framed messages: what was answered before the end, however it was */
	size_t len;
};

/* What is asked. All borrowed until the end. */
struct route_call {
	const char *path;  /* a literal */
	const char *token; /* "": none */
	const struct etcd_body *body;
	double deadline; /* clock_now() time */
	bool beside;     /* to number `endpoint` only when none of the others does the work */
	unsigned endpoint;
};

struct route_request;
typedef void route_done(struct route_request *request, const struct etcd_answer *answer);

/* Embedded by its user. Members are for etcd_route.c only. */
struct route_request {
	struct etcd_route *route; /* NULL when not in flight */
	struct carrier_request carried;
	struct route_call call;
	route_done *done;
	struct cluster_floor floor;
	unsigned endpoint; /* the one it is with */
	unsigned tries;
	double sent_at; /* clock_now() when the last of them began */
};

/* Never calls back from here. A body without bytes fails the call as out of memory would. */
void etcd_route_start(struct etcd_route *route, struct route_request *r,
		const struct route_call *call, route_done *done);

/*
 * Judges what endpoint number `endpoint` says of its cluster. False when it is
 * not to be believed; the sentence says why.
 */
bool etcd_route_believes(struct etcd_route *route, unsigned endpoint,
		const struct cluster_floor *floor, const struct cluster_mark *seen,
		enum view_proof proof, char *sentence, size_t size);

/*
 * Counts one call to one endpoint, when it has ended, unless it never went
 * out. `took` as in etcd_counts_note.
 */
void etcd_route_count(struct etcd_route *route, const char *path,
		const struct carrier_answer *ended, bool believed, double took);

/* Never calls back. Safe on a zeroed request and on one that has ended. */
void etcd_route_cancel(struct route_request *r);

#endif
