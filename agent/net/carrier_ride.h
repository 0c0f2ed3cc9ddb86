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
	struct fifo waiting;
	struct list *riding;
	unsigned n_crowd; /* those of them that make it crowded */
	double opened_at; /* clock_now() when the line was opened */
	double heard_at;  /* ... and when the server last said anything to a call */
	unsigned used;    /* the carrier's count when a call last ended here */
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

/*
 * Onto the line, which is opened where it is not; behind others where it is crowded. The time of
 * the request begins when it has been let on.
 */
void carrier_ride(struct carrier_request *r);

/* Nothing of it comes in any more; the server hears of it. It is in none of the target's lists. */
void carrier_ride_stop(struct carrier_request *r);

/* There may be room for those that wait. */
void carrier_ride_go_on(struct carrier_target *t);

/*
 * We leave the line, as it is silent. What else rides on it is innocent, and may try again. Never
 * calls back: who may not is told from the loop.
 */
void carrier_ride_leave(struct carrier_target *t);

/* In carrier.c: the one way for a request to end with an answer. `status` may be NULL. */
void carrier_finish(struct carrier_request *r, enum carrier_end end,
		const struct grpc_status *status, const char *why);

#endif
