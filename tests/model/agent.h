/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODEL_AGENT_H
#define TESTS_MODEL_AGENT_H

/* agent - registration.c without time and without a loop, on the tables of a model. */

#include "tests/model/world.h"

/* False when that is the goal already. */
bool agent_want(struct model *m, struct world *w, uint8_t goal);

/* A pause ends; false when there is none. */
bool agent_wake(struct model *m, struct world *w);

/* The call in flight ends. */
void agent_finish(struct model *m, struct world *w, enum outcome outcome);

#endif
