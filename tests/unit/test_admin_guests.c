/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/admin/admin_guests.h"
#include "agent/util.h"

static struct guests guests;

static int set_up(void **state)
{
	UNUSED(state);
	guests_init(&guests);
	guests.patience = 10.0;
	guests.patience_crowded = 1.0;
	return 0;
}

static void come(int fd, double now)
{
	struct guest *g = guests_find(&guests, -1);

	assert_non_null(g);
	*g = (struct guest){ .fd = fd, .since = now };
}

static void has_so_many_places(void **state)
{
	UNUSED(state);
	assert_null(guests_find(&guests, 7));
	for (int i = 0; i < ADMIN_CONNECTIONS; i++) {
		come(i, 0.0); /* 0 is a descriptor like any other */
	}
	assert_null(guests_find(&guests, -1));
	guests_find(&guests, 7)->fd = -1;
	assert_null(guests_find(&guests, 7));
	assert_non_null(guests_find(&guests, -1));
}

static void waits_for_the_first_whose_time_is_over(void **state)
{
	UNUSED(state);
	assert_true(guests_left(&guests, 100.0) < 0.0);
	assert_null(guests_overdue(&guests, 100.0));
	come(5, 100.0);
	come(6, 103.0);
	assert_float_equal(guests_left(&guests, 104.0), 6.0, 1e-9);
	assert_null(guests_overdue(&guests, 109.9));
	assert_int_equal(guests_overdue(&guests, 110.0)->fd, 5);
	assert_null(guests_overdue(&guests, 110.0)); /* it has been told */
	assert_float_equal(guests_left(&guests, 110.0), 3.0, 1e-9);
	assert_float_equal(guests_left(&guests, 1000.0), 0.0, 1e-9);
}

static void is_told_again_when_it_has_not_gone(void **state)
{
	UNUSED(state);
	come(5, 100.0);
	assert_int_equal(guests_overdue(&guests, 110.0)->fd, 5);
	assert_null(guests_overdue(&guests, 119.0));
	assert_int_equal(guests_overdue(&guests, 120.0)->fd, 5);
}

static void has_less_time_while_others_wait(void **state)
{
	UNUSED(state);
	come(5, 100.0);
	come(6, 100.5);
	guests.crowded = true;
	assert_float_equal(guests_left(&guests, 100.0), 0.1, 1e-9); /* nothing was asked yet */
	guests_find(&guests, 5)->answered = true;
	assert_float_equal(guests_left(&guests, 100.0), 0.6, 1e-9); /* of the other one */
	guests_find(&guests, 6)->answered = true;
	assert_float_equal(guests_left(&guests, 100.0), 1.0, 1e-9);
	assert_int_equal(guests_overdue(&guests, 101.0)->fd, 5);
	assert_null(guests_overdue(&guests, 101.0));
	guests.crowded = false;
	assert_float_equal(guests_left(&guests, 101.0), 9.5, 1e-9);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(has_so_many_places),
		TEST(waits_for_the_first_whose_time_is_over),
		TEST(is_told_again_when_it_has_not_gone),
		TEST(has_less_time_while_others_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
