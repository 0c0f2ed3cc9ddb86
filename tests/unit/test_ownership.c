/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/ownership.h"
#include "agent/util.h"

#define OURS    7
#define OTHER   8
#define EARLIER 6

static void judges_every_case(void **state)
{
	static const struct {
		struct etcd_key seen;
		enum claim first, later; /* takes over what is as old as 5, nothing */
	} cases[] = {
		{ { .present = false }, CLAIM_PUT, CLAIM_PUT },
		{ { true, true, OURS, 9 }, CLAIM_OURS, CLAIM_OURS },
		{ { true, false, OURS, 9 }, CLAIM_REPLACE, CLAIM_REPLACE },
		{ { true, true, OTHER, 5 }, CLAIM_REPLACE, CLAIM_TAKEN },
		{ { true, false, OTHER, 5 }, CLAIM_REPLACE, CLAIM_TAKEN },
		{ { true, true, OTHER, 6 }, CLAIM_TAKEN, CLAIM_TAKEN },
		{ { true, true, 0, 9 }, CLAIM_REPLACE, CLAIM_REPLACE },
		{ { true, false, 0, 9 }, CLAIM_REPLACE, CLAIM_REPLACE },
		{ { true, true, EARLIER, 9 }, CLAIM_REPLACE, CLAIM_REPLACE },
	};
	static const struct claim_terms first = { OURS, 5, { EARLIER } };
	static const struct claim_terms later = { OURS, TAKE_OVER_NOTHING, { EARLIER } };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(ownership_judge(&cases[i].seen, &first), cases[i].first);
		assert_int_equal(ownership_judge(&cases[i].seen, &later), cases[i].later);
	}
}

/* Reloads in quick succession, none of them answered yet: the key may be on any of their leases. */
static void remembers_leases_that_were_ours(void **state)
{
	const struct etcd_key seen = { true, true, OTHER, 9 };
	struct claim_terms terms = { .lease = OURS };

	UNUSED(state);
	assert_int_equal(ownership_judge(&seen, &terms), CLAIM_TAKEN);
	ownership_add_earlier(terms.earlier, OTHER);
	for (int64_t i = 1; i < CLAIM_EARLIER; i++) {
		ownership_add_earlier(terms.earlier, 100 + i);
		ownership_add_earlier(terms.earlier, 0);
	}
	assert_int_equal(ownership_judge(&seen, &terms), CLAIM_REPLACE);
	ownership_add_earlier(terms.earlier, 200);
	assert_int_equal(ownership_judge(&seen, &terms), CLAIM_TAKEN);
}

/* What is true of keys that are written together, and which of them it is true of. */
static void judges_several_keys_together(void **state)
{
	static const struct etcd_key ours = { true, true, OURS, 9 };
	static const struct etcd_key altered = { true, false, OURS, 9 };
	static const struct etcd_key theirs = { true, true, OTHER, 9 };
	static const struct etcd_key absent = { .present = false };
	static const struct claim_terms terms = { OURS, TAKE_OVER_NOTHING, { EARLIER } };
	const struct {
		struct etcd_key seen[3];
		enum claim together;
		size_t which;
	} cases[] = {
		{ { ours, ours, ours }, CLAIM_OURS, 0 },
		{ { ours, absent, ours }, CLAIM_PUT, 1 },
		{ { absent, absent, absent }, CLAIM_PUT, 0 },
		{ { ours, absent, altered }, CLAIM_REPLACE, 2 },
		{ { altered, ours, absent }, CLAIM_REPLACE, 0 },
		{ { absent, altered, theirs }, CLAIM_TAKEN, 2 },
		{ { ours, theirs, theirs }, CLAIM_TAKEN, 1 },
		{ { theirs, ours, absent }, CLAIM_TAKEN, 0 },
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t which = 9;
		assert_int_equal(ownership_judge_all(cases[i].seen, 3, &terms, &which),
				cases[i].together);
		assert_int_equal(which, cases[i].which);
		assert_int_equal(ownership_judge_all(cases[i].seen, 1, &terms, NULL),
				ownership_judge(&cases[i].seen[0], &terms));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_case),
		cmocka_unit_test(remembers_leases_that_were_ours),
		cmocka_unit_test(judges_several_keys_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
