/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_GRPC_STATUS_H
#define AGENT_NET_GRPC_STATUS_H

/*
 * grpc_status - how a gRPC call ended, read from its header blocks. Pure.
 *
 * A call that went well has response headers, messages, and trailers with
 * grpc-status; a server that fails at once sends one header block that holds
 * both. An end without any grpc-status is no success, whatever else arrived.
 * Codes: https://grpc.io, "Status codes and their use in gRPC".
 */

#include <stdbool.h>
#include <stddef.h>

enum grpc_code {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16,
	N_GRPC_CODES
};

#define GRPC_MESSAGE_MAX 200

/* Filled header by header. Embedded; zeroed is a call of which nothing has been seen. */
struct grpc_status {
	int http;        /* HTTP status, 0 before it is seen */
	bool grpc_type;  /* content-type begins with application/grpc */
	bool seen;       /* a grpc-status that is a number was there */
	bool torn;       /* ... and another that says something else: neither counts */
	int code;        /* as sent when seen: may be outside enum grpc_code */
	bool compressed; /* grpc-encoding other than identity */
	/* grpc-message, percent-decoded, cut to fit; UTF-8 without control characters */
	char message[GRPC_MESSAGE_MAX + 1];
};

/* One header or trailer. Names are lower case, as HTTP/2 has them; others are passed over. */
void grpc_status_header(struct grpc_status *s, const char *name, size_t name_len, const char *value,
		size_t value_len);

/* True when HTTP 200, a gRPC content type and one grpc-status were all seen. */
bool grpc_status_complete(const struct grpc_status *s);

/* "UNAVAILABLE"; "code 99" has no name and gives "UNKNOWN". */
const char *grpc_code_name(int code);

#endif
