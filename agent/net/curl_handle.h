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

/* A handle set up for the request, which is its CURLOPT_PRIVATE; NULL without memory. */
void *curl_handle_take(struct curl_handles *h, struct carrier_request *r,
		const struct curl_joining *joining, long timeout_ms);

/* Back from the multi handle. */
void curl_handle_give(struct curl_handles *h, void *easy);

#endif
