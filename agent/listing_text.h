/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LISTING_TEXT_H
#define AGENT_LISTING_TEXT_H

/*
 * listing_text - instances as people and programs read them on a terminal:
 * a table, or a line of JSON for each. Pure.
 *
 * What comes from etcd is shown without control characters, so that no value
 * can write on the terminal what it likes.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/instance.h"

enum listing_style { LISTING_TABLE, LISTING_JSON };

/* What is known of the lease that a key hangs on; above 0: seconds that it has left. */
#define LISTING_NO_LEASE   0
#define LISTING_LEASE_GONE (-1)
#define LISTING_UNKNOWN    (-2)

struct listing_row {
	const char *service;             /* borrowed */
	const struct instance *instance; /* borrowed */
	int64_t ttl_s;                   /* seconds, or one of the above */
};

/* All rows with a heading, or a line of JSON for each. 0, or -1 without memory. */
int listing_print(enum listing_style style, const struct listing_row *rows, size_t n, FILE *out);

enum listing_event {
	LISTING_NOW,     /* there when the watch began */
	LISTING_ADDED,   /* there from now on */
	LISTING_CHANGED, /* its value is another */
	LISTING_REMOVED, /* not there any more */
	LISTING_NONE     /* there is no instance at all; `instance` is NULL */
};

/* One line of `watch`; `time` as it is to be printed. 0, or -1 without memory. */
int listing_print_event(enum listing_style style, const char *time, enum listing_event event,
		const char *service, const struct instance *instance, FILE *out);

#endif
