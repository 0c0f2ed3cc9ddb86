/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_LOOP_H
#define TESTS_SIM_LOOP_H

/*
 * loop - the part of libev that the agent's rooms use, on virtual time.
 *
 * ev_timer_start(), ev_timer_stop() and ev_now_update() are defined here, so
 * libev is not linked. Timers fire in the order of their time, and in the
 * order they were started when that is equal. The time belongs to the world:
 * one clock for all loops, and nothing here makes it go on.
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_TIMERS 48 /* of one agent, at one time */

/* One agent's loop. Zeroed is ready. */
struct ev_loop {
	void *owner; /* the caller's */
	ev_timer *timers[LOOP_TIMERS];
	uint64_t started[LOOP_TIMERS]; /* by which equal times are ordered */
	unsigned n;
	const ev_timer *bent; /* one that waits `factor` times as long as it is told; NULL: none */
	double factor;
	const char *broken; /* a timer that was armed as none may be; NULL: all is well */
};

/* The clock of all loops and of clock_now(), seconds. */
double loop_time(void);
void loop_set_time(double to);

/* When the next timer fires; INFINITY without one. */
double loop_next(const struct ev_loop *loop);

/* Fires the one timer that is due first; false when none is due. */
bool loop_fire(struct ev_loop *loop);

#endif
