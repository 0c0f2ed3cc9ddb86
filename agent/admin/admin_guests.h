/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_ADMIN_GUESTS_H
#define AGENT_ADMIN_ADMIN_GUESTS_H

/*
 * admin_guests - who is connected to the admin, and for how long that may be.
 * Pure.
 */

#include <stdbool.h>

/* Connections at a time; others wait at the door. */
#define ADMIN_CONNECTIONS 16

struct guest {
	int fd;     /* -1: a free place */
	bool local; /* the peer is on this machine */
	bool answered;
	double since; /* clock_now() */
};

/* Embedded. */
struct guests {
	struct guest at[ADMIN_CONNECTIONS];
	bool crowded;                      /* somebody waits, and there is no place */
	double patience, patience_crowded; /* seconds, from the connection to its end */
};

/* All places are free. */
void guests_init(struct guests *g);

/* The one of that descriptor; with -1 a free place. NULL: there is none. */
struct guest *guests_find(struct guests *g, int fd);

/* One whose time is over, and has been told so from now on; NULL: there is none. */
struct guest *guests_overdue(struct guests *g, double now);

/* Seconds until guests_overdue() finds one, if nobody else comes or goes; below 0: never. */
double guests_left(const struct guests *g, double now);

/* The earlier of two times, seconds from now; below 0: never. */
static inline double guests_earlier(double a, double b)
{
	return a < 0.0 || (b >= 0.0 && b < a) ? b : a;
}

#endif
