/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_PROBLEMS_H
#define AGENT_DESCRIPTOR_PROBLEMS_H

/*
 * problems - everything that is wrong with the input, collected so that all
 * of it can be said at once.
 *
 * Printed one a line, as `file:line:column: key.path: sentence`.
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
	size_t n_errors; /* those that are not warnings; counts even one that memory ran out for */
};

/* `key` may be NULL; line 0 leaves the place out. */
void problems_add(struct problems *p, bool warning, const char *file, unsigned line,
		unsigned column, const char *key, const char *fmt, ...) ERR_PRINTF(7, 8);

/* Puts those from index `from` on in the order of the file; those without a place come first. */
void problems_sort(struct problems *p, size_t from);

/* All of them, one a line, in the order they have; warnings begin their sentence with "warning: ".
 */
void problems_print(const struct problems *p, FILE *out);

void problems_finish(struct problems *p);

#endif
