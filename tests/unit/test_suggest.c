/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/suggest.h"
#include "agent/util.h"

static void measures_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "abc", "abc", 0 },
		{ "abc", "ABC", 0 },
		{ "", "abc", 3 },
		{ "abc", "ab", 1 },
		{ "abc", "abcd", 1 },
		{ "abc", "axc", 1 },
		{ "abc", "acb", 1 },
		{ "kitten", "sitting", 3 },
		{ "interval", "intreval", 1 },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(suggest_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(suggest_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

static void compares_no_long_words(void **state)
{
	char longest[SUGGEST_MAX + 2];
	UNUSED(state);
	memset(longest, 'a', sizeof(longest));
	longest[SUGGEST_MAX + 1] = '\0';
	assert_int_equal(suggest_distance(longest, longest), SUGGEST_MAX);
	longest[SUGGEST_MAX] = '\0';
	assert_int_equal(suggest_distance(longest, longest), 0);
	assert_int_equal(suggest_distance(longest, ""), SUGGEST_MAX);
}

static void ranks_slips_only(void **state)
{
	UNUSED(state);
	assert_int_equal(suggest_rank("watch", "watch"), 0);
	assert_int_equal(suggest_rank("Watch", "watch"), 1);
	assert_int_equal(suggest_rank("wacth", "watch"), 1);
	assert_int_equal(suggest_rank("warning", "warn"), 3);
	assert_int_equal(suggest_rank("timeout", "request_timeout"), 8);
	assert_int_equal(suggest_rank("x", "y"), 0);
	assert_int_equal(suggest_rank("tt", "ttl"), 1);
	assert_int_equal(suggest_rank("colour", "service"), 0);
	assert_int_equal(suggest_rank("", "watch"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_distance),
		cmocka_unit_test(compares_no_long_words),
		cmocka_unit_test(ranks_slips_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
