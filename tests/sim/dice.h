/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

/*
 * dice - what the world draws from. A sequence of its own, apart from the
 * agents' jitter, and the same for one seed on every machine.
 */

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

uint64_t dice_next(struct dice *d);

/* From low (inclusive) to high (exclusive). */
double dice_between(struct dice *d, double low, double high);

/* Exponential, for the time between events that know nothing of each other. Above 0. */
double dice_gap(struct dice *d, double mean);

/* From 0 to n - 1; n is at least 1. */
unsigned dice_below(struct dice *d, unsigned n);

/* True with this probability. */
bool dice_chance(struct dice *d, double probability);

#endif
