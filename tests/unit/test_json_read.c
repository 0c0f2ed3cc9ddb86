/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/json_read.h"
#include "agent/util.h"

static void expect(const char *text, const char *printed)
{
	struct err err = { ERR_NONE, "" };
	cJSON *object = json_read(text, strlen(text), &err);

	if (object == NULL) {
		fail_msg("%s: %s", text, err.text);
	}
	char *again = cJSON_PrintUnformatted(object);
	assert_string_equal(again, printed);
	free(again);
	cJSON_Delete(object);
}

static void loses_nothing(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"a\":1.10,\"b\":123456789012345678901234567890,\"c\":-0.50e+3,\"d\":0}",
		"{\"a\":[1.0,[2.0,{\"b\":[]}],{}],\"c\":{\"d\":{\"e\":9007199254740993}}}",
		"{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}",
		"{\"a\\\"b\":\"x\\\\\",\"c\":\"]},{\\\"\"}",
		"{\"gr\xc3\xbc\xc3\x9f\":\"\xf0\x9f\x8e\x89\"}",
		"{\"a\":\"\\\\u0000\"}",
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		expect(texts[i], texts[i]);
	}
	expect(" {\t\"a\" :\r\n[ 1.0 , \"b c\" ] } \n", "{\"a\":[1.0,\"b c\"]}");
	expect("{\"a\": \"x\\\\\", \"b\": \" /* \", \"c\": 1 }",
			"{\"a\":\"x\\\\\",\"b\":\" /* \",\"c\":1}");
	expect("{\"a\":\"\\u00fc\\ud83c\\udf89\"}", "{\"a\":\"\xc3\xbc\xf0\x9f\x8e\x89\"}");
}

static void refuses_what_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":}",
		"{\"a\":1",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":1}x",
		"{\"a\":1}{}",
		"{\"a\":01}",
		"{\"a\":1.}",
		"{\"a\":.5}",
		"{\"a\":+1}",
		"{\"a\":1e}",
		"{\"a\":-}",
		"{\"a\":\"x\\u161]y\"}",
		"{\"a\":\"x\\uzzzzy\"}",
		"{\"a\":0x10}",
		"{\"a\":NaN}",
		"{\"a\":[01]}",
		"{\"a\":nul}",
		"{\"a\":truex}",
		"{\"a\":\"\n\"}",
		"{\"a\n\":1}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":1 /* one */}",
		"// \n{}",
		"\xef\xbb\xbf{}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":[1 2]}",
		"{,}",
		"{\"a\":[,]}",
		"{\"a\":\"b}",
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err err = { ERR_NONE, "" };
		cJSON *object = json_read(texts[i], strlen(texts[i]), &err);
		if (object != NULL) {
			fail_msg("taken: %s", texts[i]);
		}
		if (strstr(err.text, "not JSON") == NULL) {
			fail_msg("%s: %s", texts[i], err.text);
		}
	}
}

static void expect_refused(const char *text, size_t len, const char *words)
{
	struct err err = { ERR_NONE, "" };

	assert_null(json_read(text, len, &err));
	if (strstr(err.text, words) == NULL) {
		fail_msg("%s", err.text);
	}
}

static void says_what_else_it_is(void **state)
{
	UNUSED(state);
	expect_refused("[]", 2, "the value is a list, not a JSON object");
	expect_refused("\"{}\"", 4, "is text");
	expect_refused("7", 1, "is a number");
	expect_refused("true", 4, "is true or false");
	expect_refused("null", 4, "is null");
}

static void refuses_what_c_cannot_hold(void **state)
{
	UNUSED(state);
	expect_refused("{\"a\":\"\0\"}", 9, "holds a NUL");
	expect_refused("{}\0", 3, "holds a NUL");
	expect_refused("{\"a\":\"x\\u0000y\"}", 16, "holds a NUL");
	expect_refused("{\"x\\u0000y\":1}", 14, "holds a NUL");
	expect_refused("{\"a\":[{\"b\":\"\\u0000\"}]}", 22, "holds a NUL");
	expect_refused("{\"a\":\"\xff\"}", 9, "not valid UTF-8");
	expect_refused("{\"a\":\"\xed\xa0\x80\"}", 11, "not valid UTF-8");
	expect_refused("{\x01\"a\":1}", 8, "a control character");
}

/* `n` times `piece` between `open` and `close`; to be freed. */
static char *repeated(const char *open, const char *piece, size_t n, const char *close)
{
	size_t len = strlen(piece), at = strlen(open);
	char *text = malloc(at + n * len + strlen(close) + 1);

	assert_non_null(text);
	memcpy(text, open, at);
	for (size_t i = 0; i < n; i++, at += len) {
		memcpy(text + at, piece, len);
	}
	memcpy(text + at, close, strlen(close) + 1);
	return text;
}

static void is_bounded(void **state)
{
	char *text = repeated("{\"a\":\"", "x", JSON_READ_MAX - 8, "\"}");

	UNUSED(state);
	assert_int_equal(strlen(text), JSON_READ_MAX);
	expect(text, text);
	free(text);
	text = repeated("{\"a\":\"", "x", JSON_READ_MAX - 7, "\"}");
	expect_refused(text, strlen(text), "65537 bytes, 65536 are possible");
	free(text);
	text = repeated("{", "\"a\":1,", JSON_MEMBERS_MAX - 1, "\"b\":2}");
	expect(text, text);
	free(text);
	text = repeated("{", "\"a\":1,", JSON_MEMBERS_MAX, "\"b\":2}");
	expect_refused(text, strlen(text), "257 members, 256 are possible");
	free(text);
	text = repeated("{\"a\":", "[", 30000, "");
	expect_refused(text, strlen(text), "not JSON");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loses_nothing),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(says_what_else_it_is),
		cmocka_unit_test(refuses_what_c_cannot_hold),
		cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
