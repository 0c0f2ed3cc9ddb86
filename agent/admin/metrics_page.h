/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_METRICS_PAGE_H
#define AGENT_ADMIN_METRICS_PAGE_H

/*
 * metrics_page - the lines of Prometheus' text format, as they are written
 * into a stream. Pure.
 */

#include <stdio.h>

#include "agent/histogram.h"

/* A label and its value, which may be any text; a list of them ends with a zeroed one. */
struct metric_label {
	const char *name, *value;
};

/* # HELP and # TYPE, once, before the lines of the metric. */
void metrics_page_head(FILE *out, const char *name, const char *type, const char *help);

/* name{labels} value; `labels` may be NULL. */
void metrics_page_line(
		FILE *out, const char *name, const struct metric_label *labels, double value);

/* The buckets, the sum and the count. */
void metrics_page_histogram(FILE *out, const char *name, const struct histogram *h);

#endif
