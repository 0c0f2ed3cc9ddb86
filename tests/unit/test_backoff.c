/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/backoff.h"
#include "agent/util.h"

static void stays_between_base_and_cap(void **state)
{
	struct random r;
	struct backoff b = { 0 };
	double longest = 0.0;
	UNUSED(state);
	random_seed(&r, 1);
	for (unsigned i = 0; i < 1000; i++) {
		double pause = backoff_next(&b, &r, 0.1, 5.0);
		assert_true(pause >= 0.1 && pause <= 5.0);
		longest = pause > longest ? pause : longest;
	}
	assert_true(longest > 4.0);
}

static void grows_at_most_threefold(void **state)
{
	struct random r;
	UNUSED(state);
	random_seed(&r, 2);
	for (unsigned i = 0; i < 100; i++) {
		struct backoff b = { 0 };
		double before = 0.1;
		for (unsigned j = 0; j < 10; j++) {
			double pause = backoff_next(&b, &r, 0.1, 1000.0);
			assert_true(pause <= 3.0 * before + 1e-9);
			before = pause;
		}
	}
}

static void gives_the_cap_when_it_is_below_the_base(void **state)
{
	struct random r;
	struct backoff b = { 0 };
	UNUSED(state);
	random_seed(&r, 3);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(backoff_next(&b, &r, 0.5, 0.25) == 0.25);
		assert_true(backoff_next(&b, &r, 0.5, 0.5) == 0.5);
	}
}

static void begins_again_after_a_success(void **state)
{
	struct random r;
	struct backoff b = { 0 };
	UNUSED(state);
	random_seed(&r, 4);
	for (unsigned i = 0; i < 50; i++) {
		for (unsigned j = 0; j < 20; j++) {
			(void)backoff_next(&b, &r, 0.1, 60.0);
		}
		backoff_reset(&b);
		assert_true(backoff_next(&b, &r, 0.1, 60.0) <= 0.3);
	}
}

static void spreads_those_that_fail_together(void **state)
{
	struct random r;
	unsigned early = 0;
	UNUSED(state);
	random_seed(&r, 5);
	for (unsigned i = 0; i < 1000; i++) {
		struct backoff b = { 0 };
		early += backoff_next(&b, &r, 0.1, 5.0) < 0.2 ? 1 : 0;
	}
	assert_in_range(early, 400, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_between_base_and_cap),
		cmocka_unit_test(grows_at_most_threefold),
		cmocka_unit_test(gives_the_cap_when_it_is_below_the_base),
		cmocka_unit_test(begins_again_after_a_success),
		cmocka_unit_test(spreads_those_that_fail_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
