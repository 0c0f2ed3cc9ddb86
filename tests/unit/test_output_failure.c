/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/outputs/output.h"
#include "agent/util.h"
#include "tests/unit/output_stage.h"

static void a_failure_is_tried_again_and_told_once(void **state)
{
	double longest = 0.0;
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.ends = APPLY_FAILED;
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.told, 1);
	assert_string_equal(stage.sentence,
			"output json /run/a.json fails and is tried again: No space left on device");
	assert_true(output_failing(stage.output));
	assert_true(left() >= 0.099 && left() <= 0.301);
	for (unsigned i = 0; i < 30; i++) {
		pass();
		assert_true(left() > 0.099 && left() < 30.001);
		longest = left() > longest ? left() : longest;
	}
	assert_true(longest > 10.0);
	assert_int_equal(stage.applied, 31);
	assert_int_equal(stage.told, 1);

	stage.ends = APPLY_DONE;
	pass();
	assert_int_equal(stage.told, 2);
	assert_int_equal(stage.troubles, 1);
	assert_string_equal(stage.sentence, "output json /run/a.json works again");
	assert_false(waiting());
	assert_false(output_failing(stage.output));

	stage.ends = APPLY_FAILED; /* the next row begins at the base */
	change();
	pass();
	assert_int_equal(stage.troubles, 2);
	assert_true(left() <= 0.301);
}

static void a_change_does_not_hurry_a_retry(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.ends = APPLY_FAILED;
	output_touch(stage.output);
	for (unsigned i = 0; i < 10; i++) {
		pass();
	}
	double before = left();
	change();
	assert_true(near(left(), before));
	stage.ends = APPLY_DONE;
	pass();
	assert_string_equal(stage.text, "0 at 2 age 0 dated"); /* and the retry writes the newest */
}

/* Nobody knows what a failure has left: also the text from before it is written again. */
static void after_a_failure_all_is_written(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	output_touch(stage.output);
	pass();
	stage.ends = APPLY_RUNNING;
	change();
	pass();
	output_ended(stage.output, "killed");
	assert_string_equal(
			stage.sentence, "output json /run/a.json fails and is tried again: killed");
	stage.view.revision = 1;
	pass();
	assert_int_equal(stage.applied, 3);
}

static void lack_of_memory_is_a_failure(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.no_memory = true;
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.applied, 0);
	assert_non_null(strstr(stage.sentence, "out of memory"));
	stage.no_memory = false;
	pass();
	assert_int_equal(stage.applied, 1);
	assert_non_null(strstr(stage.sentence, "works again"));
}

static void what_is_left_out_is_told_once(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.leaves_out = true;
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.troubles, 1);
	assert_string_equal(stage.sentence,
			"output json /run/a.json leaves out 2 of the instances, the first is "
			"/services/coupon-service/a:1: its host is no address");
	change();
	pass();
	assert_int_equal(stage.told, 1);
	stage.leaves_out = false;
	change();
	pass();
	assert_int_equal(stage.told, 2);
	assert_string_equal(stage.sentence,
			"output json /run/a.json leaves out none of the instances any more");
	change();
	pass();
	assert_int_equal(stage.told, 2);
}

static void what_takes_long_is_told_and_its_end_too(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.ends = APPLY_RUNNING;
	output_touch(stage.output);
	pass();
	output_late(stage.output, "the disk sleeps");
	assert_int_equal(stage.troubles, 1);
	assert_string_equal(stage.sentence,
			"output json /run/a.json fails and is tried again: the disk sleeps");
	assert_true(output_failing(stage.output));
	assert_false(waiting()); /* it still runs */
	output_late(stage.output, "the disk sleeps");
	assert_int_equal(stage.told, 1);
	output_ended(stage.output, NULL);
	assert_string_equal(stage.sentence, "output json /run/a.json works again");
	assert_false(output_failing(stage.output));
}

static void who_was_late_for_nothing_works_again(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	output_touch(stage.output);
	pass();
	change();
	stage.waits_its_turn = true;
	pass();
	output_late(stage.output, "the disk sleeps");
	stage.view.revision--;
	output_turn(stage.output);
	assert_int_equal(stage.applied, 1);
	assert_string_equal(stage.sentence, "output json /run/a.json works again");
	assert_false(output_failing(stage.output));
}

static void destroy_is_safe_at_any_time(void **state)
{
	UNUSED(state);
	output_destroy(NULL);
	make(OUTPUT_JSON);
	stage.ends = APPLY_RUNNING;
	output_touch(stage.output);
	output_destroy(stage.output);
	make(OUTPUT_JSON);
	output_touch(stage.output);
	pass();
	output_touch(stage.output);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_tried_again_and_told_once),
		TEST(a_change_does_not_hurry_a_retry),
		TEST(after_a_failure_all_is_written),
		TEST(lack_of_memory_is_a_failure),
		TEST(what_is_left_out_is_told_once),
		TEST(what_takes_long_is_told_and_its_end_too),
		TEST(who_was_late_for_nothing_works_again),
		TEST(destroy_is_safe_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
