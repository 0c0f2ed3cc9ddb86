/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TEXT_TABLE_H
#define AGENT_TEXT_TABLE_H

/*
 * text_table - rows of cells, as wide as they need to be, for people at a
 * terminal. A row may have notes, lines of their own below it, which make no
 * column wider. Pure.
 *
 * What would steer the terminal is shown as '?'. A table that ran out of
 * memory while it was filled says so when it is printed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/err.h"

enum tint { TINT_NONE, TINT_GOOD, TINT_ODD, TINT_BAD };

struct text_row;

/* Zeroed it is empty. */
struct text_table {
	struct text_row *rows; /* owned */
	size_t n, room;
	bool failed; /* there was no memory */
};

#define TEXT_TABLE_COLUMNS 8
#define TEXT_TABLE_NOTES   8

void text_table_row(struct text_table *t);

/* The next cell of the last row. */
void text_table_cell(struct text_table *t, enum tint tint, const char *fmt, ...) ERR_PRINTF(3, 4);

/* A line below the last row. */
void text_table_note(struct text_table *t, const char *fmt, ...) ERR_PRINTF(2, 3);

/* 0, or -1 without memory; then nothing is printed. */
int text_table_print(const struct text_table *t, bool colour, FILE *out);

/* Safe on a zeroed struct. */
void text_table_finish(struct text_table *t);

#endif
