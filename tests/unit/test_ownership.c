/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/ownership.h"
#include "agent/util.h"

#define OURS  7
#define OTHER 8

static void judges_every_case(void **state)
{
	static const struct {
		struct etcd_key seen;
		enum claim first, later; /* may take over, may not */
	} cases[] = {
		{ { .present = false }, CLAIM_PUT, CLAIM_PUT },
		{ { true, true, OURS, 5 }, CLAIM_OURS, CLAIM_OURS },
		{ { true, false, OURS, 5 }, CLAIM_REPLACE, CLAIM_REPLACE },
		{ { true, true, OTHER, 5 }, CLAIM_REPLACE, CLAIM_TAKEN },
		{ { true, false, OTHER, 5 }, CLAIM_REPLACE, CLAIM_TAKEN },
		{ { true, true, 0, 5 }, CLAIM_REPLACE, CLAIM_REPLACE },
		{ { true, false, 0, 5 }, CLAIM_REPLACE, CLAIM_REPLACE },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(ownership_judge(&cases[i].seen, OURS, true), cases[i].first);
		assert_int_equal(ownership_judge(&cases[i].seen, OURS, false), cases[i].later);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
