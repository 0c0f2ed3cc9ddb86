/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TICK_H
#define AGENT_TICK_H

/*
 * tick - when what is done again and again is due, so that many share a
 * wake-up. Pure.
 *
 * All that one agent repeats falls on a grid of the clock. An interval is cut
 * into 25 to 49 slots, and each service has its own slot in it: any number of
 * services with one interval wakes the loop at most once a slot, and the n-th
 * that is added stands where the ones before have left the widest gap. The
 * slots of different intervals are powers of two of each other, so a tick of
 * the longer one is a tick of the shorter one as well.
 *
 * All times are those of clock_now().
 */

/* Where one service stands. Zeroed is a place as good as any. */
struct tick_place {
	double origin; /* of the grid, seconds: agents on one machine do not wake up in step */
	double phase;  /* [0, 1): of an interval */
};

/* Gives places to the services of one agent. */
struct tick_places {
	double origin;
	double phase; /* of the next */
};

/* `origin`: any, and another one in each process; seconds. */
void tick_places_init(struct tick_places *places, double origin);

struct tick_place tick_place_next(struct tick_places *places);

/*
 * When to do again what was begun at `from`, every `interval` seconds: the tick of
 * this place that is at most an interval away. What was begun off the grid comes
 * back to it without hurry: it is never due before nine tenths of the interval.
 */
double tick_after(double from, double interval, const struct tick_place *place);

#endif
