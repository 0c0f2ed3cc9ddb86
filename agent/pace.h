/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PACE_H
#define AGENT_PACE_H

/*
 * pace - how often something may be said: twenty times at once, and then once
 * a second. Pure.
 *
 * What few things happen is told one by one; a storm of them is for whoever
 * asks to sum up until the next may be said.
 */

/* A zeroed one has said nothing. */
struct pace {
	double said; /* how much of the twenty was used, as of `at` */
	double at;   /* clock_now() time */
};

/* Seconds until it may be said; 0: now. */
double pace_wait(struct pace *p, double now);

/* It was said. */
void pace_spend(struct pace *p, double now);

#endif
