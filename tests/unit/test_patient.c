/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"
#include "agent/patient.h"
#include "agent/util.h"

#define WAIT   0.5 /* seconds within ... */
#define WITHIN 5.0 /* ... these */
#define ALMOST 1e-6

#define PAUSES_MAX 10000

static double now = 1000.0;

static struct {
	double memory_at; /* from when on there is some */
	double late;      /* how much longer than asked for a pause takes */
	bool stands;      /* time does, by the clock of the agent */
	unsigned signals; /* that many pauses more are cut short */
	unsigned pauses;
	double begun[PAUSES_MAX], ended[PAUSES_MAX]; /* the pauses */
} stage;

static double played_time(void)
{
	return now;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_realloc(void *at, size_t size);
void *__wrap_realloc(void *at, size_t size);
int __wrap_nanosleep(const struct timespec *asked, struct timespec *left);

void *__wrap_realloc(void *at, size_t size)
{
	return now < stage.memory_at ? NULL : __real_realloc(at, size);
}

int __wrap_nanosleep(const struct timespec *asked, struct timespec *left)
{
	double seconds = (double)asked->tv_sec + (double)asked->tv_nsec / 1e9;

	assert_in_range(stage.pauses, 0, PAUSES_MAX - 1);
	stage.begun[stage.pauses] = now;
	if (stage.signals > 0) {
		stage.signals--;
		now += seconds / 4;
		stage.ended[stage.pauses++] = now;
		if (left != NULL) {
			left->tv_nsec = asked->tv_nsec - asked->tv_nsec / 4;
		}
		errno = EINTR;
		return -1;
	}
	now += stage.stands ? 0.0 : seconds + stage.late;
	stage.ended[stage.pauses++] = now;
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* What one test has waited is no more of interest to the next one. */
static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	now += 2 * WITHIN;
	clock_replace(played_time);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	clock_replace(NULL);
	return 0;
}

static double waited(void)
{
	double sum = 0.0;

	for (unsigned i = 0; i < stage.pauses; i++) {
		sum += stage.ended[i] - stage.begun[i];
	}
	return sum;
}

/* The longest wait of all times that are WITHIN long: one of them ends with each pause. */
static double most_waited(void)
{
	double most = 0.0;

	for (unsigned last = 0; last < stage.pauses; last++) {
		double since = stage.ended[last] - WITHIN, sum = 0.0;
		for (unsigned i = 0; i <= last; i++) {
			if (stage.ended[i] > since) {
				sum += stage.ended[i] - fmax(stage.begun[i], since);
			}
		}
		most = fmax(most, sum);
	}
	return most;
}

/* Asks for some, which is there after `seconds`. */
static bool is_got_after(double seconds)
{
	stage.memory_at = now + seconds;
	void *got = patient_get(NULL, 8);
	bool is_got = got != NULL;

	free(got);
	return is_got;
}

static void what_is_there_is_had_at_once(void **state)
{
	UNUSED(state);
	assert_true(is_got_after(0.0));
	assert_int_equal(stage.pauses, 0);
	void *got = patient_get(NULL, 0);
	assert_non_null(got);
	free(got);
}

static void what_comes_soon_is_waited_for(void **state)
{
	unsigned failures = patient_failures();

	UNUSED(state);
	assert_true(is_got_after(0.2));
	assert_true(waited() < 0.22);
	stage.memory_at = now + 0.1;
	char *copy = patient_text("a text and more", 6);
	assert_string_equal(copy, "a text");
	free(copy);
	assert_int_equal(patient_failures(), failures);
}

static void half_a_second_and_no_more(void **state)
{
	unsigned failures = patient_failures();

	UNUSED(state);
	assert_false(is_got_after(1000.0));
	assert_true(waited() > WAIT - 0.02 && waited() < WAIT + ALMOST);
	assert_int_equal(patient_failures(), failures + 1);
	unsigned pauses = stage.pauses;
	assert_null(patient_text("a text", 6));
	assert_int_equal(stage.pauses, pauses);
	assert_int_equal(patient_failures(), failures + 2);
}

static void after_five_seconds_there_is_all_of_it_again(void **state)
{
	UNUSED(state);
	assert_false(is_got_after(1000.0));
	now += WITHIN;
	assert_true(is_got_after(WAIT - 0.03));
}

/* Five seconds after the first wait, in the middle of another one. */
static void a_wait_has_no_second_half(void **state)
{
	UNUSED(state);
	assert_true(is_got_after(0.01));
	now += WITHIN - 0.25;
	assert_false(is_got_after(1000.0));
	assert_true(most_waited() < WAIT + ALMOST);
}

/* At the end of five seconds, and at the beginning of the next ones. */
static void two_waits_in_a_row_are_no_longer_than_one(void **state)
{
	UNUSED(state);
	assert_true(is_got_after(0.01));
	now += WITHIN - 0.6;
	assert_true(is_got_after(0.45));
	now += 0.2;
	assert_false(is_got_after(1000.0));
	assert_true(most_waited() < WAIT + ALMOST);
}

static double draw(unsigned short seed[3], double most)
{
	return erand48(seed) * most;
}

static void however_waits_follow_each_other(void **state)
{
	unsigned short seed[3] = { 1, 2, 3 };
	unsigned got = 0;

	UNUSED(state);
	for (unsigned i = 0; i < 300; i++) {
		now += draw(seed, i % 2 == 0 ? 0.3 : 4.0);
		got += is_got_after(draw(seed, 0.6)) ? 1 : 0;
	}
	assert_true(most_waited() < WAIT + ALMOST);
	assert_in_range(got, 20, 280);
}

static void pauses_count_for_as_long_as_they_took(void **state)
{
	UNUSED(state);
	stage.late = 0.04;
	assert_false(is_got_after(1000.0));
	assert_true(waited() > WAIT - 0.06 && waited() < WAIT + stage.late + ALMOST);
}

static void signals_make_no_wait_shorter_or_longer(void **state)
{
	UNUSED(state);
	stage.signals = 1000;
	assert_true(is_got_after(0.4));
	now += WITHIN;
	assert_false(is_got_after(1000.0));
	assert_true(most_waited() > WAIT - 0.02 && most_waited() < WAIT + ALMOST);
}

static void where_the_clock_stands_a_wait_has_an_end(void **state)
{
	UNUSED(state);
	stage.stands = true;
	assert_false(is_got_after(1000.0));
	assert_in_range(stage.pauses, 40, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_there_is_had_at_once),
		TEST(what_comes_soon_is_waited_for),
		TEST(half_a_second_and_no_more),
		TEST(after_five_seconds_there_is_all_of_it_again),
		TEST(a_wait_has_no_second_half),
		TEST(two_waits_in_a_row_are_no_longer_than_one),
		TEST(however_waits_follow_each_other),
		TEST(pauses_count_for_as_long_as_they_took),
		TEST(signals_make_no_wait_shorter_or_longer),
		TEST(where_the_clock_stands_a_wait_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
