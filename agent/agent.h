/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

/*
 * agent - all services of one process on one loop, from start to withdrawal.
 *
 * SIGTERM and SIGINT withdraw everything, wait for the longest
 * shutdown.linger, and end. A second one ends at once.
 */

#include "agent/descriptor_set.h"
#include "agent/err.h"
#include "agent/exit_code.h"

/* Runs until it is told to stop. On EXIT_INTERNAL *err says why. */
enum exit_code agent_run(const struct descriptor_set *set, struct err *err);

#endif
