/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CADENCE_H
#define AGENT_CADENCE_H

/*
 * cadence - how often the services of one agent are probed: where each stands on
 * the grid of tick.h, and how soon one is looked for again whose port refuses.
 * Pure.
 */

#include <stddef.h>

#include "agent/random.h"
#include "agent/tick.h"
#include "agent/turn.h"

/* What the services of one agent share. Zeroed will do where there is one. */
struct cadence {
	struct tick_places places;
	size_t n_away;     /* services whose port refuses */
	double start_at;   /* clock_now() time from when the next may begin to be probed */
	struct turn *turn; /* borrowed; NULL: all is done as soon as it is due */
};

void cadence_init(struct cadence *c, struct random *random);

/*
 * How long after a refusal to look again, seconds: 20 ms, and from then on a tenth of
 * the time that the service is `gone`. When many are away the first looks are
 * further apart, so that all of them take no more than a thousand a second. It
 * may come to more than the interval, which counts then.
 */
double cadence_away(const struct cadence *c, double gone);

/*
 * How long a service waits for its first probe, seconds, when it is ready at `now`: not
 * at all, but where thousands are started together. Ten thousand connections made at
 * once would all be late, those that are tried anew as well.
 */
double cadence_start(struct cadence *c, double now);

#endif
