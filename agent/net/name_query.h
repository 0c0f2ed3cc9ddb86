/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_NAME_QUERY_H
#define AGENT_NET_NAME_QUERY_H

/*
 * name_query - the addresses of one name, on the libev loop.
 *
 * getaddrinfo is asked in a thread of its own, since it may wait for a name
 * server: that thread has nothing of ours but the question, which it frees
 * itself when nobody waits for the answer any more.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/endpoint.h"
#include "agent/net/h2_address.h"

#define NAME_QUERY_ADDRESSES 8

struct name_query;

/* Valid only until `done` returns. */
struct name_answer {
	const struct h2_address *found;
	unsigned n;      /* 0: there are none */
	const char *why; /* ... in getaddrinfo's words */
	bool later;      /* ... and it may be otherwise later: no name server has answered */
};

/* Called from the loop, when the query is over. */
typedef void name_query_done(struct name_query *q, const struct name_answer *answer);

/* Embedded; zeroed is one that does not run. Members are for name_query.c only. */
struct name_query {
	struct name_question *asked; /* shared with the thread; NULL when it does not run */
	struct ev_loop *loop;        /* borrowed */
	ev_io answered;
	name_query_done *done;
};

/*
 * Starts it; none may run. Never calls back from here. False when there is no
 * memory, no descriptor or no thread to be had.
 */
bool name_query_start(struct name_query *q, struct ev_loop *loop, const struct endpoint *endpoint,
		name_query_done *done);

bool name_query_runs(const struct name_query *q);

/* Never calls back. Safe on a zeroed query. */
void name_query_cancel(struct name_query *q);

#endif
