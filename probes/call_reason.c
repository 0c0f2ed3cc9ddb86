/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/call_reason.h"

#include <stdio.h>

/* The status is the server's to choose, so it is a number here and not our enum. */
static enum reason reason_of_code(int code)
{
	switch (code) {
	case GRPC_UNIMPLEMENTED:
		return REASON_UNIMPLEMENTED;
	case GRPC_NOT_FOUND:
		return REASON_SERVICE_UNKNOWN;
	case GRPC_DEADLINE_EXCEEDED:
		return REASON_DEADLINE;
	}
	return REASON_GRPC_ERROR;
}

enum reason call_reason(enum h2_end end, const struct grpc_status *status)
{
	switch (end) {
	case H2_END_STATUS:
		return reason_of_code(status->code);
	case H2_END_NO_STATUS:
	case H2_END_BAD_FRAME:
		return REASON_BAD_FRAME;
	case H2_END_RESET:
		return REASON_RESET;
	case H2_END_NOT_GRPC:
		break;
	}
	return REASON_NOT_GRPC;
}

enum reason conn_reason(enum h2_event event)
{
	switch (event) {
	case H2_GOAWAY:
	case H2_CLOSED:
	case H2_RESET:
		break;
	case H2_REFUSED:
		return REASON_REFUSED;
	case H2_UNREACHABLE:
		return REASON_UNREACHABLE;
	case H2_NOT_HTTP2:
		return REASON_NOT_GRPC;
	case H2_TLS_FAILED:
	case H2_TLS_DROPPED:
		return REASON_TLS_ERROR;
	case H2_TLS_FILES:
		return REASON_TLS_FILES;
	case H2_NO_RESOURCES:
		return REASON_NO_RESOURCES;
	}
	return REASON_RESET;
}

void call_sentence(char *out, size_t size, const struct grpc_status *status)
{
	(void)snprintf(out, size, "the health check answered %s%s%s", grpc_code_name(status->code),
			status->message[0] != '\0' ? ": " : "", status->message);
}
