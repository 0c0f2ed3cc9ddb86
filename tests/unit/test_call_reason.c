/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/util.h"
#include "probes/call_reason.h"

static void a_status_is_worth_what_its_code_says(void **state)
{
	static const struct {
		int code;
		enum reason reason;
	} cases[] = {
		{ GRPC_OK, REASON_GRPC_ERROR }, /* ... but no message that can be read */
		{ GRPC_CANCELLED, REASON_GRPC_ERROR },
		{ GRPC_DEADLINE_EXCEEDED, REASON_DEADLINE },
		{ GRPC_NOT_FOUND, REASON_SERVICE_UNKNOWN },
		{ GRPC_UNIMPLEMENTED, REASON_UNIMPLEMENTED },
		{ GRPC_UNAVAILABLE, REASON_GRPC_ERROR },
		{ N_GRPC_CODES, REASON_GRPC_ERROR },
		{ -1, REASON_GRPC_ERROR },
		{ INT32_MAX, REASON_GRPC_ERROR },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct grpc_status status = { .code = cases[i].code };
		assert_int_equal(call_reason(H2_END_STATUS, &status), cases[i].reason);
	}
}

static void an_end_without_a_status_does_not_look_at_it(void **state)
{
	const struct grpc_status status = { .code = GRPC_UNIMPLEMENTED };
	UNUSED(state);
	assert_int_equal(call_reason(H2_END_NO_STATUS, &status), REASON_BAD_FRAME);
	assert_int_equal(call_reason(H2_END_BAD_FRAME, &status), REASON_BAD_FRAME);
	assert_int_equal(call_reason(H2_END_RESET, &status), REASON_RESET);
	assert_int_equal(call_reason(H2_END_NOT_GRPC, &status), REASON_NOT_GRPC);
}

static void each_end_of_a_connection_has_a_reason(void **state)
{
	static const enum reason reasons[] = {
		[H2_GOAWAY] = REASON_RESET,
		[H2_CLOSED] = REASON_RESET,
		[H2_RESET] = REASON_RESET,
		[H2_REFUSED] = REASON_REFUSED,
		[H2_UNREACHABLE] = REASON_UNREACHABLE,
		[H2_NOT_HTTP2] = REASON_NOT_GRPC,
		[H2_TLS_FAILED] = REASON_TLS_ERROR,
		[H2_TLS_DROPPED] = REASON_TLS_ERROR,
		[H2_TLS_FILES] = REASON_TLS_FILES,
		[H2_NO_RESOURCES] = REASON_NO_RESOURCES,
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		assert_int_equal(conn_reason((enum h2_event)i), reasons[i]);
	}
}

static void the_sentence_has_the_status_and_the_servers_words(void **state)
{
	char text[100], cut[12];
	UNUSED(state);
	call_sentence(text, sizeof text,
			&(struct grpc_status){ .code = GRPC_INTERNAL, .message = "no luck" });
	assert_string_equal(text, "the health check answered INTERNAL: no luck");
	call_sentence(text, sizeof text, &(struct grpc_status){ .code = 99 });
	assert_string_equal(text, "the health check answered UNKNOWN");
	call_sentence(cut, sizeof cut, &(struct grpc_status){ .code = GRPC_INTERNAL });
	assert_string_equal(cut, "the health ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_is_worth_what_its_code_says),
		cmocka_unit_test(an_end_without_a_status_does_not_look_at_it),
		cmocka_unit_test(each_end_of_a_connection_has_a_reason),
		cmocka_unit_test(the_sentence_has_the_status_and_the_servers_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
