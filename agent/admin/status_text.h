/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_STATUS_TEXT_H
#define AGENT_ADMIN_STATUS_TEXT_H

/*
 * status_text - what a running agent says of itself, as a person reads it: a
 * line for each service and each reader, what is odd about it below, and a
 * summary. Pure.
 */

#include <stdbool.h>
#include <stdio.h>

#include "agent/admin/status.h"

/* The whole of it. 0, or -1 without memory. */
int status_print(const struct status *s, bool colour, FILE *out);

/*
 * Whether it is registered, in a word: "yes", "no", "not yet", "unsure",
 * "withdrawing", "draining" (withdrawn, its linger is not over), "drained",
 * "standing by", "retiring".
 */
const char *status_word(const struct status_service *s);

/* How many of them are at their goal, and of how many; what a reload retires is not counted. */
size_t status_at_goal(const struct status *s, size_t *all);

#endif
