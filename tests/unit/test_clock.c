/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "agent/clock.h"
#include "agent/util.h"

static double fixed(void)
{
	return 12.5;
}

static double boot_time(void)
{
	struct timespec ts;
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void is_the_time_since_boot(void **state)
{
	double before = boot_time(), now = clock_now(), after = boot_time();
	UNUSED(state);
	assert_true(before <= now && now <= after);
}

static void can_be_replaced_and_brought_back(void **state)
{
	double before = clock_now();
	UNUSED(state);
	clock_replace(fixed);
	assert_true(clock_now() == 12.5);
	clock_replace(NULL);
	assert_true(clock_now() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_time_since_boot),
		cmocka_unit_test(can_be_replaced_and_brought_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
