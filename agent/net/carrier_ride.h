/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CARRIER_RIDE_H
#define AGENT_NET_CARRIER_RIDE_H

/*
 * carrier_ride - requests on the line to their server: when they begin, and what
 * its end is for them. Private to the carrier, which has them before and after.
 */

#include "agent/net/carrier.h"
#include "agent/net/carrier_line.h"
#include "agent/net/carrier_stream.h"
#include "agent/net/tls_shelf.h"
#include "agent/util.h"

struct carrier_target {
	struct list link;
	struct carrier *carrier;
	struct carrier_line line;
	struct carrier_talk talk;
	struct list *waiting, *riding;
	unsigned used; /* the carrier's count when a call last ended here */
};

struct carrier {
	struct ev_loop *loop;  /* borrowed */
	struct random *random; /* borrowed */
	struct tls_shelf shelf;
	struct list *targets;
	struct list *ending; /* requests that no line has any more */
	unsigned kept, used;
};

/* For carrier_line_init. */
extern const struct carrier_line_events carrier_ride_events;

static inline struct carrier_request *carrier_request_of(struct list *link)
{
	return CONTAINER_OF(link, struct carrier_request, link);
}

static inline bool carrier_request_is_stream(const struct carrier_request *r)
{
	return r->call.on_heard != NULL;
}

/* Onto the line, which is opened where it is not. The request is in one of the carrier's lists. */
void carrier_ride(struct carrier_request *r);

/* Nothing of it comes in any more; the server hears of it. It stays in its list. */
void carrier_ride_stop(struct carrier_request *r);

/* We leave the line, as it is silent. What else rides on it is innocent, and may try again. */
void carrier_ride_leave(struct carrier_target *t);

/* In carrier.c: the one way for a request to end with an answer. `status` may be NULL. */
void carrier_finish(struct carrier_request *r, enum carrier_end end,
		const struct grpc_status *status, const char *why);

#endif
