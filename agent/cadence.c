/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cadence - a service that is started again is to be listed as soon as its port
 * listens. Who waits for one that has just gone waits for every moment; who has
 * waited for ten seconds does not mind one more.
 */
#include "agent/cadence.h"

#define SOONEST 0.020 /* seconds */
#define SHARE   0.1   /* of the time that it is gone */

/* What each service that is away adds to the soonest, seconds: a thousandth of a second's looks. */
#define SPACING 0.001

/* From the first probe of one service to that of the next, seconds. */
#define START_SPACING 0.0003

/* So long, in seconds, that the slots of any two agents may lie anywhere to each other. */
#define ORIGINS 3600.0

void cadence_init(struct cadence *c, struct random *random)
{
	*c = (struct cadence){ 0 };
	tick_places_init(&c->places, random_between(random, 0.0, ORIGINS));
}

double cadence_away(const struct cadence *c, double gone)
{
	double crowd = SPACING * (double)c->n_away;
	double soonest = crowd > SOONEST ? crowd : SOONEST;

	return gone * SHARE > soonest ? gone * SHARE : soonest;
}

double cadence_start(struct cadence *c, double now)
{
	double wait = c->start_at > now ? c->start_at - now : 0.0;

	c->start_at = now + wait + START_SPACING;
	return wait;
}
