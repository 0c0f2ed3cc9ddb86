/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/counts.h"

#include <assert.h>

#include "agent/util.h"

static const char *const names[] = {
	[ABSENCE_UNHEALTHY] = "unhealthy",
	[ABSENCE_DRAINED] = "drained",
	[ABSENCE_STOPPED] = "stopped",
	[ABSENCE_RELOADED] = "reloaded",
};

static_assert(ARRAY_LEN(names) == N_ABSENCES, "every absence has its name");

const char *absence_name(enum absence absence)
{
	return names[absence];
}
