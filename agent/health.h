/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

/*
 * health - verdicts in, UNKNOWN/UP/DOWN out. Pure.
 *
 * Hard evidence acts at once. Soft failures count, in a row, to the failure
 * threshold; passes, in a row, to the success threshold. Passes that come
 * closer together than `spacing` are one observation seen twice (a pushed
 * status and the audit that it met) and count once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "probes/reason.h"

enum health_state { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

struct health_rules {
	uint32_t success_threshold; /* at least 1 */
	uint32_t failure_threshold; /* at least 1 */
	double spacing;             /* seconds */
};

/* Embedded; zeroed is UNKNOWN. */
struct health {
	enum health_state state;
	uint32_t passes, fails; /* in a row */
	double last_pass;       /* clock_now() time; valid when passes > 0 */
};

/* Takes one verdict, given at `now` (clock_now() time). True when the state changed. */
bool health_note(struct health *h, const struct health_rules *rules, enum verdict verdict,
		double now);

/* Nothing that was known counts any more: UNKNOWN, and rows begin anew. */
void health_forget(struct health *h);

const char *health_name(enum health_state state);

#endif
