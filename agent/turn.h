/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TURN_H
#define AGENT_TURN_H

/*
 * turn - what can wait for its turn: done in the order in which it came, and only
 * so much of it in each turn of the loop. Pure; turn_loop has the loop.
 *
 * Ten thousand services may all have something to say at once. Were all of it
 * heard in one turn of the loop, a second or more would pass in which no lease
 * is renewed.
 */

#include <stdbool.h>

#include "agent/list.h"

struct task;

/* Called when its turn has come; it is out of the queue, and may be added again. */
typedef void task_run(struct task *task);

/* Embedded in whoever waits; `run` is for its owner to set. */
struct task {
	struct list link;
	task_run *run;
};

/* Members are for turn.c only. */
struct turn {
	struct fifo tasks;
};

void turn_init(struct turn *t);

/* To the end of the queue; nothing when it waits already. `t` may be NULL: it is run at once. */
void turn_add(struct turn *t, struct task *task);

/* Out of the queue. Safe when it does not wait, and on a zeroed one. */
void turn_drop(struct turn *t, struct task *task);

bool task_waits(const struct task *task);

/* Runs what waits, for some hundredths of a second at most. True when some of it is left. */
bool turn_work(struct turn *t);

#endif
