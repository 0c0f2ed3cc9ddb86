/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SANDBOX_CALLS_H
#define AGENT_SANDBOX_CALLS_H

/*
 * sandbox_calls - which system calls the agent may make once it has started, and
 * which ones the programs that it runs may not make.
 *
 * By name: one that this machine or this libseccomp does not know is left out, so
 * the tables also have calls of other machines and of C libraries to come.
 */

#include <stddef.h>
#include <stdint.h>

#define SANDBOX_CONDITIONS 2

/* As a condition's value: the number of our own process. */
#define SANDBOX_OWN_PID UINT64_MAX

/* Met when so many bits of an argument are as they are here. No mask: there is no condition. */
struct sandbox_condition {
	unsigned argument;
	uint64_t mask, value;
};

/* A call, when all conditions are met. It may have several rows. */
struct sandbox_call {
	const char *name;
	struct sandbox_condition when[SANDBOX_CONDITIONS];
};

/* What an agent that runs no program needs: all else is refused. */
const struct sandbox_call *sandbox_calls_needed(size_t *n);

/* What is refused when there are programs to run, which inherit it: all else passes. */
const struct sandbox_call *sandbox_calls_barred(size_t *n);

/*
 * What is said not to exist in either case, as C libraries try it as a matter of
 * course: it is no news. Listed above as needed, so that it has one answer.
 */
const struct sandbox_call *sandbox_calls_absent(size_t *n);

#endif
