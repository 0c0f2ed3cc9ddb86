/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_CALL_REASON_H
#define PROBES_CALL_REASON_H

/* call_reason - what the end of a gRPC call or of its connection is worth as a reason. Pure. */

#include <stddef.h>

#include "agent/net/grpc_status.h"
#include "agent/net/h2_event.h"
#include "agent/net/h2_session.h"
#include "probes/reason.h"

/* For an end that is not a message read and grpc-status 0. */
enum reason call_reason(enum h2_end end, const struct grpc_status *status);

/* For a connection that ended, when it is not tried again. */
enum reason conn_reason(enum h2_event event);

/* A sentence for REASON_GRPC_ERROR: which status, and the server's own words. */
void call_sentence(char *out, size_t size, const struct grpc_status *status);

#endif
