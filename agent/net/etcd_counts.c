/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_counts.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/util.h"

static const char *const paths[] = {
	[ETCD_METHOD_GRANT] = ETCD_PATH_GRANT,
	[ETCD_METHOD_KEEP_ALIVE] = ETCD_PATH_KEEP_ALIVE,
	[ETCD_METHOD_REVOKE] = ETCD_PATH_REVOKE,
	[ETCD_METHOD_TIME_TO_LIVE] = ETCD_PATH_TIME_TO_LIVE,
	[ETCD_METHOD_RANGE] = ETCD_PATH_RANGE,
	[ETCD_METHOD_TXN] = ETCD_PATH_TXN,
	[ETCD_METHOD_WATCH] = ETCD_PATH_WATCH,
	[ETCD_METHOD_LOG_IN] = ETCD_PATH_LOG_IN,
};

static_assert(ARRAY_LEN(paths) == ETCD_METHOD_OTHER, "every method has its path");

static const char *const ends[N_ETCD_CODES] = {
	[ETCD_CODE_STRANGE] = "strange",
	[ETCD_CODE_REFUSED] = "refused",
	[ETCD_CODE_UNREACHABLE] = "unreachable",
	[ETCD_CODE_TIMEOUT] = "timeout",
	[ETCD_CODE_BROKEN] = "broken",
	[ETCD_CODE_NOT_GRPC] = "not_grpc",
	[ETCD_CODE_TLS] = "tls",
	[ETCD_CODE_DISBELIEVED] = "disbelieved",
	[ETCD_CODE_UNREADABLE] = "unreadable",
	[ETCD_CODE_ABANDONED] = "abandoned",
	[ETCD_CODE_NO_MEMORY] = "no_memory",
};

static enum etcd_method method_of(const char *path)
{
	enum etcd_method method = 0;

	while (method < ETCD_METHOD_OTHER && strcmp(paths[method], path) != 0) {
		method++;
	}
	return method;
}

enum etcd_code etcd_code_of_status(int code)
{
	return code >= 0 && code < N_GRPC_CODES ? (enum etcd_code)code : ETCD_CODE_STRANGE;
}

void etcd_counts_note(
		struct etcd_counts *counts, const char *path, enum etcd_code code, double took)
{
	if (counts == NULL) {
		return;
	}
	counts->requests[method_of(path)][code]++;
	if (took >= 0.0) {
		histogram_note(&counts->took, took);
	}
}

const char *etcd_method_name(enum etcd_method method)
{
	return method < ETCD_METHOD_OTHER ? strrchr(paths[method], '/') + 1 : "other";
}

const char *etcd_code_name(enum etcd_code code)
{
	return (int)code < N_GRPC_CODES ? grpc_code_name((int)code) : ends[code];
}
