/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UNITS_PLAN_H
#define AGENT_UNITS_PLAN_H

/*
 * units_plan - what a new set of descriptors makes of the running units: all
 * that can fail, before anything is changed. For units.c alone.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/err.h"
#include "agent/pairing.h"
#include "agent/units.h"

/* Arrays are owned; what they hold is for whoever carries it out. */
struct units_plan {
	struct pair *pairs; /* of each descriptor */
	struct unit **next; /* of each: the unit that goes on, or a new one that is not started */
	size_t n;
	struct unit **successors; /* of each running unit, to be filled; NULL: it has none */
	bool *stays;              /* of each running unit */
};

/*
 * Takes the descriptors of new units out of the set. Returns 0, or -1 with *err
 * filled and every unit that was made destroyed; to be finished either way.
 */
int units_plan_make(struct units_plan *p, const struct units *units, struct descriptor_set *set,
		struct err *err);

void units_plan_finish(struct units_plan *p);

#endif
