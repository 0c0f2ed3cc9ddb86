/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/health.h"
#include "agent/util.h"

static const struct health_rules rules = {
	.success_threshold = 2, .failure_threshold = 3, .spacing = 0.5
};

static void begins_unknown(void **state)
{
	struct health h = { 0 };
	UNUSED(state);
	assert_int_equal(h.state, HEALTH_UNKNOWN);
	assert_false(health_note(&h, &rules, VERDICT_INCONCLUSIVE, 0.0));
	assert_int_equal(h.state, HEALTH_UNKNOWN);
}

static void comes_up_at_the_success_threshold(void **state)
{
	struct health h = { 0 };
	UNUSED(state);
	assert_false(health_note(&h, &rules, VERDICT_PASS, 0.0));
	assert_true(health_note(&h, &rules, VERDICT_PASS, 1.0));
	assert_int_equal(h.state, HEALTH_UP);
	assert_false(health_note(&h, &rules, VERDICT_PASS, 2.0));
}

static void counts_close_passes_once(void **state)
{
	struct health h = { 0 };
	UNUSED(state);
	assert_false(health_note(&h, &rules, VERDICT_PASS, 0.0));
	assert_false(health_note(&h, &rules, VERDICT_PASS, 0.25));
	assert_false(health_note(&h, &rules, VERDICT_PASS, 0.49));
	assert_int_equal(h.state, HEALTH_UNKNOWN);
	assert_true(health_note(&h, &rules, VERDICT_PASS, 0.5));
}

static void falls_at_once_on_hard_evidence(void **state)
{
	struct health h = { .state = HEALTH_UP, .passes = 2 };
	UNUSED(state);
	assert_true(health_note(&h, &rules, VERDICT_HARD_FAIL, 0.0));
	assert_int_equal(h.state, HEALTH_DOWN);
	assert_false(health_note(&h, &rules, VERDICT_HARD_FAIL, 1.0));
}

static void falls_at_the_failure_threshold(void **state)
{
	struct health h = { .state = HEALTH_UP, .passes = 2 };
	UNUSED(state);
	assert_false(health_note(&h, &rules, VERDICT_SOFT_FAIL, 0.0));
	assert_false(health_note(&h, &rules, VERDICT_SOFT_FAIL, 0.1));
	assert_true(health_note(&h, &rules, VERDICT_SOFT_FAIL, 0.2)); /* spacing is for passes */
	assert_int_equal(h.state, HEALTH_DOWN);
}

static void a_pass_ends_a_row_of_failures(void **state)
{
	struct health h = { .state = HEALTH_UP, .passes = 2 };
	UNUSED(state);
	for (unsigned i = 0; i < 10; i++) {
		assert_false(health_note(&h, &rules, VERDICT_SOFT_FAIL, i));
		assert_false(health_note(&h, &rules, VERDICT_SOFT_FAIL, i + 0.1));
		assert_false(health_note(&h, &rules, VERDICT_PASS, i + 0.2));
	}
	assert_int_equal(h.state, HEALTH_UP);
}

static void a_failure_ends_a_row_of_passes(void **state)
{
	struct health h = { .state = HEALTH_DOWN };
	UNUSED(state);
	for (unsigned i = 0; i < 10; i++) {
		assert_false(health_note(&h, &rules, VERDICT_PASS, i));
		assert_false(health_note(&h, &rules, VERDICT_SOFT_FAIL, i + 0.5));
	}
	assert_int_equal(h.state, HEALTH_DOWN);
}

static void inconclusive_changes_no_row(void **state)
{
	struct health h = { .state = HEALTH_UP, .passes = 2 };
	UNUSED(state);
	(void)health_note(&h, &rules, VERDICT_SOFT_FAIL, 0.0);
	(void)health_note(&h, &rules, VERDICT_SOFT_FAIL, 1.0);
	assert_false(health_note(&h, &rules, VERDICT_INCONCLUSIVE, 2.0));
	assert_true(health_note(&h, &rules, VERDICT_SOFT_FAIL, 3.0));
}

static void names_its_states(void **state)
{
	UNUSED(state);
	assert_string_equal(health_name(HEALTH_UNKNOWN), "unknown");
	assert_string_equal(health_name(HEALTH_UP), "up");
	assert_string_equal(health_name(HEALTH_DOWN), "down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_unknown),
		cmocka_unit_test(comes_up_at_the_success_threshold),
		cmocka_unit_test(counts_close_passes_once),
		cmocka_unit_test(falls_at_once_on_hard_evidence),
		cmocka_unit_test(falls_at_the_failure_threshold),
		cmocka_unit_test(a_pass_ends_a_row_of_failures),
		cmocka_unit_test(a_failure_ends_a_row_of_passes),
		cmocka_unit_test(inconclusive_changes_no_row),
		cmocka_unit_test(names_its_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
