/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wiping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"
#include "tests/unit/watched_free.h"

#define SECRET "a secret that is long enough to be no accident"

static int set_up(void **state)
{
	UNUSED(state);
	watched = SECRET;
	frees = left_behind = 0;
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	watched = NULL;
	return 0;
}

static char *secret_in(size_t size)
{
	char *block = malloc(size);

	assert_non_null(block);
	memcpy(block, SECRET, sizeof SECRET);
	return block;
}

static void what_is_freed_is_wiped(void **state)
{
	UNUSED(state);
	wiping_free(secret_in(sizeof SECRET));
	wiping_free(secret_in(100000));
	wiping_free(NULL);
	assert_int_equal(frees, 2);
	assert_int_equal(left_behind, 0);
}

/* So that the test above can fail. */
static void what_is_freed_otherwise_is_seen(void **state)
{
	UNUSED(state);
	free(secret_in(sizeof SECRET));
	assert_int_equal(left_behind, 1);
}

static void what_grows_leaves_nothing(void **state)
{
	UNUSED(state);
	char *block = secret_in(sizeof SECRET);
	for (size_t size = sizeof SECRET; size < 100000; size *= 2) {
		block = wiping_realloc(block, size);
		assert_non_null(block);
		assert_string_equal(block, SECRET);
	}
	assert_true(frees > 3);
	wiping_free(block);
	assert_int_equal(left_behind, 0);
}

static void what_shrinks_stays(void **state)
{
	UNUSED(state);
	char *block = secret_in(1000);
	assert_ptr_equal(wiping_realloc(block, sizeof SECRET), block);
	assert_string_equal(block, SECRET);
	assert_null(wiping_realloc(block, 0)); /* which frees it */
	assert_int_equal(left_behind, 0);
}

static void nothing_grows_to_something(void **state)
{
	UNUSED(state);
	char *block = wiping_realloc(NULL, 10);
	assert_non_null(block);
	wiping_free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_freed_is_wiped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_freed_otherwise_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_grows_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_shrinks_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_grows_to_something, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
