/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/histogram.h"

#include <stddef.h>

const double histogram_bounds[HISTOGRAM_BOUNDS] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
	0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0 };

void histogram_note(struct histogram *h, double seconds)
{
	double took = seconds > 0.0 ? seconds : 0.0;
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && took > histogram_bounds[i]) {
		i++;
	}
	h->n[i]++;
	h->sum += took;
}
