/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/net/endpoint_ring.h"
#include "agent/util.h"

#define N 5

static void goes_through_all_of_them(void **state)
{
	UNUSED(state);
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct endpoint_ring ring;
		struct random r;
		unsigned seen = 0;
		random_seed(&r, seed << 16);
		assert_int_equal(endpoint_ring_init(&ring, N, &r), 0);
		unsigned first = endpoint_ring_current(&ring);
		for (unsigned i = 0; i < N; i++) {
			seen |= 1u << endpoint_ring_current(&ring);
			endpoint_ring_leave(&ring, endpoint_ring_current(&ring));
		}
		assert_int_equal(seen, (1u << N) - 1);
		assert_int_equal(endpoint_ring_current(&ring), first);
		endpoint_ring_finish(&ring);
	}
}

static void many_agents_spread(void **state)
{
	unsigned first[N] = { 0 };
	struct random r;
	UNUSED(state);
	random_seed(&r, 9);
	for (unsigned i = 0; i < 1000; i++) {
		struct endpoint_ring ring;
		assert_int_equal(endpoint_ring_init(&ring, N, &r), 0);
		first[endpoint_ring_current(&ring)]++;
		endpoint_ring_finish(&ring);
	}
	for (unsigned i = 0; i < N; i++) {
		assert_in_range(first[i], 120, 280);
	}
}

static void is_sticky_and_left_once(void **state)
{
	struct endpoint_ring ring;
	struct random r;
	UNUSED(state);
	random_seed(&r, 1);
	assert_int_equal(endpoint_ring_init(&ring, N, &r), 0);
	unsigned first = endpoint_ring_current(&ring);
	assert_int_equal(endpoint_ring_current(&ring), first);
	endpoint_ring_leave(&ring, first);
	unsigned second = endpoint_ring_current(&ring);
	assert_int_not_equal(second, first);
	for (unsigned i = 0; i < 7; i++) {
		endpoint_ring_leave(&ring, first); /* those that failed with the first */
	}
	assert_int_equal(endpoint_ring_current(&ring), second);
	endpoint_ring_finish(&ring);
}

static void one_is_left_for_itself(void **state)
{
	struct endpoint_ring ring, zeroed = { 0 };
	struct random r;
	UNUSED(state);
	random_seed(&r, 1);
	assert_int_equal(endpoint_ring_init(&ring, 1, &r), 0);
	endpoint_ring_leave(&ring, 0);
	assert_int_equal(endpoint_ring_current(&ring), 0);
	endpoint_ring_finish(&ring);
	endpoint_ring_finish(&zeroed);
}

/* Those that failed at once are worth one try each; then a pause is due. */
static void each_is_tried_once_in_a_row(void **state)
{
	struct endpoint_ring ring;
	struct random r;
	UNUSED(state);
	random_seed(&r, 1);
	assert_int_equal(endpoint_ring_init(&ring, N, &r), 0);
	for (unsigned round = 0; round < 3; round++) {
		assert_true(endpoint_ring_untried(&ring));
		for (unsigned i = 1; i < N; i++) {
			endpoint_ring_leave(&ring, endpoint_ring_current(&ring));
			assert_true(endpoint_ring_untried(&ring));
		}
		for (unsigned i = 0; i < 2 * N; i++) {
			endpoint_ring_leave(&ring, endpoint_ring_current(&ring));
			assert_false(endpoint_ring_untried(&ring));
		}
		endpoint_ring_answered(&ring);
	}
	endpoint_ring_finish(&ring);
}

static void beside_one_are_all_the_others_in_turn(void **state)
{
	struct endpoint_ring ring;
	struct random r;
	UNUSED(state);
	random_seed(&r, 1);
	assert_int_equal(endpoint_ring_init(&ring, N, &r), 0);
	for (unsigned one = 0; one < N; one++) {
		bool seen[N] = { false };
		unsigned at = endpoint_ring_beside(&ring, one);
		for (unsigned i = 1; i < N; i++) {
			assert_false(seen[at]);
			seen[at] = true;
			at = endpoint_ring_after(&ring, at, one);
		}
		assert_false(seen[one]);
	}
	endpoint_ring_finish(&ring);
	assert_int_equal(endpoint_ring_init(&ring, 1, &r), 0);
	assert_int_equal(endpoint_ring_beside(&ring, 0), 0);
	assert_int_equal(endpoint_ring_after(&ring, 0, 0), 0);
	endpoint_ring_finish(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_through_all_of_them),
		cmocka_unit_test(many_agents_spread),
		cmocka_unit_test(is_sticky_and_left_once),
		cmocka_unit_test(one_is_left_for_itself),
		cmocka_unit_test(each_is_tried_once_in_a_row),
		cmocka_unit_test(beside_one_are_all_the_others_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
