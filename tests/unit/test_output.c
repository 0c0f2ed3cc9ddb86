/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of output are played: each call of apply() is recorded, and ends as
 * the test says. The loop is real, its time is not waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/outputs/output.h"
#include "agent/outputs/output_kind.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static struct {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings;
	struct output_view view;
	struct output *output;
	double now;

	enum applied ends; /* apply() */
	double again;
	bool leaves_out;
	bool no_memory;
	unsigned applied, created, destroyed;
	char text[80]; /* applied last */

	unsigned told, troubles;
	char sentence[500];
} stage;

static double played_time(void)
{
	return stage.now;
}

/* ---- a played kind --------------------------------------------------------------------------- */

static const char *played_place(const struct output_settings *settings)
{
	return settings->path;
}

static char *played_render(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	char *text;

	assert_ptr_equal(settings, &stage.settings);
	if (stage.no_memory) {
		return NULL;
	}
	if (stage.leaves_out) {
		left->n = 2;
		(void)snprintf(left->first, sizeof left->first, "/services/coupon-service/a:1");
		left->why = "its host is no address";
	}
	int n = asprintf(&text, "%zu at %d age %d%s", view->instances.n, (int)view->revision,
			(int)view->age, written_at[0] == '\0' ? "" : " dated");
	return n < 0 ? NULL : text;
}

static int played_create(struct output *o)
{
	UNUSED(o);
	stage.created++;
	return 0;
}

static enum applied played_apply(struct output *o, const char *text, struct err *err)
{
	stage.applied++;
	(void)snprintf(stage.text, sizeof stage.text, "%s", text);
	if (stage.again > 0.0) {
		output_again(o, stage.again);
	}
	if (stage.ends == APPLY_FAILED) {
		(void)err_set(err, ERR_SYSTEM, "No space left on device");
	}
	return stage.ends;
}

static void played_destroy(struct output *o)
{
	UNUSED(o);
	stage.destroyed++;
}

#define PLAYED                                                                                     \
	.place = played_place, .render = played_render, .create = played_create,                   \
	.apply = played_apply, .destroy = played_destroy

const struct output_kind output_json = { .name = "json", .dated = true, PLAYED };

/* ---- the stage ------------------------------------------------------------------------------- */

static char path[] = "/run/a.json";

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	assert_ptr_equal(o, stage.output);
	assert_ptr_equal(user, &stage);
	stage.told++;
	stage.troubles += trouble ? 1 : 0;
	(void)snprintf(stage.sentence, sizeof stage.sentence, "%s", sentence);
}

static void make(enum output_type type)
{
	stage.settings.type = type;
	stage.output = output_create(stage.loop, &stage.settings, 50, &stage.view, &stage.random,
			on_told, &stage);
	assert_non_null(stage.output);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	clock_replace(played_time);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	random_seed(&stage.random, 7);
	stage.settings.path = path;
	stage.view = (struct output_view){ .service = "s", .prefix = "/s/", .revision = 1 };
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	output_destroy(stage.output);
	assert_int_equal(stage.destroyed, stage.created);
	instances_finish(&stage.view.instances);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

static bool waiting(void)
{
	return ev_is_active(&stage.output->due) != 0;
}

static double left(void)
{
	assert_true(waiting());
	return ev_timer_remaining(stage.loop, &stage.output->due);
}

/* As the loop does it when the time has come. */
static void pass(void)
{
	stage.now += left();
	ev_timer_stop(stage.loop, &stage.output->due);
	ev_invoke(stage.loop, &stage.output->due, EV_TIMER);
}

static void change(void)
{
	stage.view.revision++;
	output_touch(stage.output);
}

static bool near(double a, double b)
{
	return a > b - 0.001 && a < b + 0.001;
}

/* ---- when it is due -------------------------------------------------------------------------- */

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

/* ---- failures -------------------------------------------------------------------------------- */

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
		TEST(nothing_is_written_before_the_first_touch),
		TEST(a_file_is_due_at_once_and_then_each_settle),
		TEST(what_has_come_back_is_not_written),
		TEST(a_kind_may_be_looked_at_again),
		TEST(a_change_while_it_runs_makes_one_more_run),
		TEST(a_failure_is_tried_again_and_told_once),
		TEST(a_change_does_not_hurry_a_retry),
		TEST(after_a_failure_all_is_written),
		TEST(lack_of_memory_is_a_failure),
		TEST(what_is_left_out_is_told_once),
		TEST(destroy_is_safe_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
