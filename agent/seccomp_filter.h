/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SECCOMP_FILTER_H
#define AGENT_SECCOMP_FILTER_H

/*
 * seccomp_filter - from a table of system calls to a filter that the kernel
 * holds this process and all that come of it to; the door to libseccomp.
 *
 * Of several filters in force, the hardest answer counts.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/err.h"
#include "agent/sandbox_calls.h"

struct seccomp_filter {
	const struct sandbox_call *calls;
	size_t n;
	bool calls_pass; /* they alone do; else they alone are refused */
	int refusal;     /* the errno of what is refused; 0: the process is killed */
	bool log;        /* the kernel logs what is refused, at its own pace */
};

/* True when the program was built with libseccomp. */
extern const bool seccomp_is_built_in;

/*
 * Puts filters in force, in this order; each is for calls by the numbers of
 * every kind of program that the machine runs. Where they alone pass, calls by
 * the numbers of another kind are refused. Returns 0, or -1 with *err filled;
 * some may be in force then. Takes a millisecond.
 */
int seccomp_filters_load(const struct seccomp_filter *filters, size_t n, struct err *err);

#endif
