/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/pace.h"
#include "agent/util.h"

#define NOW 1000.0

static void say_times(struct pace *p, int n, double now)
{
	for (int i = 0; i < n; i++) {
		assert_float_equal(pace_wait(p, now), 0.0, 1e-9);
		pace_spend(p, now);
	}
}

static void twenty_at_once_and_then_one_a_second(void **state)
{
	struct pace p = { 0 };

	UNUSED(state);
	say_times(&p, 20, NOW);
	assert_float_equal(pace_wait(&p, NOW), 1.0, 1e-9);
	assert_float_equal(pace_wait(&p, NOW + 0.25), 0.75, 1e-9);
	say_times(&p, 1, NOW + 1.0);
	assert_float_equal(pace_wait(&p, NOW + 1.0), 1.0, 1e-9);
}

static void silence_gives_all_of_it_back_and_no_more(void **state)
{
	struct pace p = { 0 };

	UNUSED(state);
	say_times(&p, 20, NOW);
	say_times(&p, 3, NOW + 3.0);
	say_times(&p, 20, NOW + 3600.0);
	assert_true(pace_wait(&p, NOW + 3600.0) > 0.0);
}

static void whoever_says_less_never_waits(void **state)
{
	struct pace p = { 0 };

	UNUSED(state);
	for (int i = 0; i < 100; i++) {
		say_times(&p, 1, NOW + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_at_once_and_then_one_a_second),
		cmocka_unit_test(silence_gives_all_of_it_back_and_no_more),
		cmocka_unit_test(whoever_says_less_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
