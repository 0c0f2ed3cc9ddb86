/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/tries.h"

#include <stddef.h>

#include "agent/util.h"

#define TIMES_TO_BELIEVE 2

/*
 * Before a refusal is put to the test, seconds. A server that closes its listener and
 * opens it again is away for 0.1 to 0.3 ms (Go, Node.js, Python; 9 times in 10 below 0.4 ms
 * on a machine with four times the work that it has cores for). Ten times that is not
 * taken for an end; and who was killed is not listed for longer than it has to be.
 */
#define REFUSAL_PAUSE 0.002

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
