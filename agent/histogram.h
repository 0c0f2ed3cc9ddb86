/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_HISTOGRAM_H
#define AGENT_HISTOGRAM_H

/*
 * histogram - how long something took, so far: how often within each of a few
 * fixed bounds. They fit a probe on loopback and a call to an etcd that does
 * not answer. Pure.
 */

#include <stdint.h>

#define HISTOGRAM_BOUNDS 14

/* Upper bounds, seconds, ascending; what took just as long is within. */
extern const double histogram_bounds[HISTOGRAM_BOUNDS];

/* Embedded; zeroed is empty. */
struct histogram {
	uint64_t n[HISTOGRAM_BOUNDS + 1]; /* within this bound and above the one before; the last:
					     above all */
	double sum;                       /* seconds, of all */
};

/* One more. Below 0, as a clock might say, counts as 0. */
void histogram_note(struct histogram *h, double seconds);

#endif
