/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "probes/reason.h"

static void every_reason_has_a_token_and_a_sentence(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < N_REASONS; i++) {
		const char *token = reason_token((enum reason)i);
		const char *sentence = reason_sentence((enum reason)i);
		assert_true(strlen(token) > 0 && strlen(sentence) > 10);
		assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"),
				strlen(token));
		assert_int_not_equal(sentence[strlen(sentence) - 1], '.');
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(token, reason_token((enum reason)j));
		}
	}
}

static void evidence_is_hard_soft_or_none(void **state)
{
	static const struct {
		enum reason reason;
		enum verdict verdict;
		const char *token;
	} rows[] = {
		{ REASON_SERVING, VERDICT_PASS, "SERVING" },
		{ REASON_NOT_SERVING, VERDICT_HARD_FAIL, "NOT_SERVING" },
		{ REASON_SERVICE_UNKNOWN, VERDICT_HARD_FAIL, "SERVICE_UNKNOWN" },
		{ REASON_REFUSED, VERDICT_HARD_FAIL, "REFUSED" },
		{ REASON_NO_WATCH, VERDICT_HARD_FAIL, "NO_WATCH" },
		{ REASON_STATUS_UNKNOWN, VERDICT_SOFT_FAIL, "STATUS_UNKNOWN" },
		{ REASON_UNREACHABLE, VERDICT_SOFT_FAIL, "UNREACHABLE" },
		{ REASON_DEADLINE, VERDICT_SOFT_FAIL, "DEADLINE" },
		{ REASON_RESET, VERDICT_SOFT_FAIL, "RESET" },
		{ REASON_BAD_FRAME, VERDICT_SOFT_FAIL, "BAD_FRAME" },
		{ REASON_NOT_GRPC, VERDICT_SOFT_FAIL, "NOT_GRPC" },
		{ REASON_TLS_ERROR, VERDICT_SOFT_FAIL, "TLS_ERROR" },
		{ REASON_GRPC_ERROR, VERDICT_SOFT_FAIL, "GRPC_ERROR" },
		{ REASON_UNIMPLEMENTED, VERDICT_PASS, "UNIMPLEMENTED" },
		{ REASON_CONNECTED, VERDICT_PASS, "CONNECTED" },
		{ REASON_HTTP_OK, VERDICT_PASS, "HTTP_OK" },
		{ REASON_HTTP_STATUS, VERDICT_SOFT_FAIL, "HTTP_STATUS" },
		{ REASON_NOT_HTTP, VERDICT_SOFT_FAIL, "NOT_HTTP" },
		{ REASON_EXEC_OK, VERDICT_PASS, "EXEC_OK" },
		{ REASON_EXEC_FAILED, VERDICT_SOFT_FAIL, "EXEC_FAILED" },
		{ REASON_EXEC_MISSING, VERDICT_INCONCLUSIVE, "EXEC_MISSING" },
		{ REASON_NO_RESOURCES, VERDICT_INCONCLUSIVE, "NO_RESOURCES" },
		{ REASON_TLS_FILES, VERDICT_INCONCLUSIVE, "TLS_FILES" },
	};
	UNUSED(state);
	assert_int_equal(ARRAY_LEN(rows), N_REASONS);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(reason_verdict(rows[i].reason), rows[i].verdict);
		assert_string_equal(reason_token(rows[i].reason), rows[i].token);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_token_and_a_sentence),
		cmocka_unit_test(evidence_is_hard_soft_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
