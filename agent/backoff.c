/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/backoff.h"

double backoff_next(struct backoff *b, struct random *r, double base, double cap)
{
	double high = b->last > base ? b->last * 3.0 : base * 3.0;
	double pause = random_between(r, base, high);

	b->last = pause < cap ? pause : cap;
	return b->last;
}

void backoff_reset(struct backoff *b)
{
	b->last = 0.0;
}
