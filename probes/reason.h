/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_REASON_H
#define PROBES_REASON_H

/*
 * reason - what a probe found out, and what that is worth as evidence.
 *
 * A probe returns a reason; one table gives its verdict, its token (for logs,
 * metrics and scripts: never renamed) and its sentence. Pure.
 */

enum reason {
	REASON_SERVING,
	REASON_NOT_SERVING,
	REASON_SERVICE_UNKNOWN,
	REASON_STATUS_UNKNOWN,
	REASON_UNIMPLEMENTED, /* the server has no health service; the descriptor may overrule */
	REASON_NO_WATCH,
	REASON_REFUSED,
	REASON_UNREACHABLE,
	REASON_DEADLINE,
	REASON_RESET,
	REASON_BAD_FRAME,
	REASON_NOT_GRPC,
	REASON_TLS_ERROR,
	REASON_GRPC_ERROR,
	REASON_CONNECTED,
	REASON_HTTP_OK,
	REASON_HTTP_STATUS,
	REASON_NOT_HTTP,
	REASON_EXEC_OK,
	REASON_EXEC_FAILED,
	REASON_EXEC_MISSING,
	REASON_NO_RESOURCES,
	REASON_TLS_FILES,
	N_REASONS
};

/*
 * PASS: well. HARD_FAIL: acts at once. SOFT_FAIL: counts to failure_threshold.
 * INCONCLUSIVE: our own trouble, says nothing about the service.
 */
enum verdict { VERDICT_PASS, VERDICT_HARD_FAIL, VERDICT_SOFT_FAIL, VERDICT_INCONCLUSIVE };

enum verdict reason_verdict(enum reason reason);
const char *reason_token(enum reason reason);

/* One sentence without a final dot; a probe may know a better one. */
const char *reason_sentence(enum reason reason);

#endif
