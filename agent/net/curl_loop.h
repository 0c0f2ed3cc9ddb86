/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_LOOP_H
#define AGENT_NET_CURL_LOOP_H

/*
 * curl_loop - libcurl's multi handle on the libev loop: its sockets, its
 * timer, its finished transfers. Knows nothing of requests.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/err.h"
#include "agent/list.h"

struct curl_loop;

/* Called from the loop only, never from within a call into curl_loop. */
struct curl_loop_events {
	/* A transfer ended. `easy` is still in the multi handle; `code` is a CURLcode. */
	void (*on_result)(struct curl_loop *l, void *easy, int code);
	/* The multi handle failed and every transfer with it: take all of them out. */
	void (*on_failure)(struct curl_loop *l, const char *why);
	/* All that was there to report has been reported. */
	void (*on_settled)(struct curl_loop *l);
};

/* Embedded in the carrier. */
struct curl_loop {
	struct ev_loop *loop; /* borrowed */
	const struct curl_loop_events *events;
	void *multi;          /* owned CURLM; NULL after finish, and without memory for one */
	struct list *watches; /* owned */
	ev_timer timer;
};

/* Loads and initializes libcurl too. Fails without it, or without memory. */
int curl_loop_init(struct curl_loop *l, struct ev_loop *loop, const struct curl_loop_events *events,
		struct err *err);

/* To be asked before a transfer is put in. False when there is no memory for what it takes. */
bool curl_loop_is_ready(struct curl_loop *l);

/* Every transfer must be out of the multi handle. Closes the connections it kept. */
void curl_loop_finish(struct curl_loop *l);

#endif
