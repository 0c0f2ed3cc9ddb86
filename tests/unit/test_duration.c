/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/duration.h"
#include "agent/util.h"

#define NOTHING 12345u

static void reads_every_unit(void **state)
{
	static const struct {
		const char *text;
		uint32_t ms;
	} rows[] = {
		{ "1ms", 1 },
		{ "999ms", 999 },
		{ "500ms", 500 },
		{ "0s", 0 },
		{ "10s", 10000 },
		{ "5m", 300000 },
		{ "24h", 86400000 },
		{ "1.5s", 1500 },
		{ "0.25h", 900000 },
		{ "1.0ms", 1 },
		{ "0.0010000000000s", 1 },
		{ "007s", 7000 },
		{ "4294967295ms", UINT32_MAX },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		uint32_t ms = NOTHING;
		assert_int_equal(duration_parse(rows[i].text, &ms, &err), 0);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void refuses_with_a_sentence(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *sentence;
	} rows[] = {
		{ "10", ERR_SYNTAX, "10 has no unit, try 10s" },
		{ "5000", ERR_SYNTAX, "5000 has no unit, try 5000ms" },
		{ "1.5", ERR_SYNTAX, "1.5 has no unit, try 1.5s" },
		{ "1.5ms", ERR_SYNTAX, "1.5ms does not come to whole milliseconds" },
		{ "0.0001s", ERR_SYNTAX, "0.0001s does not come to whole milliseconds" },
		{ "0.00000000001h", ERR_SYNTAX,
				"0.00000000001h does not come to whole milliseconds" },
		{ "4294967296ms", ERR_RANGE, "4294967296ms is too long" },
		{ "1194h", ERR_RANGE, "1194h is too long" },
		{ "18446744073709551617ms", ERR_RANGE, "18446744073709551617ms is too long" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		uint32_t ms = NOTHING;
		assert_int_equal(duration_parse(rows[i].text, &ms, &err), -1);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.text, rows[i].sentence);
		assert_int_equal(ms, NOTHING);
	}
}

static void refuses_what_is_no_duration(void **state)
{
	static const char *const texts[] = { "", "s", "ms", "-1s", "+1s", " 1s", "1 s", "1s ", "1S",
		"1sec", "1d", "1m30s", "1.s", ".5s", "1,5s", "0x10s", "1e3s", "inf" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err err;
		uint32_t ms = NOTHING;
		char expected[120];
		snprintf(expected, sizeof(expected),
				"'%s' is not a duration (a number and a unit: 500ms, 10s, 5m, 24h)",
				texts[i]);
		assert_int_equal(duration_parse(texts[i], &ms, &err), -1);
		assert_string_equal(err.text, expected);
		assert_int_equal(ms, NOTHING);
	}
}

static void writes_the_largest_exact_unit(void **state)
{
	static const struct {
		uint32_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 1500, "1500ms" },
		{ 2000, "2s" },
		{ 60000, "1m" },
		{ 90000, "90s" },
		{ 86400000, "24h" },
		{ UINT32_MAX, "4294967295ms" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[DURATION_TEXT_MAX];
		struct err err;
		uint32_t back = NOTHING;
		duration_format(text, sizeof(text), rows[i].ms);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(duration_parse(text, &back, &err), 0);
		assert_int_equal(back, rows[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_unit),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(refuses_what_is_no_duration),
		cmocka_unit_test(writes_the_largest_exact_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
