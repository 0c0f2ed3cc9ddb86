/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "agent/text_table.h"
#include "agent/util.h"

static void expect(struct text_table *t, bool colour, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(text_table_print(t, colour, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
	text_table_finish(t);
	assert_null(t->rows);
}

static void columns_are_as_wide_as_they_need_to_be(void **state)
{
	struct text_table t = { 0 };

	UNUSED(state);
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "NAME");
	text_table_cell(&t, TINT_NONE, "%s", "");
	text_table_cell(&t, TINT_NONE, "%d", 7);
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "d\xc3\xbcrer");
	text_table_cell(&t, TINT_NONE, "b");
	text_table_cell(&t, TINT_NONE, "%s", "");
	text_table_note(&t, "a note of %s makes no column wider", "any length");
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "x");
	expect(&t, true,
			"NAME      7\n"
			"d\xc3\xbcrer  b\n"
			"  a note of any length makes no column wider\n"
			"x\n");
}

static void a_long_cell_pushes_its_own_row_only(void **state)
{
	struct text_table t = { 0 };

	UNUSED(state);
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "a");
	text_table_cell(&t, TINT_NONE, "b");
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "12345678901234567890123456789012345678901");
	text_table_cell(&t, TINT_NONE, "b");
	expect(&t, false,
			"a  b\n"
			"12345678901234567890123456789012345678901  b\n");
}

static void colour_is_around_the_words_only(void **state)
{
	struct text_table t = { 0 };

	UNUSED(state);
	for (int i = 0; i < 2; i++) {
		text_table_row(&t);
		text_table_cell(&t, TINT_GOOD, "good");
		text_table_cell(&t, TINT_ODD, "odd");
		text_table_row(&t);
		text_table_cell(&t, TINT_BAD, "bad");
		text_table_cell(&t, TINT_NONE, "none");
		expect(&t, i == 0,
				i == 0 ? "\033[32mgood\033[0m  \033[33modd\033[0m\n"
					 "\033[31mbad\033[0m   none\n"
				       : "good  odd\nbad   none\n");
	}
}

static void nothing_steers_the_terminal(void **state)
{
	struct text_table t = { 0 };

	UNUSED(state);
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "%s", "\033[2J\n\xc2\x9b");
	text_table_note(&t, "%s", "a\r\xff");
	expect(&t, true, "?[2J???\n  a??\n");
}

static void without_memory_nothing_is_printed(void **state)
{
	struct text_table t = { .failed = true };

	UNUSED(state);
	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "a");
	text_table_note(&t, "b");
	assert_int_equal(text_table_print(&t, false, stdout), -1);
	text_table_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_they_need_to_be),
		cmocka_unit_test(a_long_cell_pushes_its_own_row_only),
		cmocka_unit_test(colour_is_around_the_words_only),
		cmocka_unit_test(nothing_steers_the_terminal),
		cmocka_unit_test(without_memory_nothing_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
