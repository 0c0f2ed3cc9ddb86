/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_HANDLE_H
#define AGENT_NET_CURL_HANDLE_H

/*
 * curl_handle - libcurl's easy handle for one request: the options that never
 * change, those that do, and what is taken in. Idle handles are kept.
 * Private to curl_carrier.c.
 */

#include <stdbool.h>

#include "agent/net/curl_carrier.h"

#define HANDLES_KEPT 8

/* Embedded in the carrier. */
struct curl_handles {
	void *headers;            /* owned curl_slist */
	void *idle[HANDLES_KEPT]; /* owned CURL handles, their constant options set */
	unsigned n_idle;
};

/* How a request gets its connection. */
struct curl_joining {
	bool prior_knowledge;
	bool separate; /* never on a connection that is open already */
};

/* 0, or -1 without memory. */
int curl_handles_init(struct curl_handles *h);
void curl_handles_finish(struct curl_handles *h);

/*
 * Sets up r->easy for the request, which is its CURLOPT_PRIVATE. While the
 * request has it, libcurl writes what goes wrong into r->why. Returns 0, or -1
 * without memory and r->easy is NULL then.
 */
int curl_handle_take(struct curl_handles *h, struct carrier_request *r,
		const struct curl_joining *joining, long timeout_ms);

/* r->easy, back from the multi handle; it is NULL afterwards. */
void curl_handle_give(struct curl_handles *h, struct carrier_request *r);

#endif
