/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each row and each note, harmless, and the same with colours as without. */
#include <stdlib.h>
#include <string.h>

#include "agent/text_table.h"
#include "tests/fuzz/fuzz.h"

#define ROWS_MAX 16

static size_t fill(struct text_table *t, struct fuzz_bytes *b)
{
	size_t lines = 0;

	for (size_t i = 0; i < ROWS_MAX && b->left > 0; i++) {
		uint8_t what = fuzz_u8(b);
		text_table_row(t);
		lines++;
		for (size_t k = 0; k < what % (TEXT_TABLE_COLUMNS + 1); k++) {
			char *text = fuzz_take_text(b);
			text_table_cell(t, (enum tint)(what >> 4 & 3), "%s", text);
			free(text);
		}
		for (size_t k = 0; k < what >> 6; k++, lines++) {
			char *text = fuzz_take_text(b);
			text_table_note(t, "%s", text);
			free(text);
		}
	}
	return lines;
}

/* The text without the colours. */
static size_t plain_length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++, n++) {
		if (*text == '\033') {
			text = strchr(text, 'm');
			HOLDS(text != NULL);
			n--;
		}
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct text_table t = { 0 };
	struct fuzz_out plain, coloured;
	size_t lines = fill(&t, &b);

	fuzz_out_open(&plain);
	fuzz_out_open(&coloured);
	HOLDS(text_table_print(&t, false, plain.file) == 0);
	HOLDS(text_table_print(&t, true, coloured.file) == 0);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&plain)) && fuzz_count_lines(plain.text) == lines);
	HOLDS(plain_length(fuzz_out_text(&coloured)) == plain.len);
	fuzz_out_finish(&plain);
	fuzz_out_finish(&coloured);
	text_table_finish(&t);
	return 0;
}
