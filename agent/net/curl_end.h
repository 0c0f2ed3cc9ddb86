/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_END_H
#define AGENT_NET_CURL_END_H

/*
 * curl_end - what the end of a transfer means, while r->easy still tells about
 * it. `code` is a CURLcode. Private to curl_carrier.c.
 */

#include <stdbool.h>

#include "agent/net/curl_carrier.h"

/* True when a connection failed that was there before the request: no word of the server's. */
bool curl_end_is_connection_failure(const struct carrier_request *r, int code);

/* Leaves one sentence in r->why, "" when it was answered. */
enum carrier_end curl_end_classify(struct carrier_request *r, int code);

#endif
