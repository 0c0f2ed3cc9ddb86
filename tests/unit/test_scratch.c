/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/scratch.h"
#include "agent/util.h"

static void *take(struct scratch *s, size_t size)
{
	void *taken = s->allocator.alloc(s->allocator.allocator_data, size);

	assert_non_null(taken);
	assert_int_equal((uintptr_t)taken % _Alignof(max_align_t), 0);
	memset(taken, 0x5a, size); /* it is ours, as the sanitizer sees */
	return taken;
}

static void give_back(struct scratch *s, void *taken)
{
	s->allocator.free(s->allocator.allocator_data, taken);
}

static bool is_inside(const struct scratch *s, const void *taken)
{
	return (uintptr_t)taken >= (uintptr_t)s && (uintptr_t)taken < (uintptr_t)(s + 1);
}

static void what_is_small_needs_no_heap(void **state)
{
	struct scratch s;
	uint8_t *taken[10];

	UNUSED(state);
	scratch_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		taken[i] = take(&s, 33);
		assert_true(is_inside(&s, taken[i]) && is_inside(&s, taken[i] + 32));
		assert_true(i == 0 || taken[i] >= taken[i - 1] + 33);
	}
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		give_back(&s, taken[i]);
	}
}

static void what_is_more_comes_from_the_heap(void **state)
{
	static const size_t sizes[] = { 1024, 1025, 1, 5000, 1024 };
	struct scratch s;
	void *taken[ARRAY_LEN(sizes)];

	UNUSED(state);
	scratch_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		taken[i] = take(&s, sizes[i]);
		assert_true(is_inside(&s, taken[i]) == (i == 0));
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		give_back(&s, taken[i]);
	}
	give_back(&s, NULL);
}

/* The end of the buffer is not in it: what is given back there would be freed. */
static void nothing_is_taken_from_a_full_buffer(void **state)
{
	struct scratch s;

	UNUSED(state);
	scratch_init(&s);
	void *all = take(&s, sizeof s.room.bytes), *nothing = take(&s, 0);
	give_back(&s, nothing);
	give_back(&s, all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_small_needs_no_heap),
		cmocka_unit_test(what_is_more_comes_from_the_heap),
		cmocka_unit_test(nothing_is_taken_from_a_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
