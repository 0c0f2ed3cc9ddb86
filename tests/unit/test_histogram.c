/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/histogram.h"
#include "agent/util.h"

static void the_bounds_ascend_from_half_a_millisecond_to_ten_seconds(void **state)
{
	UNUSED(state);
	assert_true(histogram_bounds[0] == 0.0005);
	assert_true(histogram_bounds[HISTOGRAM_BOUNDS - 1] == 10.0);
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
	}
}

static void each_bound_takes_what_is_just_as_long(void **state)
{
	struct histogram h = { 0 };

	UNUSED(state);
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		histogram_note(&h, histogram_bounds[i]);
		assert_int_equal(h.n[i], 1);
		histogram_note(&h, histogram_bounds[i] * 1.001);
		assert_int_equal(h.n[i + 1], 1);
		h.n[i + 1] = 0;
	}
}

static void what_is_longer_than_all_bounds_is_counted_last(void **state)
{
	struct histogram h = { 0 };

	UNUSED(state);
	histogram_note(&h, 3600.0);
	assert_int_equal(h.n[HISTOGRAM_BOUNDS], 1);
	assert_true(h.sum == 3600.0);
}

static void the_sum_is_of_all_and_never_falls(void **state)
{
	struct histogram h = { 0 };

	UNUSED(state);
	histogram_note(&h, 0.25);
	histogram_note(&h, 0.5);
	histogram_note(&h, -7.0);
	assert_true(h.sum == 0.75);
	assert_int_equal(h.n[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bounds_ascend_from_half_a_millisecond_to_ten_seconds),
		cmocka_unit_test(each_bound_takes_what_is_just_as_long),
		cmocka_unit_test(what_is_longer_than_all_bounds_is_counted_last),
		cmocka_unit_test(the_sum_is_of_all_and_never_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
