/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/probe.h"

const struct probe_kind *const probe_kinds[N_PROBE_TYPES] = {
	[PROBE_GRPC] = &probe_grpc,
	[PROBE_TCP] = &probe_tcp,
	[PROBE_HTTP] = &probe_http,
	[PROBE_EXEC] = &probe_exec,
};
