/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODEL_WALK_H
#define TESTS_MODEL_WALK_H

/* walk - visits every state that can be reached, and checks every property on the way. */

#include <stddef.h>

#include "tests/model/world.h"

struct walk_figures {
	size_t states, transitions;
	unsigned to_goal; /* the longest undisturbed way from any state to its goal, in moves */
};

/*
 * Walks the tables of `m` until a property is broken (m->broken says which) or
 * all is seen. `figures` may be NULL.
 */
void walk_all(struct model *m, struct walk_figures *figures);

#endif
