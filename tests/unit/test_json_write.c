/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/json_write.h"
#include "agent/utf8.h"
#include "agent/util.h"

static void escapes_what_steers(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"a\":\"caf\xc3\xa9\"}\n", "{\"a\":\"caf\xc3\xa9\"}\n" },
		{ "\"\x7f\xc2\x9b\"", "\"\\u007f\\u009b\"" },
		{ "\"\xe2\x80\xae|\xe2\x80\xa8\"", "\"\\u202e|\\u2028\"" },
		{ "\"\xff\xe2\x82\"", "\"???\"" },
		{ "[1,\x1b\r2]\n", "[1,  2]\n" },
		{ "", "" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = json_harmless(cases[i][0], strlen(cases[i][0]));
		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

/* Every character below U+3000 comes back as it was, and the line has none that steers. */
static void reads_as_the_same(void **state)
{
	UNUSED(state);
	for (uint32_t code = 1; code < 0x3000; code++) {
		char text[] = "x123";
		if (code < 0x80) {
			text[1] = (char)code;
			text[2] = '\0';
		} else if (code < 0x800) {
			text[1] = (char)(0xc0 | code >> 6);
			text[2] = (char)(0x80 | (code & 0x3f));
			text[3] = '\0';
		} else {
			text[1] = (char)(0xe0 | code >> 12);
			text[2] = (char)(0x80 | (code >> 6 & 0x3f));
			text[3] = (char)(0x80 | (code & 0x3f));
		}
		char *line = json_line(cJSON_CreateString(text));
		size_t len = strlen(line);
		assert_int_equal(line[--len], '\n');
		cJSON *back = cJSON_Parse(line);
		assert_string_equal(cJSON_GetStringValue(back), text);
		cJSON_Delete(back);
		for (size_t at = 0, n; at < len; at += n) {
			uint32_t seen;
			n = utf8_decode(line + at, len - at, &seen);
			assert_true(n > 0 && !utf8_steers(seen));
		}
		free(line);
	}
}

static void mends_what_is_no_text(void **state)
{
	char *line = json_line(cJSON_CreateString("\xff\xc0\xaf"));

	UNUSED(state);
	assert_string_equal(line, "\"???\"\n");
	free(line);
	assert_null(json_line(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_steers),
		cmocka_unit_test(reads_as_the_same),
		cmocka_unit_test(mends_what_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
