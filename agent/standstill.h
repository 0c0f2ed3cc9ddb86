/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STANDSTILL_H
#define AGENT_STANDSTILL_H

/*
 * standstill - notices that the process did not run for a while: it was
 * stopped, or the machine was suspended.
 *
 * The loop wakes up at least every `beat`, and looks at the clock before it
 * does anything else. When much more than a beat has passed since it looked
 * last, nobody was there in between.
 */

#include <ev.h>

struct standstill;

/* Called from the loop before any other callback: nothing was done for `gap` seconds. */
typedef void standstill_over(struct standstill *s, double gap);

/* Embedded; members are for standstill.c only. */
struct standstill {
	struct ev_loop *loop; /* borrowed */
	standstill_over *on_over;
	double shortest;  /* seconds; gaps that are not longer are none */
	double limit;     /* ... and for now, while what a gap has begun goes on */
	double looked_at; /* clock_now() */
	ev_check look;
	ev_timer beat;
};

/* Gaps longer than `shortest` seconds are told. */
void standstill_start(struct standstill *s, struct ev_loop *loop, double shortest,
		standstill_over *on_over);

/* Safe on a zeroed struct. */
void standstill_stop(struct standstill *s);

#endif
