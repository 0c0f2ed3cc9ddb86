/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core_dumps.h"

#include <sys/prctl.h>

void core_dumps_allow(bool allowed)
{
	(void)prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0);
}
