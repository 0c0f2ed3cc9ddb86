/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SOAK_H
#define TESTS_SIM_SOAK_H

/*
 * soak - a day of one agent at full speed, with faults, and its memory at the
 * end of each simulated hour.
 */

struct world;

#define SOAK_SKIPPED 77

/* 0 when the resident memory is flat to the page after its warm-up; SOAK_SKIPPED with a
 * sanitizer. */
int soak(struct world *w);

#endif
