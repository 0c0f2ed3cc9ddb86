/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/utf8.h"
#include "agent/util.h"

static void decodes_one_character(void **state)
{
	static const struct {
		const char *text;
		uint32_t code;
	} cases[] = {
		{ "A", 'A' },
		{ "\xc2\x80", 0x80 },
		{ "\xdf\xbf", 0x7ff },
		{ "\xe0\xa0\x80", 0x800 },
		{ "\xef\xbf\xbf", 0xffff },
		{ "\xf0\x90\x80\x80", 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t code = 0;
		size_t len = strlen(cases[i].text);
		assert_int_equal(utf8_decode(cases[i].text, len, &code), len);
		assert_int_equal(code, cases[i].code);
		assert_int_equal(len > 1 ? utf8_decode(cases[i].text, len - 1, &code) : 0, 0);
	}
}

static void takes_no_other_form(void **state)
{
	static const char *const bad[] = {
		"\x80",             /* goes on with nothing */
		"\xc0\xaf",         /* a / in two bytes */
		"\xc1\xbf",         /* ... */
		"\xe0\x80\xaf",     /* ... in three */
		"\xf0\x80\x80\xaf", /* ... in four */
		"\xc0\x80",         /* a NUL that is none */
		"\xed\xa0\x80",     /* half a pair of UTF-16 */
		"\xed\xbf\xbf",     /* the other half */
		"\xf4\x90\x80\x80", /* above the last */
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xe2\x82 ",
		"\xc3(",
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint32_t code;
		assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &code), 0);
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
		assert_true(utf8_has_control(bad[i]));
	}
}

static void knows_what_steers(void **state)
{
	static const uint32_t steer[] = { 0, 0x1b, '\n', 0x7f, 0x80, 0x85, 0x9b, 0x9f, 0x61c,
		0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069 };
	static const uint32_t mean[] = { ' ', '~', 0xa0, 0xe9, 0x61b, 0x200d, 0x2010, 0x2027,
		0x202f, 0x2065, 0x206a, 0x1f600 };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(steer); i++) {
		assert_true(utf8_steers(steer[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(mean); i++) {
		assert_false(utf8_steers(mean[i]));
	}
}

static void makes_texts_harmless(void **state)
{
	static const char *const cases[][2] = {
		{ "caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80" },
		{ "\x1b[2J\r\n\t", "?[2J???" },
		{ "\xc2\x9b"
		  "2J",
				"??2J" },
		{ "a\xe2\x80\xae"
		  "b\xe2\x80\xa9",
				"a???b???" },
		{ "\xff\xc0\xaf\xe2\x82", "?????" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%s", cases[i][0]);
		utf8_make_harmless(text);
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_one_character),
		cmocka_unit_test(takes_no_other_form),
		cmocka_unit_test(knows_what_steers),
		cmocka_unit_test(makes_texts_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
