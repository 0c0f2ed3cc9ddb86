/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TURN_LOOP_H
#define AGENT_TURN_LOOP_H

/*
 * turn_loop - works on a queue of tasks (turn.h) in each turn of the libev loop,
 * behind all that does not wait and ahead of deadlines, which have EV_MINPRI.
 */

#include <ev.h>

#include "agent/turn.h"

/* Embedded; `turn` is for all who have tasks, the rest for turn_loop.c. */
struct turn_loop {
	struct turn turn;
	struct ev_loop *loop; /* borrowed */
	ev_check work;
	ev_idle more; /* active while tasks are left: the loop does not wait */
};

void turn_loop_start(struct turn_loop *t, struct ev_loop *loop);

/* No task may wait any more. Safe on a zeroed struct. */
void turn_loop_stop(struct turn_loop *t);

#endif
