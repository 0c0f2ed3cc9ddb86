/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PROBER_STAGE_H
#define TESTS_UNIT_PROBER_STAGE_H

/*
 * prober_stage - the prober against a probe that is played by the test, in place
 * of the gRPC one. Time is played too: a pause is ended by calling its watcher.
 */

#include "agent/prober.h"

struct prober_stage {
	struct ev_loop *loop;
	struct cadence cadence;
	struct descriptor desc;
	struct prober prober;
	struct probe probe;
	unsigned audits, changes, audited, destroyed, forgotten;
	double deadline, now;
	struct prober_result result;
};
extern struct prober_stage stage;

int set_up(void **state);
int tear_down(void **state);

/* The probe says this, of its own accord or as the end of an audit. */
void report(enum reason reason, bool is_audit);

/* An audit ends so, a moment later. */
void answer(enum reason reason);

void unsettle(void);
void on_change(struct prober *p);
void on_audited(struct prober *p, const struct prober_result *result);

/* Seconds until the next audit, which is due. */
double pause_left(void);

/* The time until then passes. */
void end_pause(void);

void come_up(void);

#endif
