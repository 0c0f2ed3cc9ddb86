/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_BACKOFF_H
#define AGENT_BACKOFF_H

/*
 * backoff - how long to wait before the next try. Pure but for its own state.
 *
 * Decorrelated jitter: each pause is drawn between the base and three times
 * the pause before it, so many agents that fail at one moment spread at once
 * instead of meeting again. There is no last try.
 */

#include "agent/random.h"

/* Embedded by its user; zeroed is ready. Seconds. */
struct backoff {
	double last; /* 0 after a success */
};

/* The next pause in seconds, between `base` and `cap`; cap when cap <= base. */
double backoff_next(struct backoff *b, struct random *r, double base, double cap);

/* A success: the next pause begins again at the base. */
void backoff_reset(struct backoff *b);

#endif
