/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OUTPUT_STAGE_H
#define TESTS_UNIT_OUTPUT_STAGE_H

/*
 * output_stage - an output whose kinds are played: each call of apply() is
 * recorded, and ends as the test says. The loop is real, its time is not waited
 * for.
 */

#include <stdbool.h>

#include "agent/outputs/output.h"
#include "agent/outputs/output_kind.h"

extern struct output_stage {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings;
	struct output_view view;
	struct output *output;
	double now;

	enum applied ends; /* apply() */
	double again;
	bool leaves_out, waits_its_turn;
	bool no_memory;
	unsigned applied, created, destroyed;
	char text[80]; /* applied last */

	unsigned told, troubles;
	char sentence[500];
} stage;

int set_up(void **state);
int tear_down(void **state);
void make(enum output_type type);

/* The wait for the next look at the view, and its rest in seconds. */
bool waiting(void);
double left(void);

/* As the loop does it when the time has come. */
void pass(void);

/* A new revision. */
void change(void);
bool near(double a, double b);

#endif
