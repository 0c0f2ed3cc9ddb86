/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/text_table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/utf8.h"

#define CELL_MAX 40 /* a longer text pushes its own row only */

struct text_cell {
	char *text; /* owned */
	enum tint tint;
};

struct text_row {
	struct text_cell cells[TEXT_TABLE_COLUMNS];
	size_t n;
	char *notes[TEXT_TABLE_NOTES]; /* owned */
	size_t n_notes;
};

/* ---- filling ----------------------------------------------------------------------------- */

static char *make_text(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0) {
		return NULL;
	}
	utf8_make_harmless(text);
	return text;
}

static bool make_room(struct text_table *t)
{
	size_t room = t->n < t->room ? t->room : 2 * t->room + 8;
	struct text_row *rows = room == t->room ? t->rows : realloc(t->rows, room * sizeof *rows);

	if (rows != NULL) {
		t->rows = rows;
		t->room = room;
	}
	return rows != NULL;
}

void text_table_row(struct text_table *t)
{
	if (t->failed || !make_room(t)) {
		t->failed = true;
		return;
	}
	t->rows[t->n++] = (struct text_row){ 0 };
}

void text_table_cell(struct text_table *t, enum tint tint, const char *fmt, ...)
{
	struct text_row *row = t->failed ? NULL : &t->rows[t->n - 1];
	va_list args;

	if (row == NULL) {
		return;
	}
	assert(row->n < TEXT_TABLE_COLUMNS);
	va_start(args, fmt);
	row->cells[row->n] = (struct text_cell){ make_text(fmt, args), tint };
	va_end(args);
	t->failed = row->cells[row->n++].text == NULL;
}

void text_table_note(struct text_table *t, const char *fmt, ...)
{
	struct text_row *row = t->failed ? NULL : &t->rows[t->n - 1];
	va_list args;

	if (row == NULL) {
		return;
	}
	assert(row->n_notes < TEXT_TABLE_NOTES);
	va_start(args, fmt);
	row->notes[row->n_notes] = make_text(fmt, args);
	va_end(args);
	t->failed = row->notes[row->n_notes++] == NULL;
}

/* ---- printing ---------------------------------------------------------------------------- */

/* Characters, which are as many columns for all that is written here. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return width;
}

static void measure(const struct text_table *t, size_t widths[TEXT_TABLE_COLUMNS])
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < t->rows[i].n; j++) {
			size_t width = width_of(t->rows[i].cells[j].text);
			widths[j] = width > widths[j] && width <= CELL_MAX ? width : widths[j];
		}
	}
}

static void print_cell(const struct text_cell *cell, bool colour, FILE *out)
{
	static const char *const sgr[] = {
		[TINT_NONE] = "",
		[TINT_GOOD] = "\033[32m",
		[TINT_ODD] = "\033[33m",
		[TINT_BAD] = "\033[31m",
	};
	bool tinted = colour && cell->tint != TINT_NONE;

	(void)fprintf(out, "%s%s%s", tinted ? sgr[cell->tint] : "", cell->text,
			tinted ? "\033[0m" : "");
}

/* There is no space at the end of a line, so that it wraps only when it must. */
static void print_row(const struct text_row *row, const size_t widths[TEXT_TABLE_COLUMNS],
		bool colour, FILE *out)
{
	for (size_t i = 0, owed = 0; i < row->n; i++) {
		const struct text_cell *cell = &row->cells[i];
		size_t width = width_of(cell->text);
		if (width > 0) {
			(void)fprintf(out, "%*s", (int)owed, "");
			print_cell(cell, colour, out);
			owed = 0;
		}
		owed += (width < widths[i] ? widths[i] - width : 0) + 2;
	}
	(void)fputs("\n", out);
	for (size_t i = 0; i < row->n_notes; i++) {
		(void)fprintf(out, "  %s\n", row->notes[i]);
	}
}

int text_table_print(const struct text_table *t, bool colour, FILE *out)
{
	size_t widths[TEXT_TABLE_COLUMNS] = { 0 };

	if (t->failed) {
		return -1;
	}
	measure(t, widths);
	for (size_t i = 0; i < t->n; i++) {
		print_row(&t->rows[i], widths, colour, out);
	}
	return 0;
}

void text_table_finish(struct text_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < t->rows[i].n; j++) {
			free(t->rows[i].cells[j].text);
		}
		for (size_t j = 0; j < t->rows[i].n_notes; j++) {
			free(t->rows[i].notes[j]);
		}
	}
	free(t->rows);
	*t = (struct text_table){ 0 };
}
