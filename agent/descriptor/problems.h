/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_PROBLEMS_H
#define AGENT_DESCRIPTOR_PROBLEMS_H

/*
 * problems - everything that is wrong with the input, collected so that all
 * of it can be said at once.
 *
 * Printed one a line, as `file:line:column: key.path: sentence`.
 *
 * What we lack ourselves (memory, descriptors) is no problem of the input, and
 * nothing is said of the input from then on: it may be all right.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/err.h"

struct problem {
	bool warning;
	unsigned line, column; /* from 1; 0 when the problem has no place */
	char *text;            /* owned: "file:line:column: key.path: sentence" */
};

struct problems {
	struct problem *at; /* owned */
	size_t n;
	size_t n_errors; /* those that are not warnings, and lacks */
	struct err lack; /* the first thing that we lacked; ERR_NONE: nothing */
};

/* `key` may be NULL; line 0 leaves the place out. */
void problems_add(struct problems *p, bool warning, const char *file, unsigned line,
		unsigned column, const char *key, const char *fmt, ...) ERR_PRINTF(7, 8);

/* `what` is a sentence. */
void problems_lack(struct problems *p, const char *what);

/* `path` cannot be read, for an errno: a lack of ours, or a problem. */
void problems_unread(struct problems *p, const char *path, int error);

/* Puts those from index `from` on in the order of the file; those without a place come first. */
void problems_sort(struct problems *p, size_t from);

/* All of them, one a line, in the order they have; warnings begin their sentence with "warning: ".
 */
void problems_print(const struct problems *p, FILE *out);

void problems_finish(struct problems *p);

#endif
