/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/tending.h"
#include "agent/util.h"

#define TTL   10.0
#define THIRD (TTL / 3.0)

static struct tending t;

static int set_up(void **state)
{
	UNUSED(state);
	t = (struct tending){ 0 };
	return 0;
}

/* ---- when ------------------------------------------------------------------------------------ */

static void is_never_due_later_than_a_third(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 20000; i++) {
		double sent = 0.013 * i, phase = (double)(i % 100) / 100.0;
		tending_plan(&t, sent, TTL, phase);
		assert_true(t.due_at > sent);
		assert_true(t.due_at <= sent + THIRD + 1e-5);
	}
}

/* Sent when it was due, and a little later: the one after comes a third of a TTL later. */
static void keeps_its_time(void **state)
{
	UNUSED(state);
	tending_plan(&t, 1000.0, TTL, 0.4);
	double first = t.due_at;
	for (unsigned i = 1; i < 5000; i++) {
		tending_plan(&t, t.due_at + (i % 2 == 0 ? 0.0 : 0.2), TTL, 0.4);
		assert_true(t.due_at > first + THIRD * i - 0.001);
		assert_true(t.due_at < first + THIRD * i + 0.001);
	}
}

static void all_of_one_phase_are_due_at_once(void **state)
{
	UNUSED(state);
	tending_plan(&t, 5000.0, TTL, 0.25);
	double due = t.due_at;
	for (int i = 0; i < 33; i++) {
		tending_plan(&t, due - THIRD + 0.001 + 0.1 * i, TTL, 0.25);
		assert_true(t.due_at > due - 0.001 && t.due_at < due + 0.001);
	}
	tending_plan(&t, 5000.0, TTL, 0.75);
	assert_true(t.due_at > due + 1.0 || t.due_at < due - 1.0);
}

/* ---- whether to look ------------------------------------------------------------------------- */

static struct cluster_mark mark(int64_t revision)
{
	return (struct cluster_mark){ .cluster = 5, .term = 2, .revision = revision, .member = 6 };
}

/* The renewals until a look is due, all of them answered at *at; at most 1000. */
static unsigned renewals_to_look(const struct cluster_mark *at)
{
	unsigned n = 0;

	for (t.look = false; !t.look && n < 1000; n++) {
		tending_renewed(&t, at);
	}
	return n;
}

static void looks_after_the_third_when_something_was_written(void **state)
{
	struct cluster_mark right = mark(100), later = mark(101);

	UNUSED(state);
	tending_is_right(&t, &right);
	assert_int_equal(renewals_to_look(&later), TENDING_RENEWALS);
	right = mark(101);
	tending_is_right(&t, &right);
	assert_false(t.look);
	assert_int_equal(
			renewals_to_look(&(struct cluster_mark){ 5, 2, 102, 6 }), TENDING_RENEWALS);
}

static void does_not_look_while_nothing_is_written(void **state)
{
	struct cluster_mark right = mark(100);

	UNUSED(state);
	tending_is_right(&t, &right);
	assert_int_equal(renewals_to_look(&right), TENDING_RENEWALS_MAX);
}

/* It was late already: it does not wait for three more. */
static void looks_at_once_when_it_has_not_for_long(void **state)
{
	struct cluster_mark right = mark(100), later = mark(101);

	UNUSED(state);
	tending_is_right(&t, &right);
	for (unsigned i = 0; i < 50; i++) {
		tending_renewed(&t, &right);
		assert_false(t.look);
	}
	assert_int_equal(renewals_to_look(&later), 1);
}

static void a_look_that_was_lost_is_due_again(void **state)
{
	struct cluster_mark right = mark(100), later = mark(101);

	UNUSED(state);
	tending_is_right(&t, &right);
	assert_int_equal(renewals_to_look(&later), TENDING_RENEWALS);
	assert_int_equal(renewals_to_look(&later), 1);
	tending_is_right(&t, &right);
	assert_int_equal(renewals_to_look(&right), TENDING_RENEWALS_MAX);
	assert_int_equal(renewals_to_look(&right), 1);
}

/* A store that is another one, or may be, proves nothing, at whatever revision. */
static void looks_when_another_one_answers(void **state)
{
	struct cluster_mark right = mark(100), others[5];

	UNUSED(state);
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		others[i] = right;
	}
	others[0].cluster = 9;
	others[1].member = 9;
	others[2].term = 3;
	others[3].revision = 99; /* it lags, or has gone back */
	others[4] = (struct cluster_mark){ .cluster = 0 };
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		tending_is_right(&t, &right);
		assert_int_equal(renewals_to_look(&others[i]), TENDING_RENEWALS);
	}
}

static void who_was_told_nothing_looks(void **state)
{
	struct cluster_mark nothing = { .cluster = 0 };

	UNUSED(state);
	tending_is_right(&t, &nothing);
	assert_int_equal(renewals_to_look(&nothing), TENDING_RENEWALS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(is_never_due_later_than_a_third),
		TEST(keeps_its_time),
		TEST(all_of_one_phase_are_due_at_once),
		TEST(looks_after_the_third_when_something_was_written),
		TEST(does_not_look_while_nothing_is_written),
		TEST(looks_at_once_when_it_has_not_for_long),
		TEST(a_look_that_was_lost_is_due_again),
		TEST(looks_when_another_one_answers),
		TEST(who_was_told_nothing_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
