/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/grpc_status.h"
#include "agent/util.h"

static void feed(struct grpc_status *s, const char *name, const char *value)
{
	grpc_status_header(s, name, strlen(name), value, strlen(value));
}

static struct grpc_status answered(const char *http, const char *type, const char *code)
{
	struct grpc_status s = { 0 };

	feed(&s, ":status", http);
	feed(&s, "content-type", type);
	feed(&s, "grpc-status", code);
	return s;
}

static void is_complete_with_all_three(void **state)
{
	struct grpc_status s = answered("200", "application/grpc", "0");
	UNUSED(state);
	assert_true(grpc_status_complete(&s));
	assert_int_equal(s.code, GRPC_OK);
	s = answered("200", "application/grpc+proto", "14");
	assert_true(grpc_status_complete(&s));
	assert_int_equal(s.code, GRPC_UNAVAILABLE);
}

static void no_grpc_status_is_no_success(void **state)
{
	struct grpc_status s = { 0 };
	UNUSED(state);
	assert_false(grpc_status_complete(&s));
	feed(&s, ":status", "200");
	feed(&s, "content-type", "application/grpc");
	assert_false(grpc_status_complete(&s));
	feed(&s, "grpc-message", "well");
	assert_false(grpc_status_complete(&s));
}

static void two_statuses_that_differ_are_none(void **state)
{
	struct grpc_status s = answered("200", "application/grpc", "0");
	UNUSED(state);
	feed(&s, "grpc-status", "0");
	assert_true(grpc_status_complete(&s));
	feed(&s, "grpc-status", "13");
	assert_false(grpc_status_complete(&s));
	feed(&s, "grpc-status", "13");
	assert_false(grpc_status_complete(&s));
	s = answered("200", "application/grpc", "13");
	feed(&s, "grpc-status", "well");
	feed(&s, "grpc-status", "0");
	assert_false(grpc_status_complete(&s));
}

static void other_http_answers_are_not_complete(void **state)
{
	static const char *const codes[] = { "404", "503", "20", "2000", "abc", "" };
	struct grpc_status s = answered("200", "text/html", "0");
	UNUSED(state);
	assert_false(grpc_status_complete(&s));
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		s = answered(codes[i], "application/grpc", "0");
		assert_false(grpc_status_complete(&s));
	}
}

static void a_status_that_is_no_number_is_not_seen(void **state)
{
	static const char *const codes[] = { "", "-1", "OK", "0x0", "1.0", " 0", "0 ", "1000" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct grpc_status s = answered("200", "application/grpc", codes[i]);
		assert_false(grpc_status_complete(&s));
	}
}

static void decodes_a_message(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "a%20b%3aC", "a b:C" },
		{ "gr%C3%BC%C3%9Fe", "gr\xc3\xbc\xc3\x9f"
				     "e" },
		{ "100%", "100%" },
		{ "50%zz", "50%zz" },
		{ "%4", "%4" },
		{ "a%0Ab\tc%00d", "a b c d" },
		{ "%41", "A" },
		{ "", "" },
		{ "a%C2%9B31mb%9Bc", "a??31mb?c" }, /* C1: a terminal's CSI, as UTF-8 and bare */
		{ "%C3%28 %ED%A0%80", "?( ???" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct grpc_status s = { 0 };
		feed(&s, "grpc-message", cases[i].in);
		assert_string_equal(s.message, cases[i].out);
	}
}

static void cuts_a_long_message(void **state)
{
	char text[GRPC_MESSAGE_MAX * 2];
	struct grpc_status s = { 0 };
	UNUSED(state);
	memset(text, 'x', sizeof text);
	grpc_status_header(&s, "grpc-message", 12, text, sizeof text);
	assert_int_equal(strlen(s.message), GRPC_MESSAGE_MAX);
	memcpy(text + GRPC_MESSAGE_MAX - 1, "\xc3\xbc", 2); /* it ends within a character */
	grpc_status_header(&s, "grpc-message", 12, text, sizeof text);
	assert_int_equal(strlen(s.message), GRPC_MESSAGE_MAX);
	assert_int_equal(s.message[GRPC_MESSAGE_MAX - 1], '?');
}

static void sees_compression(void **state)
{
	struct grpc_status s = { 0 };
	UNUSED(state);
	feed(&s, "grpc-encoding", "identity");
	assert_false(s.compressed);
	feed(&s, "grpc-encoding", "gzip");
	assert_true(s.compressed);
}

static void passes_over_other_headers(void **state)
{
	struct grpc_status s = { 0 }, none = { 0 };
	UNUSED(state);
	feed(&s, "grpc-status-details-bin", "0");
	feed(&s, "Grpc-Status", "0");
	feed(&s, "grpc-statu", "0");
	feed(&s, "", "");
	assert_memory_equal(&s, &none, sizeof s);
}

static void names_codes(void **state)
{
	UNUSED(state);
	assert_string_equal(grpc_code_name(0), "OK");
	assert_string_equal(grpc_code_name(16), "UNAUTHENTICATED");
	assert_string_equal(grpc_code_name(17), "UNKNOWN");
	assert_string_equal(grpc_code_name(-1), "UNKNOWN");
	assert_string_equal(grpc_code_name(99), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_complete_with_all_three),
		cmocka_unit_test(no_grpc_status_is_no_success),
		cmocka_unit_test(two_statuses_that_differ_are_none),
		cmocka_unit_test(other_http_answers_are_not_complete),
		cmocka_unit_test(a_status_that_is_no_number_is_not_seen),
		cmocka_unit_test(decodes_a_message),
		cmocka_unit_test(cuts_a_long_message),
		cmocka_unit_test(sees_compression),
		cmocka_unit_test(passes_over_other_headers),
		cmocka_unit_test(names_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
