/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/tick.h"
#include "agent/util.h"

#define LATE 0.0007 /* seconds: no timer fires on the dot */

static const double intervals[] = { 0.1, 0.333, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0 / 3.0, 10.0, 47.0,
	600.0 };

static bool equal(double a, double b)
{
	return fabs(a - b) < 1e-5;
}

static double beyond(double value, double of)
{
	return value - of * (double)(int64_t)(value / of);
}

/* ---- one service ---------------------------------------------------------------------- */

struct row {
	double from, interval, origin, phase, due;
};

/* clang-format off */
static const struct row rows[] = {
	/* on its own tick: the next one, however late the timer was */
	{ 1000.0,         1.0, 0.0,  0.0,  1001.0 },
	{ 1000.0 + LATE,  1.0, 0.0,  0.0,  1001.0 },
	{ 1000.5,         1.0, 0.0,  0.5,  1001.48 }, /* its slot is the 12th of 25 */
	{ 1000.48 + LATE, 1.0, 0.0,  0.5,  1001.48 },
	{ 1000.0,         2.0, 0.0,  0.0,  1002.0 },
	/* the origin moves all of the grid */
	{ 1000.01,        1.0, 0.01, 0.0,  1001.01 },
	{ 1000.0,         1.0, 0.01, 0.0,  1000.93 }, /* ... so this is 10 ms early */
	{ 1000.0,         1.0, 2000.0, 0.9, 1000.92 }, /* also one that is ahead of the clock */
	{ 1000.03,        1.0, 2000.0, 0.05, 1000.96 },
	/* off the grid: within the last tenth, back to it; else as near as it may come */
	{ 1000.04,        1.0, 0.0,  0.0,  1001.0 },
	{ 1000.08,        1.0, 0.0,  0.0,  1001.0 },
	{ 1000.20,        1.0, 0.0,  0.0,  1001.12 },
	{ 1000.26,        1.0, 0.0,  0.0,  1001.20 },
	{ 1000.90,        1.0, 0.0,  0.0,  1001.84 },
	/* a third of ten seconds has 41 slots of 80 ms, and a bit */
	{ 800.0,          10.0 / 3.0, 0.0, 0.0, 803.04 },
	{ 82.0 * 0.08 * 5.0, 10.0 / 3.0, 0.0, 0.0, 82.0 * 0.08 * 5.0 + 3.28 },
};
/* clang-format on */

static void the_table(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tick_place place = { rows[i].origin, rows[i].phase };
		double due = tick_after(rows[i].from, rows[i].interval, &place);
		if (!equal(due, rows[i].due)) {
			fail_msg("row %zu: due at %f, not %f", i, due, rows[i].due);
		}
	}
}

static void it_is_due_within_the_interval_and_not_much_sooner(void **state)
{
	struct tick_places places;

	UNUSED(state);
	tick_places_init(&places, 12.3456);
	for (int i = 0; i < 20000; i++) {
		struct tick_place place = tick_place_next(&places);
		double interval = intervals[(size_t)i % ARRAY_LEN(intervals)];
		double from = 100000.0 + i * 0.777;
		double gap = tick_after(from, interval, &place) - from;
		assert_true(gap <= interval + 1e-6);
		assert_true(gap >= interval * 0.9 - 1e-6);
	}
}

static void some_rounds_later_it_is_back_where_it_belongs(void **state)
{
	UNUSED(state);
	for (size_t k = 0; k < ARRAY_LEN(intervals); k++) {
		for (int i = 0; i < 100; i++) {
			struct tick_place place = { 0.011, 0.37 };
			double from = 5000.0 + i * intervals[k] / 100.0;
			for (int round = 0; round < 20; round++) {
				from = tick_after(from, intervals[k], &place) + LATE;
			}
			double period = tick_after(from, intervals[k], &place) + LATE - from;
			assert_true(equal(tick_after(from + period, intervals[k], &place),
					from - LATE + 2.0 * period));
			assert_true(period > intervals[k] * (1.0 - 1.0 / 25.0));
		}
	}
}

/* Sums of doubles are never exact; a tick that is met to the dot is no other one for it. */
static void a_timer_on_the_dot_comes_as_often_as_any(void **state)
{
	UNUSED(state);
	for (size_t k = 0; k < ARRAY_LEN(intervals); k++) {
		struct tick_place place = { 0.1, 0.7 };
		double at = tick_after(1234.5 * intervals[k], intervals[k], &place);
		for (int round = 0; round < 20; round++) {
			at = tick_after(at, intervals[k], &place);
		}
		double period = tick_after(at + LATE, intervals[k], &place) - at;
		for (int round = 0; round < 1000; round++) {
			double due = tick_after(at, intervals[k], &place);
			assert_true(equal(due - at, period));
			at = due;
		}
	}
}

/* ---- many ----------------------------------------------------------------------------- */

#define MANY  1000
#define SLOTS 49

/* How many of `n` services stand at each tick of one interval; returns how many ticks there are. */
static size_t count_ticks(size_t n, double interval, size_t per_tick[SLOTS])
{
	struct tick_places places;
	double ticks[SLOTS];
	size_t n_ticks = 0;

	tick_places_init(&places, 0.5);
	for (size_t i = 0; i < n; i++) {
		struct tick_place place = tick_place_next(&places);
		double at = 3600.0 + 0.01 * (double)i;
		for (int round = 0; round < 20 || at < 3600.0 + 21.0 * interval; round++) {
			at = tick_after(at, interval, &place);
		}
		at = beyond(at - 0.5 + 1e-6, interval);
		size_t k = 0;
		while (k < n_ticks && !equal(ticks[k], at)) {
			k++;
		}
		assert_true(k < SLOTS);
		if (k == n_ticks) {
			ticks[n_ticks] = at;
			per_tick[n_ticks++] = 0;
		}
		per_tick[k]++;
	}
	return n_ticks;
}

static void many_share_few_ticks_and_none_is_a_burst(void **state)
{
	static const size_t numbers[] = { 1, 2, 10, 25, 100, MANY };
	static const double whole[] = { 0.1, 0.5, 1.0, 2.0, 10.0 };

	UNUSED(state);
	for (size_t k = 0; k < ARRAY_LEN(whole) * ARRAY_LEN(numbers); k++) {
		size_t per_tick[SLOTS];
		size_t n = numbers[k % ARRAY_LEN(numbers)];
		size_t n_ticks = count_ticks(n, whole[k / ARRAY_LEN(numbers)], per_tick);
		assert_true(n_ticks <= SLOTS);
		for (size_t i = 0; i < n_ticks; i++) {
			assert_true(per_tick[i] <= n / 25 + 2);
		}
	}
}

static void unequal_intervals_share_the_grid(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
		for (size_t k = i; k < ARRAY_LEN(intervals); k++) {
			struct tick_place place = { 0.0, 0.2 };
			/* a tick of the longer one ... */
			double tick = tick_after(7000.0, intervals[k], &place);
			/* ... is one of the shorter, for whoever stands there */
			double slots = intervals[i] / 25.0, slot = 0.04;
			while (slot > slots + 1e-9) {
				slot /= 2.0;
			}
			assert_true(beyond(tick / slot + 1e-6, 1.0) < 1e-5);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(it_is_due_within_the_interval_and_not_much_sooner),
		cmocka_unit_test(some_rounds_later_it_is_back_where_it_belongs),
		cmocka_unit_test(a_timer_on_the_dot_comes_as_often_as_any),
		cmocka_unit_test(many_share_few_ticks_and_none_is_a_burst),
		cmocka_unit_test(unequal_intervals_share_the_grid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
