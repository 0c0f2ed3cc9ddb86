/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/reason.h"

#include <assert.h>

#include "agent/util.h"

struct row {
	enum verdict verdict;
	const char *token;
	const char *sentence;
};

/* clang-format off */
static const struct row rows[] = {
	[REASON_SERVING]         = { VERDICT_PASS,         "SERVING",         "the service says that it serves" },
	[REASON_NOT_SERVING]     = { VERDICT_HARD_FAIL,    "NOT_SERVING",     "the service says that it does not serve" },
	[REASON_SERVICE_UNKNOWN] = { VERDICT_HARD_FAIL,    "SERVICE_UNKNOWN", "the server does not know this service name" },
	[REASON_STATUS_UNKNOWN]  = { VERDICT_SOFT_FAIL,    "STATUS_UNKNOWN",  "the service says that it does not know its health" },
	[REASON_UNIMPLEMENTED]   = { VERDICT_PASS,         "UNIMPLEMENTED",   "the port answers gRPC but has no health service" },
	[REASON_NO_WATCH]        = { VERDICT_HARD_FAIL,    "NO_WATCH",        "the server has no Health/Watch, and probe.mode is watch" },
	[REASON_REFUSED]         = { VERDICT_HARD_FAIL,    "REFUSED",         "nothing listens on the port" },
	[REASON_UNREACHABLE]     = { VERDICT_SOFT_FAIL,    "UNREACHABLE",     "the address cannot be reached" },
	[REASON_DEADLINE]        = { VERDICT_SOFT_FAIL,    "DEADLINE",        "no answer within the timeout" },
	[REASON_RESET]           = { VERDICT_SOFT_FAIL,    "RESET",           "the connection ended before an answer" },
	[REASON_BAD_FRAME]       = { VERDICT_SOFT_FAIL,    "BAD_FRAME",       "the answer is not a health message" },
	[REASON_NOT_GRPC]        = { VERDICT_SOFT_FAIL,    "NOT_GRPC",        "the port does not speak gRPC" },
	[REASON_TLS_ERROR]       = { VERDICT_SOFT_FAIL,    "TLS_ERROR",       "TLS with the service failed" },
	[REASON_GRPC_ERROR]      = { VERDICT_SOFT_FAIL,    "GRPC_ERROR",      "the health check failed" },
	[REASON_CONNECTED]       = { VERDICT_PASS,         "CONNECTED",       "the port takes connections" },
	[REASON_HTTP_OK]         = { VERDICT_PASS,         "HTTP_OK",         "the answer has a status that passes" },
	[REASON_HTTP_STATUS]     = { VERDICT_SOFT_FAIL,    "HTTP_STATUS",     "the answer has a status that does not pass" },
	[REASON_NOT_HTTP]        = { VERDICT_SOFT_FAIL,    "NOT_HTTP",        "the port does not answer in HTTP" },
	[REASON_EXEC_OK]         = { VERDICT_PASS,         "EXEC_OK",         "the command ended with 0" },
	[REASON_EXEC_FAILED]     = { VERDICT_SOFT_FAIL,    "EXEC_FAILED",     "the command says that the service is not well" },
	[REASON_EXEC_MISSING]    = { VERDICT_INCONCLUSIVE, "EXEC_MISSING",    "the command cannot be run" },
	[REASON_NO_RESOURCES]    = { VERDICT_INCONCLUSIVE, "NO_RESOURCES",    "the agent itself is out of descriptors, memory, processes or ports" },
	[REASON_TLS_FILES]       = { VERDICT_INCONCLUSIVE, "TLS_FILES",       "a file of probe.tls cannot be used" },
};
/* clang-format on */

static_assert(ARRAY_LEN(rows) == N_REASONS, "every reason has its row");

enum verdict reason_verdict(enum reason reason)
{
	return rows[reason].verdict;
}

const char *reason_token(enum reason reason)
{
	return rows[reason].token;
}

const char *reason_sentence(enum reason reason)
{
	return rows[reason].sentence;
}
