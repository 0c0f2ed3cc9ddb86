/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SHEET_H
#define TESTS_SIM_SHEET_H

/* sheet - the descriptor of a day as an agent reads it: one in one turn, the other in the next. */

#include "agent/descriptor/descriptor_set.h"
#include "tests/sim/script.h"

/* They ask for other names of the health service, which is the same under all names. */
#define SHEETS 2

/* For each day anew, before sheet_copy. */
void sheet_make(const struct script *s);

/* Makes *set that descriptor alone. */
void sheet_copy(struct descriptor_set *set, unsigned which);

#endif
