/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tick.h"

#include <stdint.h>

/* Seconds: a slot of intervals of one second. Others are this, doubled or halved. */
#define SLOT 0.04

#define SLOTS_MIN 25.0

/* A tick that is so near, in slots, is there: sums of doubles are not exact. */
#define NEAR 1e-6

/* Each step of the golden ratio falls into the widest gap that the ones before have left. */
#define GOLDEN 0.6180339887498949

/* What is off the grid is due this much of an interval later, at least. */
#define SOONEST 0.9

static double slot_of(double interval)
{
	double slot = SLOT;

	while (slot * SLOTS_MIN > interval * (1.0 + NEAR)) {
		slot /= 2.0;
	}
	while (2.0 * slot * SLOTS_MIN <= interval * (1.0 + NEAR)) {
		slot *= 2.0;
	}
	return slot;
}

static int64_t whole(double slots)
{
	int64_t n = (int64_t)(slots + NEAR);

	return slots + NEAR < (double)n ? n - 1 : n;
}

void tick_places_init(struct tick_places *places, double origin)
{
	*places = (struct tick_places){ .origin = origin };
}

struct tick_place tick_place_next(struct tick_places *places)
{
	struct tick_place place = { places->origin, places->phase };

	places->phase += GOLDEN;
	places->phase -= places->phase >= 1.0 ? 1.0 : 0.0;
	return place;
}

/* All that is whole here is in slots from the origin. */
double tick_after(double from, double interval, const struct tick_place *place)
{
	double slot = slot_of(interval);
	double begun = (from - place->origin) / slot;
	int64_t period = whole(interval / slot);
	int64_t phase = whole(place->phase * (double)period);
	int64_t latest = whole(begun + (double)period);
	int64_t soonest = whole(begun + interval / slot * SOONEST) + 1;
	int64_t beyond = (latest - phase) % period;
	int64_t own = latest - (beyond < 0 ? beyond + period : beyond);

	return place->origin + slot * (double)(own > soonest ? own : soonest);
}
