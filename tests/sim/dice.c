/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/dice.h"

#include <math.h>

/* splitmix64: every seed, also 0 and 1 and 2, begins a good sequence. */
uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static double unit(struct dice *d)
{
	return (double)(dice_next(d) >> 11) * 0x1p-53;
}

double dice_between(struct dice *d, double low, double high)
{
	return low + unit(d) * (high - low);
}

double dice_gap(struct dice *d, double mean)
{
	return -mean * log(1.0 - unit(d)) + 1e-6;
}

unsigned dice_below(struct dice *d, unsigned n)
{
	return (unsigned)(dice_next(d) % n);
}

bool dice_chance(struct dice *d, double probability)
{
	return unit(d) < probability;
}
