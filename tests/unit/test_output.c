/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/outputs/output.h"
#include "agent/util.h"
#include "tests/unit/output_stage.h"
#include "tests/unit/output_view.h"

static void nothing_is_written_before_the_first_touch(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	assert_false(waiting());
	assert_int_equal(stage.created, 1);
	assert_string_equal(output_type(stage.output), "json");
	assert_string_equal(output_place(stage.output), "/run/a.json");
}

static void a_file_is_due_at_once_and_then_each_settle(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	output_touch(stage.output);
	assert_int_equal(stage.applied, 0); /* from the loop, not from here */
	assert_true(near(left(), 0.0));
	pass();
	assert_string_equal(stage.text, "0 at 1 age 0 dated");
	assert_false(waiting());

	stage.now += 0.010;
	change();
	assert_true(near(left(), 0.040));
	stage.now += 0.010;
	change(); /* moves nothing */
	assert_true(near(left(), 0.040));
	pass();
	assert_int_equal(stage.applied, 2);
	assert_string_equal(stage.text, "0 at 3 age 0 dated");

	stage.now += 1.0;
	change();
	assert_true(near(left(), 0.0));
}

static void a_program_is_due_when_settle_has_passed(void **state)
{
	UNUSED(state);
	make(OUTPUT_EXEC);
	output_touch(stage.output);
	assert_true(near(left(), 0.050));
	stage.now += 0.030;
	output_touch(stage.output); /* settle counts from the first */
	assert_true(near(left(), 0.050));
	pass();
	assert_int_equal(stage.applied, 1);
	assert_false(waiting());

	stage.now += 100.0;
	add_instance(&stage.view, "/s/a", "a", 1, "{}", 1);
	output_touch(stage.output);
	assert_true(near(left(), 0.050));
	pass();
	assert_string_equal(stage.text, "1 at 1 age 0 dated");
}

/* A new revision, or age, is worth a file, but not a run. */
static void a_date_is_no_change_for_other_kinds(void **state)
{
	UNUSED(state);
	make(OUTPUT_NGINX);
	output_touch(stage.output);
	pass();
	stage.view.age = 10.0;
	change();
	pass();
	assert_int_equal(stage.applied, 1);
	add_instance(&stage.view, "/s/a", "a", 1, "{}", 1);
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.applied, 2);
	assert_string_equal(stage.text, "1 at 2 age 10 dated");
}

static void each_kind_has_its_name(void **state)
{
	static const char *const names[] = { "json", "envoy", "haproxy", "nginx", "exec" };
	UNUSED(state);
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		make((enum output_type)i);
		assert_string_equal(output_type(stage.output), names[i]);
		output_destroy(stage.output);
	}
	stage.output = NULL;
}

static void what_has_come_back_is_not_written(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	output_touch(stage.output);
	pass();
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.applied, 1);
	assert_false(waiting());
	stage.view.age = 10.0; /* a dated kind is written again for it */
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.applied, 2);
}

static void a_kind_may_be_looked_at_again(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.again = 2.0;
	output_touch(stage.output);
	pass();
	assert_true(near(left(), 2.0));
	pass();
	assert_int_equal(stage.applied, 2); /* though nothing has changed */
	assert_true(near(left(), 2.0));
	stage.now += 1.0;
	output_touch(stage.output); /* a change does not wait for it ... */
	assert_true(near(left(), 0.0));
	pass();
	assert_int_equal(stage.applied, 2);
	assert_true(near(left(), 2.0)); /* ... and does not end it */
	stage.again = 0.0;
	pass();
	assert_int_equal(stage.applied, 3);
	assert_false(waiting());
}

static void a_change_while_it_runs_makes_one_more_run(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.ends = APPLY_RUNNING;
	output_touch(stage.output);
	pass();
	change();
	change();
	assert_false(waiting());
	stage.now += 3.0;
	output_ended(stage.output, NULL);
	assert_true(near(left(), 0.050));
	pass();
	assert_int_equal(stage.applied, 2);
	assert_string_equal(stage.text, "0 at 3 age 0 dated");
	output_ended(stage.output, NULL);
	assert_false(waiting());
	assert_int_equal(stage.told, 0);
}

/* What changes meanwhile is in what is written when it is. */
static void it_may_have_to_wait_for_its_turn(void **state)
{
	UNUSED(state);
	make(OUTPUT_JSON);
	stage.waits_its_turn = true;
	output_touch(stage.output);
	pass();
	assert_int_equal(stage.applied, 0);
	change();
	assert_false(waiting());
	stage.waits_its_turn = false;
	output_turn(stage.output);
	assert_int_equal(stage.applied, 1);
	assert_string_equal(stage.text, "0 at 2 age 0 dated");
	change(); /* the next one needs a turn of its own */
	stage.waits_its_turn = true;
	pass();
	assert_int_equal(stage.applied, 1);
	stage.view.revision--;
	output_turn(stage.output); /* nothing is left to do */
	assert_int_equal(stage.applied, 1);
	assert_false(waiting());
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_written_before_the_first_touch),
		TEST(a_file_is_due_at_once_and_then_each_settle),
		TEST(a_program_is_due_when_settle_has_passed),
		TEST(a_date_is_no_change_for_other_kinds),
		TEST(each_kind_has_its_name),
		TEST(what_has_come_back_is_not_written),
		TEST(a_kind_may_be_looked_at_again),
		TEST(it_may_have_to_wait_for_its_turn),
		TEST(a_change_while_it_runs_makes_one_more_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
