/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/util.h"
#include "probes/health_message.h"

static void asks_for_a_service(void **state)
{
	size_t len = 0;
	uint8_t *body = health_request("abc", &len);
	UNUSED(state);
	assert_non_null(body);
	assert_int_equal(len, 10);
	assert_memory_equal(body,
			"\0\0\0\0\x05\x0a\x03"
			"abc",
			10);
	free(body);
}

static void asks_for_the_whole_server(void **state)
{
	size_t len = 0;
	uint8_t *body = health_request("", &len);
	UNUSED(state);
	assert_non_null(body);
	assert_int_equal(len, 5);
	assert_memory_equal(body, "\0\0\0\0\0", 5);
	free(body);
}

static void reads_every_answer(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum reason reason;
	} cases[] = {
		{ "\x08\x01", 2, REASON_SERVING },
		{ "\x08\x02", 2, REASON_NOT_SERVING },
		{ "\x08\x03", 2, REASON_SERVICE_UNKNOWN },
		{ "\x08\x00", 2, REASON_STATUS_UNKNOWN },
		{ "", 0, REASON_STATUS_UNKNOWN },
		{ "\x08\x09", 2, REASON_STATUS_UNKNOWN },
		{ "\x08\x01\x12\x01x", 5, REASON_SERVING },
		{ "\x08", 1, REASON_BAD_FRAME },
		{ "\xff\xff", 2, REASON_BAD_FRAME },
		{ "<html>", 6, REASON_BAD_FRAME },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(health_response((const uint8_t *)cases[i].bytes, cases[i].len),
				cases[i].reason);
	}
}

static void a_list_is_told(void **state)
{
	static const char two[] = "\x0a\x06\x0a\x00\x12\x02\x08\x01"
				  "\x0a\x07\x0a\x01o\x12\x02\x08\x02";
	char out[64];
	UNUSED(state);
	assert_int_equal(health_list((const uint8_t *)two, sizeof two - 1, out, sizeof out), 2);
	assert_string_equal(out, "\"\" SERVING, \"o\" NOT_SERVING");
	assert_int_equal(health_list((const uint8_t *)two, sizeof two - 1, out, 6), 2);
	assert_string_equal(out, "\"\" SE");
	assert_int_equal(health_list((const uint8_t *)two, 0, out, sizeof out), 0);
	assert_int_equal(health_list((const uint8_t *)"\x0a", 1, out, sizeof out), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_a_service),
		cmocka_unit_test(asks_for_the_whole_server),
		cmocka_unit_test(reads_every_answer),
		cmocka_unit_test(a_list_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
