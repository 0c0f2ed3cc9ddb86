/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/cadence.h"
#include "agent/util.h"

struct row {
	size_t n_away;
	double gone, pause; /* seconds */
};

/* clang-format off */
static const struct row rows[] = {
	{ 1,     0.0,    0.020 },
	{ 1,     0.020,  0.020 },
	{ 1,     0.199,  0.020 },
	{ 1,     0.5,    0.050 },
	{ 1,     1.0,    0.100 },
	{ 1,    10.0,    1.000 },
	{ 1,  3600.0,  360.000 }, /* the interval is shorter */
	{ 20,    0.0,    0.020 },
	{ 50,    0.0,    0.050 }, /* a thousand looks a second in all */
	{ 50,    1.0,    0.100 },
	{ 1000,  0.0,    1.000 },
	{ 1000,  1.0,    1.000 },
};
/* clang-format on */

static void the_table(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cadence c = { .n_away = rows[i].n_away };
		double pause = cadence_away(&c, rows[i].gone);
		if (pause < rows[i].pause - 1e-9 || pause > rows[i].pause + 1e-9) {
			fail_msg("row %zu: %f, not %f", i, pause, rows[i].pause);
		}
	}
}

/* One that is gone for a minute is looked for some eighty times more than its interval asks for. */
static void it_is_no_storm(void **state)
{
	struct cadence c = { .n_away = 1 };
	double gone = 0.0;
	unsigned looks = 0;

	UNUSED(state);
	while (gone < 60.0) {
		double pause = cadence_away(&c, gone);
		gone += pause < 1.0 ? pause : 1.0;
		looks++;
	}
	assert_in_range(looks, 90, 110);
}

static void thousands_do_not_start_at_once(void **state)
{
	struct cadence c = { 0 };
	double wait = 0.0;

	UNUSED(state);
	assert_false(cadence_start(&c, 50.0) > 0.0); /* one does not wait */
	for (int i = 0; i < 1000; i++) {
		double longer = cadence_start(&c, 50.0);
		assert_true(longer > wait);
		wait = longer;
	}
	assert_true(wait > 0.29 && wait < 0.31);
	assert_true(cadence_start(&c, 50.2) < wait); /* time goes on meanwhile */
	assert_false(cadence_start(&c, 51.0) > 0.0);
}

static void agents_do_not_wake_up_in_step(void **state)
{
	struct random random;
	struct cadence a, b;

	UNUSED(state);
	random_seed(&random, 1);
	cadence_init(&a, &random);
	cadence_init(&b, &random);
	double apart = a.places.origin - b.places.origin;
	assert_true(apart > 0.001 || apart < -0.001);
	assert_int_equal(a.n_away, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(it_is_no_storm),
		cmocka_unit_test(thousands_do_not_start_at_once),
		cmocka_unit_test(agents_do_not_wake_up_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
