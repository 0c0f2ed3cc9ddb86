/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "agent/util.h"
#include "probes/tries.h"

static bool goes_on(struct tries *t, enum reason reason)
{
	double pause = tries_note(t, reason, "how");

	assert_int_equal(t->last, reason);
	assert_string_equal(t->how, "how");
	assert_true(pause == TRIES_ENOUGH || (pause > 0.0 && pause <= 0.2));
	return pause != TRIES_ENOUGH;
}

static void twice_in_a_row_is_believed(void **state)
{
	static const enum reason reasons[] = { REASON_REFUSED, REASON_TLS_ERROR };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct tries t;
		tries_begin(&t);
		assert_int_equal(t.last, N_REASONS);
		assert_true(goes_on(&t, reasons[i]));
		assert_false(goes_on(&t, reasons[i]));
	}
}

/* Long enough for a listener that is opened anew, and no longer. */
static void a_refusal_is_put_to_the_test_in_two_milliseconds(void **state)
{
	struct tries t;

	UNUSED(state);
	tries_begin(&t);
	double pause = tries_note(&t, REASON_REFUSED, NULL);
	assert_true(pause > 0.0019 && pause < 0.0021);
}

static void a_break_is_never_enough_and_waits_longer_each_time(void **state)
{
	struct tries t;
	double last = 0.0;
	UNUSED(state);
	tries_begin(&t);
	for (unsigned i = 0; i < 5; i++) {
		double pause = tries_note(&t, REASON_RESET, NULL);
		assert_true(pause > last);
		last = pause;
	}
	for (unsigned i = 0; i < 20; i++) {
		assert_true(tries_note(&t, REASON_RESET, NULL) == last);
	}
}

static void another_end_between_begins_the_count_anew(void **state)
{
	static const enum reason ends[] = { REASON_TLS_ERROR, REASON_REFUSED, REASON_TLS_ERROR,
		REASON_RESET, REASON_REFUSED, REASON_RESET, REASON_TLS_ERROR };
	struct tries t;
	UNUSED(state);
	tries_begin(&t);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		assert_true(goes_on(&t, ends[i]));
	}
	assert_false(goes_on(&t, REASON_TLS_ERROR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_in_a_row_is_believed),
		cmocka_unit_test(a_refusal_is_put_to_the_test_in_two_milliseconds),
		cmocka_unit_test(a_break_is_never_enough_and_waits_longer_each_time),
		cmocka_unit_test(another_end_between_begins_the_count_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
