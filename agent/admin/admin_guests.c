/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/admin_guests.h"

#include <stddef.h>

#include "agent/util.h"

#define PATIENCE         10.0
#define PATIENCE_CROWDED 1.0
#define UNASKED          0.1 /* ... of it, without a whole request */

void guests_init(struct guests *g)
{
	*g = (struct guests){ .patience = PATIENCE, .patience_crowded = PATIENCE_CROWDED };
	for (size_t i = 0; i < ARRAY_LEN(g->at); i++) {
		g->at[i].fd = -1;
	}
}

struct guest *guests_find(struct guests *g, int fd)
{
	for (size_t i = 0; i < ARRAY_LEN(g->at); i++) {
		if (g->at[i].fd == fd) {
			return &g->at[i];
		}
	}
	return NULL;
}

static double time_left(const struct guests *g, const struct guest *guest, double now)
{
	double patience = g->crowded ? g->patience_crowded : g->patience;

	/* Who asks something asks it at once; an answer may be long. */
	if (g->crowded && !guest->answered) {
		patience *= UNASKED;
	}
	double left = guest->since + patience - now;
	return left > 0.0 ? left : 0.0;
}

struct guest *guests_overdue(struct guests *g, double now)
{
	for (size_t i = 0; i < ARRAY_LEN(g->at); i++) {
		if (g->at[i].fd >= 0 && time_left(g, &g->at[i], now) <= 0.0) {
			g->at[i].since = now;
			return &g->at[i];
		}
	}
	return NULL;
}

double guests_left(const struct guests *g, double now)
{
	double least = -1.0;

	for (size_t i = 0; i < ARRAY_LEN(g->at); i++) {
		if (g->at[i].fd >= 0) {
			double left = time_left(g, &g->at[i], now);
			least = least < 0.0 || left < least ? left : least;
		}
	}
	return least;
}
