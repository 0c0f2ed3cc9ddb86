/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

/* faults - what goes wrong in the world, by chance, and how it ends. */

#include "tests/sim/queue.h"

struct world;

/* Plans the first fault, and the first reload. */
void faults_start(struct world *w);

/* EVENT_FAULT: one happens, and the next is planned. */
void faults_strike(struct world *w);

/* EVENT_RELOAD: an agent is given new descriptors, perhaps again soon, and later one more time. */
void faults_reload(struct world *w);

/* EVENT_UNDO: one ends. */
void faults_undo(struct world *w, const struct event *event);

/* No fault is left, and an agent runs: what is wrong from here on stays wrong. */
void faults_settle(struct world *w);

#endif
