/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/net/cluster_view.h"
#include "agent/util.h"

#define OURS   7
#define OTHERS 8

static struct cluster_view view;
static double now;

static struct cluster_mark mark(uint64_t cluster, uint64_t term, int64_t revision)
{
	return (struct cluster_mark){ .cluster = cluster, .term = term, .revision = revision };
}

/* An answer to a call that was sent just before. */
static enum view_verdict judge(unsigned endpoint, struct cluster_mark seen, enum view_proof proof)
{
	struct cluster_floor floor = cluster_view_floor(&view);

	return cluster_view_judge(&view, endpoint, &floor, &seen, proof, now);
}

static void begin(unsigned n)
{
	now = 1000.0;
	assert_int_equal(cluster_view_init(&view, n), 0);
	assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FINE);
}

static void goes_forward(void **state)
{
	UNUSED(state);
	begin(3);
	assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FINE);
	assert_int_equal(judge(1, mark(OURS, 5, 101), PROOF_FULL), VIEW_FINE);
	assert_int_equal(judge(2, mark(OURS, 6, 101), PROOF_FULL), VIEW_FINE);
	assert_int_equal(judge(2, mark(0, 0, 0), PROOF_FULL), VIEW_FINE); /* no header */
	assert_int_equal(view.known.term, 6);
	assert_int_equal(view.known.revision, 101);
	cluster_view_finish(&view);
}

static void a_member_that_is_behind_is_not_believed(void **state)
{
	UNUSED(state);
	begin(3);
	assert_int_equal(judge(1, mark(OURS, 5, 99), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(1, mark(OURS, 4, 200), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(1, mark(OURS, 4, 200), PROOF_TERM), VIEW_BEHIND);
	assert_int_equal(view.known.revision, 100);
	cluster_view_finish(&view);
}

/* It is healthy, but has not applied the last entries yet. */
static void a_renewal_may_lag(void **state)
{
	UNUSED(state);
	begin(3);
	assert_int_equal(judge(1, mark(OURS, 5, 99), PROOF_TERM), VIEW_FINE);
	assert_int_equal(judge(1, mark(OURS, 0, 99), PROOF_TERM), VIEW_FINE); /* just started */
	assert_int_equal(judge(1, mark(OURS, 0, 99), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(view.known.revision, 100);
	assert_int_equal(view.known.term, 5);
	cluster_view_finish(&view);
}

/* Two calls in flight: the answer to the first comes after that to the second. */
static void answers_may_cross(void **state)
{
	struct cluster_mark late = mark(OURS, 5, 101);
	UNUSED(state);
	begin(3);
	struct cluster_floor floor = cluster_view_floor(&view);
	assert_int_equal(judge(0, mark(OURS, 6, 105), PROOF_FULL), VIEW_FINE);
	assert_int_equal(cluster_view_judge(&view, 0, &floor, &late, PROOF_FULL, now), VIEW_FINE);
	assert_int_equal(view.known.revision, 105);
	cluster_view_finish(&view);
}

static void a_majority_is_the_truth(void **state)
{
	UNUSED(state);
	begin(3);
	assert_int_equal(judge(1, mark(OTHERS, 1, 3), PROOF_FULL), VIEW_FOREIGN);
	assert_int_equal(judge(1, mark(OTHERS, 1, 4), PROOF_FULL), VIEW_FOREIGN);
	assert_int_equal(judge(2, mark(OTHERS, 1, 4), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(view.known.cluster, OTHERS);
	assert_int_equal(view.known.revision, 4);
	assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FOREIGN);
	cluster_view_finish(&view);
}

static void one_that_contradicts_them_clears_the_doubt(void **state)
{
	UNUSED(state);
	begin(3);
	assert_int_equal(judge(1, mark(OURS, 2, 3), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FINE);
	assert_int_equal(judge(2, mark(OURS, 2, 3), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
	assert_int_equal(judge(2, mark(OURS, 2, 3), PROOF_FULL), VIEW_BEHIND);
	cluster_view_finish(&view);
}

/* A renewal proves nothing against those who contradict when its revision is behind too. */
static void one_that_lags_does_not_clear_it(void **state)
{
	UNUSED(state);
	begin(1);
	assert_int_equal(judge(0, mark(OURS, 5, 3), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(0, mark(OURS, 5, 3), PROOF_TERM), VIEW_FINE);
	assert_int_equal(judge(0, mark(OURS, 5, 3), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(judge(0, mark(OURS, 5, 3), PROOF_FULL), VIEW_FINE);
	cluster_view_finish(&view);
}

static void a_single_endpoint_says_it_twice(void **state)
{
	UNUSED(state);
	begin(1);
	assert_int_equal(judge(0, mark(OURS, 2, 1), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(0, mark(OURS, 2, 1), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(view.known.term, 2);
	cluster_view_finish(&view);
}

/* A call that was sent before the truth changed says nothing about it, either way. */
static void calls_from_before_the_change(void **state)
{
	struct cluster_mark new = mark(OURS, 2, 2), old = mark(OURS, 5, 100);
	struct cluster_mark foreign = mark(OTHERS, 5, 100);
	UNUSED(state);
	begin(1);
	struct cluster_floor floor = cluster_view_floor(&view);
	assert_int_equal(judge(0, mark(OURS, 2, 1), PROOF_FULL), VIEW_BEHIND);
	assert_int_equal(judge(0, mark(OURS, 2, 1), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(cluster_view_judge(&view, 0, &floor, &new, PROOF_FULL, now), VIEW_FINE);
	assert_int_equal(cluster_view_judge(&view, 0, &floor, &old, PROOF_FULL, now), VIEW_FINE);
	assert_int_equal(cluster_view_judge(&view, 0, &floor, &foreign, PROOF_FULL, now),
			VIEW_FOREIGN);
	assert_int_equal(cluster_view_judge(&view, 0, &floor, &foreign, PROOF_FULL, now),
			VIEW_FOREIGN);
	assert_int_equal(view.known.revision, 1);
	cluster_view_finish(&view);
}

/* A snapshot was restored onto one member; the others are down for good. */
static void in_the_end_one_of_three_is_believed(void **state)
{
	UNUSED(state);
	begin(3);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
		now += 5.0;
	}
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(view.known.cluster, OTHERS);
	assert_int_equal(judge(1, mark(OTHERS, 2, 4), PROOF_FULL), VIEW_FINE);

	/* The old truth comes back, and it is the majority. */
	assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FOREIGN);
	assert_int_equal(judge(2, mark(OURS, 5, 100), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(judge(1, mark(OTHERS, 2, 5), PROOF_FULL), VIEW_FOREIGN);
	cluster_view_finish(&view);
}

/* The same cluster, gone backwards: its renewals may pass for fine all the while. */
static void also_one_that_has_gone_backwards(void **state)
{
	UNUSED(state);
	begin(3);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(judge(1, mark(OURS, 5, 3), PROOF_FULL), VIEW_BEHIND);
		assert_int_equal(judge(1, mark(OURS, 5, 3), PROOF_TERM), VIEW_FINE);
		now += 5.0;
	}
	assert_int_equal(judge(1, mark(OURS, 5, 3), PROOF_FULL), VIEW_RENEWED);
	assert_int_equal(judge(1, mark(OURS, 5, 3), PROOF_FULL), VIEW_FINE);
	cluster_view_finish(&view);
}

/* One answer of the known cluster, or another story, and the time begins anew. */
static void whoever_is_contradicted_waits_on(void **state)
{
	UNUSED(state);
	begin(3);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
		now += 5.0;
		if (i % 10 == 9) {
			assert_int_equal(judge(0, mark(OURS, 5, 100), PROOF_FULL), VIEW_FINE);
		} else if (i % 10 == 4) {
			assert_int_equal(judge(1, mark(9, 2, 3), PROOF_FULL), VIEW_FOREIGN);
		}
	}
	cluster_view_finish(&view);
}

/* Nobody asked meanwhile: what a single answer says is not what was said all the time. */
static void silence_does_not_count(void **state)
{
	UNUSED(state);
	begin(3);
	now += 3600.0;
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
	now += 3600.0;
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
	now += 59.0;
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_FOREIGN);
	now += 1.0;
	assert_int_equal(judge(1, mark(OTHERS, 2, 3), PROOF_FULL), VIEW_RENEWED);
	cluster_view_finish(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_forward),
		cmocka_unit_test(a_member_that_is_behind_is_not_believed),
		cmocka_unit_test(a_renewal_may_lag),
		cmocka_unit_test(answers_may_cross),
		cmocka_unit_test(a_majority_is_the_truth),
		cmocka_unit_test(one_that_contradicts_them_clears_the_doubt),
		cmocka_unit_test(one_that_lags_does_not_clear_it),
		cmocka_unit_test(a_single_endpoint_says_it_twice),
		cmocka_unit_test(calls_from_before_the_change),
		cmocka_unit_test(in_the_end_one_of_three_is_believed),
		cmocka_unit_test(also_one_that_has_gone_backwards),
		cmocka_unit_test(whoever_is_contradicted_waits_on),
		cmocka_unit_test(silence_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
