/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_METRICS_H
#define AGENT_ADMIN_METRICS_H

/*
 * metrics - what there is to say about an agent, as Prometheus reads it: text
 * format 0.0.4. Pure.
 *
 * No two lines are the same series: of services that have name, host and port
 * in common, as a reload has them for a while, the first is told.
 */

#include <stddef.h>

#include "agent/admin/status.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_page;

struct metric {
	const char *name;
	const char *type;   /* "gauge", "counter", "histogram" */
	const char *labels; /* "service,host,port"; "": none */
	const char *help;   /* one sentence without a final dot */

	/* For metrics.c only: what writes its lines, and one value of them. */
	void (*write)(struct metrics_page *page, const struct metric *metric);
	double (*of_service)(const struct status_service *service);
	double (*of_reader)(const struct status_reader *reader);
};

/* Every metric there is, in the order of the text. */
const struct metric *metrics_table(size_t *n);

/* The text, new; its length, without the final 0, in *len. NULL without memory. */
char *metrics_text(const struct status *s, size_t *len);

#endif
