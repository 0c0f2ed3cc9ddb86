/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/tries.h"

#include <stddef.h>

#include "agent/util.h"

#define TIMES_TO_BELIEVE 2

/* Before a refusal is put to the test, seconds: it must be quick, and more than a moment. */
#define REFUSAL_PAUSE 0.005

/* Before a connection that broke is tried anew, seconds. */
static const double pauses[] = { 0.005, 0.020, 0.050, 0.100, 0.200 };

void tries_begin(struct tries *t)
{
	*t = (struct tries){ .last = N_REASONS };
}

double tries_note(struct tries *t, enum reason reason, const char *how)
{
	size_t longest = ARRAY_LEN(pauses) - 1;

	t->in_row = reason == t->last ? t->in_row + 1 : 1;
	t->last = reason;
	t->how = how;
	if (reason != REASON_RESET && t->in_row >= TIMES_TO_BELIEVE) {
		return TRIES_ENOUGH;
	}
	if (reason == REASON_REFUSED) {
		return REFUSAL_PAUSE;
	}
	t->n_broken++;
	return pauses[t->n_broken <= longest ? t->n_broken - 1 : longest];
}
