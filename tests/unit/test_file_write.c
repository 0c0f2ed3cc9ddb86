/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "agent/util.h"
#include "tests/unit/file_write_stage.h"

/* ---- one by itself ------------------------------------------------------------------- */

static void it_is_written_and_its_end_is_told(void **state)
{
	struct writer *a = &stage.at[0];
	UNUSED(state);
	begin(a, "one\n");
	run_to_the_end();
	assert_int_equal(a->ends, 1);
	assert_string_equal(a->why, "");
	expect_text(a, "one\n");
	a->ends = 0;
	begin(a, "two\n");
	run_to_the_end();
	assert_int_equal(a->ends, 1);
	expect_text(a, "two\n");
	assert_int_equal(names(0, false), 1);
}

static void a_failure_is_told(void **state)
{
	struct writer *a = &stage.at[0];
	UNUSED(state);
	make(a, 99, "a");
	begin(a, "one\n");
	run_to_the_end();
	assert_int_equal(a->ends, 1);
	assert_string_equal(a->why, "no file can be made beside it: No such file or directory");
}

/* There is nobody else to do it. */
static void without_a_thread_the_loop_writes(void **state)
{
	struct writer *a = &stage.at[0];
	struct err err = { 0 };
	UNUSED(state);
	no_threads = true;
	assert_true(file_write_has_turn(&a->write));
	assert_int_equal(start(a, "one\n", &err), APPLY_DONE);
	expect_text(a, "one\n");
	make(&stage.second, 99, "a");
	assert_true(file_write_has_turn(&stage.second.write));
	assert_int_equal(start(&stage.second, "two\n", &err), APPLY_FAILED);
	assert_non_null(strstr(err.text, "no file can be made beside it"));
	run_to_the_end();
	assert_int_equal(a->ends + stage.second.ends, 0);
	no_threads = false;
	begin(a, "three\n");
	run_to_the_end();
	expect_text(a, "three\n");
}

static void who_takes_long_is_late_once(void **state)
{
	struct writer *a = &stage.at[0], *b = &stage.beside;
	UNUSED(state);
	hold(&disk.fsync, 1);
	begin(a, "one\n");
	assert_false(file_write_has_turn(&b->write));
	assert_true(ev_timer_remaining(stage.loop, &a->write.late) > 1.0);
	assert_true(ev_is_active(&b->write.late) != 0); /* also who waits for it */
	ev_timer_stop(stage.loop, &a->write.late);
	ev_invoke(stage.loop, &a->write.late, EV_TIMER);
	assert_int_equal(a->lates, 1);
	assert_false(ev_is_active(&a->write.late));
	hold(&disk.fsync, 0);
	run_to_the_end(); /* no clock goes on */
	assert_int_equal(a->ends, 1);
	assert_int_equal(b->turns, 1);
}

/* ---- one that is cancelled ----------------------------------------------------------- */

static void what_is_cancelled_takes_no_place(void **state)
{
	struct writer *a = &stage.at[0];
	UNUSED(state);
	begin(a, "one\n");
	run_to_the_end();
	hold(&disk.fsync, 2);
	a->ends = 0;
	begin(a, "two\n");
	wait_asked(&disk.fsync, 2);
	assert_int_equal(names(0, false), 2);
	file_write_cancel(&a->write);
	file_write_cancel(&a->write);
	run_to_the_end(); /* nobody waits for it */
	hold(&disk.fsync, 0);
	wait_names(0, 1);
	expect_text(a, "one\n");
	assert_int_equal(a->ends, 0);
}

static void the_next_one_does_not_wait_for_it(void **state)
{
	struct writer *a = &stage.at[0], *b = &stage.second;
	UNUSED(state);
	hold(&disk.fsync, 1);
	begin(a, "one\n");
	wait_asked(&disk.fsync, 1);
	file_write_cancel(&a->write);
	begin(b, "two\n");
	run_to_the_end();
	assert_int_equal(b->ends, 1);
	expect_text(b, "two\n");
	hold(&disk.fsync, 0);
	wait_names(0, 1);
	expect_text(b, "two\n");
}

/* But when that takes its place already: the newest is to be there in the end. */
static void the_next_one_is_later_than_what_takes_its_place(void **state)
{
	struct writer *a = &stage.at[0], *b = &stage.second;
	UNUSED(state);
	hold(&disk.rename, 1);
	begin(a, "one\n");
	wait_asked(&disk.rename, 1);
	file_write_cancel(&a->write);
	assert_true(file_write_has_turn(&stage.beside.write)); /* another file need not */
	b->text = "two\n";
	assert_false(file_write_has_turn(&b->write));
	assert_false(file_write_has_turn(&b->write));
	(void)ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(b->turns, 0);
	hold(&disk.rename, 0);
	run_to_the_end();
	assert_int_equal(b->turns, 1);
	assert_int_equal(b->ends, 1);
	assert_int_equal(a->ends, 0);
	expect_text(b, "two\n");
}

/* Wherever it is meanwhile, and also when it is over and the loop has not looked. */
static void one_may_be_cancelled_at_any_time(void **state)
{
	struct writer *a = &stage.at[0];
	UNUSED(state);
	for (unsigned i = 0; i < 20; i++) {
		unsigned before = disk.rename.asked;
		begin(a, "one\n");
		if (i % 2 == 0) {
			wait_asked(&disk.rename, before + 1);
			(void)usleep(i * 500);
		}
		file_write_cancel(&a->write);
		clear();
	}
	run_to_the_end();
	assert_int_equal(a->ends, 0);
	file_write_cancel(&(struct file_write){ 0 });
}

static void before_the_end_there_is_a_moment_for_it(void **state)
{
	struct writer *a = &stage.at[0];
	UNUSED(state);
	hold(&disk.fsync, 1);
	begin(a, "one\n");
	wait_asked(&disk.fsync, 1);
	file_write_cancel(&a->write);
	file_write_clear(); /* does not wait for a disk that hangs */
	assert_int_equal(names(0, false), 1);
	hold(&disk.fsync, 0);
	clear();
	assert_int_equal(names(0, false), 0);
}

/* ---- many of them -------------------------------------------------------------------- */

static void a_folder_is_written_to_by_one_at_a_time(void **state)
{
	struct writer *a = &stage.at[0], *b = &stage.beside, *other = &stage.at[1];
	UNUSED(state);
	hold(&disk.fsync, 1);
	begin(a, "one\n");
	wait_asked(&disk.fsync, 1);
	b->text = "two\n";
	assert_false(file_write_has_turn(&b->write));
	begin(other, "three\n");
	run_until(&other->ends, 1);
	expect_text(other, "three\n");
	assert_int_equal(b->turns, 0);
	hold(&disk.fsync, 0);
	run_to_the_end();
	assert_int_equal(a->ends, 1);
	assert_int_equal(b->ends, 1);
	expect_text(b, "two\n");
}

static void who_waits_may_be_cancelled_or_have_nothing_to_write(void **state)
{
	struct writer *a = &stage.at[0], *b = &stage.beside, *c = &stage.second;
	UNUSED(state);
	hold(&disk.fsync, 1);
	begin(a, "one\n");
	assert_false(file_write_has_turn(&b->write));
	assert_false(file_write_has_turn(&c->write));
	file_write_cancel(&b->write);
	hold(&disk.fsync, 0);
	run_until(&c->turns, 1);
	assert_false(ev_is_active(&c->write.late)); /* it is late for nothing */
	run_to_the_end();
	assert_int_equal(b->turns, 0);
	assert_int_equal(c->turns, 1);
	assert_int_equal(c->ends, 0);
	assert_int_equal(names(0, false), 1);
}

/* A thread for each, so there are no more of them. */
static void so_many_folders_at_once(void **state)
{
	struct writer *last = &stage.at[FOLDERS - 1];
	UNUSED(state);
	hold(&disk.fsync, FOLDERS - 1);
	for (unsigned i = 0; i + 1 < FOLDERS; i++) {
		begin(&stage.at[i], "one\n");
	}
	wait_asked(&disk.fsync, FOLDERS - 1);
	last->text = "two\n";
	assert_false(file_write_has_turn(&last->write));
	file_write_cancel(&stage.at[0].write);
	(void)ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(last->turns, 0); /* it is there until its disk answers */
	hold(&disk.fsync, 0);
	run_to_the_end();
	expect_text(last, "two\n");
	for (unsigned i = 1; i < FOLDERS; i++) {
		assert_int_equal(stage.at[i].ends, 1);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_written_and_its_end_is_told),
		TEST(a_failure_is_told),
		TEST(without_a_thread_the_loop_writes),
		TEST(who_takes_long_is_late_once),
		TEST(what_is_cancelled_takes_no_place),
		TEST(the_next_one_does_not_wait_for_it),
		TEST(the_next_one_is_later_than_what_takes_its_place),
		TEST(one_may_be_cancelled_at_any_time),
		TEST(before_the_end_there_is_a_moment_for_it),
		TEST(a_folder_is_written_to_by_one_at_a_time),
		TEST(who_waits_may_be_cancelled_or_have_nothing_to_write),
		TEST(so_many_folders_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
