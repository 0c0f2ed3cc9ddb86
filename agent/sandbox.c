/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/seccomp_filter.h"
#include "agent/util.h"

/* Sanitizers make system calls of their own, and at their end trace the process. */
#ifdef SVC_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

static enum sandbox_mode usual(void)
{
	return seccomp_is_built_in && !SANITIZED ? SANDBOX_ON : SANDBOX_OFF;
}

/*
 * What is not needed does not exist, so that a newer C library takes the way that
 * it has for an older kernel. What programs may not do is said to be forbidden, as
 * it is to them wherever they have no rights.
 */
static int load(enum sandbox_mode mode, bool programs, struct err *err)
{
	struct seccomp_filter filters[] = {
		{ .refusal = ENOSYS },
		{
				.calls_pass = !programs,
				.refusal = mode == SANDBOX_KILL ? 0
					   : programs           ? EPERM
								: ENOSYS,
				.log = true,
		},
	};

	filters[0].calls = sandbox_calls_absent(&filters[0].n);
	filters[1].calls = programs ? sandbox_calls_barred(&filters[1].n)
				    : sandbox_calls_needed(&filters[1].n);
	return seccomp_filters_load(filters, ARRAY_LEN(filters), err);
}

int sandbox_enter(struct sandbox *s, enum sandbox_mode mode, bool programs, struct err *err)
{
	mode = mode == SANDBOX_USUAL ? usual() : mode;
	if (mode == SANDBOX_OFF) {
		return 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return err_set(err, ERR_SYSTEM, "PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
	}
	if (load(mode, programs, err) < 0) {
		return -1;
	}
	s->closed = !programs;
	return 0;
}

int sandbox_admits(const struct sandbox *s, bool programs, struct err *err)
{
	return !s->closed || !programs
			       ? 0
			       : err_set(err, ERR_SYSTEM,
						 "there are commands to run, which the agent has "
						 "given up at its start as there were none: "
						 "restart it");
}
