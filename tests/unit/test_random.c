/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/random.h"
#include "agent/util.h"

static void same_seed_same_numbers(void **state)
{
	struct random a, b, c;
	unsigned differ = 0;
	UNUSED(state);
	random_seed(&a, 42);
	random_seed(&b, 42);
	random_seed(&c, 43);
	for (unsigned i = 0; i < 100; i++) {
		double x = random_between(&a, 0.0, 1.0);
		assert_true(x == random_between(&b, 0.0, 1.0));
		differ += x != random_between(&c, 0.0, 1.0) ? 1 : 0;
	}
	assert_true(differ > 90);
}

static void keeps_its_bounds(void **state)
{
	struct random r;
	unsigned seen[5] = { 0 };
	UNUSED(state);
	random_seed(&r, 1);
	for (unsigned i = 0; i < 5000; i++) {
		double x = random_between(&r, -2.0, 3.0);
		uint32_t n = random_below(&r, 5);
		assert_true(x >= -2.0 && x < 3.0);
		assert_true(n < 5);
		seen[n]++;
	}
	for (unsigned i = 0; i < 5; i++) {
		assert_in_range(seen[i], 800, 1200);
	}
	assert_int_equal(random_below(&r, 1), 0);
}

static void an_empty_range_is_its_low_end(void **state)
{
	struct random r;
	UNUSED(state);
	random_seed(&r, 1);
	assert_true(random_between(&r, 3.0, 3.0) == 3.0);
	assert_true(random_between(&r, 3.0, 1.0) == 3.0);
}

static void the_system_seeds_differently(void **state)
{
	struct random a, b;
	UNUSED(state);
	random_init(&a);
	random_init(&b);
	assert_memory_not_equal(a.state, b.state, sizeof a.state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_numbers),
		cmocka_unit_test(keeps_its_bounds),
		cmocka_unit_test(an_empty_range_is_its_low_end),
		cmocka_unit_test(the_system_seeds_differently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
