/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CARRIER_STREAM_H
#define AGENT_NET_CARRIER_STREAM_H

/*
 * carrier_stream - the streams of calls: one of its own for each, or the talk, a
 * stream that stays open and in which small calls to one path are said one after
 * the other, without headers. Private to carrier.c.
 */

#include <stdbool.h>

#include "agent/net/carrier.h"
#include "agent/net/h2_carrier.h"

/* Begins the stream of a call. `goes_on`: the request's side of it stays open. */
void carrier_stream_begin(struct h2_conn *conn, struct h2_stream *stream,
		const struct carrier_call *call, bool goes_on,
		const struct h2_stream_events *events);

/* Embedded; zeroed is closed and free. */
struct carrier_talk {
	struct h2_stream stream;
	struct carrier_request *rider; /* carrier.c's: NULL when it is free */
	const char *path;
	bool open;      /* it can be said in */
	uint64_t token; /* ... with which it was opened: a sum of it, not another copy */
};

/* Says a call in the stream that is open, if it is for this one, or in a new one. */
void carrier_talk_say(struct carrier_talk *talk, struct h2_conn *conn,
		const struct carrier_call *call, const struct h2_stream_events *events);

/* All that was said in it has been answered. It ends where it is of no use for the next call. */
void carrier_talk_rest(struct carrier_talk *talk, const struct h2_conn *conn);

/* Ends it; the server hears of it. */
void carrier_talk_end(struct carrier_talk *talk);

#endif
