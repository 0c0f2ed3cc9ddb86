/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_RANDOM_H
#define AGENT_RANDOM_H

/*
 * random - a small seeded generator for jitter and shuffling; never for secrets.
 *
 * The state belongs to its user, so a test that fixes the seed sees the same
 * numbers in every run.
 */

#include <stdint.h>

struct random {
	unsigned short state[3]; /* as erand48() keeps it */
};

/* Seeds from the system. */
void random_init(struct random *r);

/* Seeds from a number; the same seed gives the same sequence. */
void random_seed(struct random *r, uint64_t seed);

/* From low (inclusive) to high (exclusive); low when high <= low. */
double random_between(struct random *r, double low, double high);

/* From 0 to n - 1; n is at least 1. */
uint32_t random_below(struct random *r, uint32_t n);

#endif
