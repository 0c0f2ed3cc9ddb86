/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/format.h"

#include <assert.h>

#include "agent/util.h"

static const char *const names[] = {
	[FORMAT_SERVICES] = "services",
	[FORMAT_GRPC_NAMING] = "grpc-naming",
	[FORMAT_SKYDNS] = "skydns",
	[FORMAT_GO_ZERO] = "go-zero",
	[FORMAT_KRATOS] = "kratos",
	[FORMAT_KITEX] = "kitex",
};

static_assert(ARRAY_LEN(names) == N_FORMATS, "a name for each");

const char *format_name(enum format f)
{
	return names[f];
}
