/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_COUNTS_H
#define AGENT_NET_ETCD_COUNTS_H

/*
 * etcd_counts - how many calls went to etcd, which, how they ended, and how
 * long they took. Both words of a count are of a closed set, whatever etcd
 * says. Pure.
 */

#include <stdint.h>

#include "agent/histogram.h"
#include "agent/net/grpc_status.h"

/* The calls that the agent makes. */
enum etcd_method {
	ETCD_METHOD_GRANT,
	ETCD_METHOD_KEEP_ALIVE,
	ETCD_METHOD_REVOKE,
	ETCD_METHOD_TIME_TO_LIVE,
	ETCD_METHOD_RANGE,
	ETCD_METHOD_TXN,
	ETCD_METHOD_WATCH,
	ETCD_METHOD_LOG_IN,
	ETCD_METHOD_OTHER,
	N_ETCD_METHODS
};

/* How a call to one endpoint ended: by a status of gRPC's, whose codes come first, or without. */
enum etcd_code {
	ETCD_CODE_STRANGE = N_GRPC_CODES, /* a status that gRPC does not have */
	ETCD_CODE_REFUSED,
	ETCD_CODE_UNREACHABLE,
	ETCD_CODE_TIMEOUT,
	ETCD_CODE_BROKEN,
	ETCD_CODE_NOT_GRPC,
	ETCD_CODE_TLS,
	ETCD_CODE_DISBELIEVED, /* answered, by a member that belongs to another cluster or is behind
				*/
	ETCD_CODE_UNREADABLE,  /* a stream: what came cannot be read */
	ETCD_CODE_ABANDONED,   /* a stream: it was silent, or has missed something */
	ETCD_CODE_NO_MEMORY,
	N_ETCD_CODES
};

/* Zeroed is empty. */
struct etcd_counts {
	uint64_t requests[N_ETCD_METHODS][N_ETCD_CODES];
	struct histogram took; /* unary calls, however they ended */
};

/* What grpc-status says, as one of the closed set. */
enum etcd_code etcd_code_of_status(int code);

/*
 * One call has ended. `path` is that of the call; `took` seconds, below 0 for
 * a stream, whose length says nothing. `counts` may be NULL: nothing is done.
 */
void etcd_counts_note(
		struct etcd_counts *counts, const char *path, enum etcd_code code, double took);

/* "LeaseGrant", ... "other". */
const char *etcd_method_name(enum etcd_method method);

/* "OK", "UNAVAILABLE", ... "refused", ... */
const char *etcd_code_name(enum etcd_code code);

#endif
