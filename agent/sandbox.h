/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

/*
 * sandbox - what the process may ask of the kernel from now on, so that whoever
 * should take it over through what it reads does not get far.
 *
 * It cannot be left again, and all threads and programs that come of the process
 * are in it. An agent that runs no programs may do what it needs and nothing else.
 * Where there are some, nobody knows what they need: they, and so the agent, may
 * do all but what reaches into other processes, the kernel and the machine.
 */

#include <stdbool.h>

#include "agent/err.h"

enum sandbox_mode {
	SANDBOX_USUAL, /* ON where it is built in; OFF with sanitizers, which need more */
	SANDBOX_OFF,
	SANDBOX_ON,  /* what may not be done fails, and is logged by the kernel */
	SANDBOX_KILL /* what may not be done ends the process */
};

/* Zeroed: everything is allowed. */
struct sandbox {
	bool closed; /* no program can be run any more */
};

/*
 * Enters it; `programs`: some are to be run. To be called while there is one
 * thread. Returns 0, or -1 with *err filled: there is no sandbox, or not all of it.
 */
int sandbox_enter(struct sandbox *s, enum sandbox_mode mode, bool programs, struct err *err);

/* Whether it is possible now to run programs, or not to: 0, or -1 with *err filled. */
int sandbox_admits(const struct sandbox *s, bool programs, struct err *err);

#endif
