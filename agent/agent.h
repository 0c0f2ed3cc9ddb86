/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

/*
 * agent - all services of one process on one loop, from start to withdrawal.
 *
 * SIGTERM and SIGINT withdraw everything, wait until the last shutdown.linger
 * is over, and end. A second one ends at once. SIGHUP reads the descriptors
 * again: what says the same goes on untouched, and when anything is wrong with
 * any of them nothing changes at all.
 */

#include <stddef.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/err.h"
#include "agent/exit_code.h"
#include "agent/sandbox.h"

/* Borrowed until it has ended, but for the set. */
struct agent_start {
	struct descriptor_set set; /* owned from now on; loaded from: */
	const char *const *paths;
	size_t n_paths;
	int ready_fd; /* owned from now on; a newline when it is up and running; -1: none */
	enum sandbox_mode seccomp;
	const char *version;
};

/* Runs until it is told to stop. On EXIT_INTERNAL *err says why. */
enum exit_code agent_run(struct agent_start *start, struct err *err);

#endif
