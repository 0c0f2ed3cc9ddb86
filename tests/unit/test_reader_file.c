/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/guard.h"
#include "agent/util.h"
#include "tests/unit/reader_stage.h"

/* What the file of a reader is worth when it begins. */

static void what_the_file_says_is_published_and_stale_after_a_second(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 0.0);
	reader_start(&reader);
	expect(3, false, false); /* it stands in the file */
	assert_int_equal(reader.view.revision, 7);
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(reader.view.age >= 1.0 && reader.view.age < 10.0);
	end_wait(&reader.age);
	assert_true(reader.view.age >= 11.0 && reader.view.age < 20.0);
	expect(3, true, true);
}

static void etcd_confirms_what_the_file_says(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 0.0);
	reader_start(&reader);
	read_finds(3);
	expect(3, true, false);
	assert_int_equal(reader.view.revision, 20);
}

static void the_age_goes_on_across_a_restart(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 3600.0);
	reader_start(&reader);
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(reader.view.age >= 3601.0 && reader.view.age < 3610.0);
}

/* To contradict it is not to confirm it. */
static void so_it_does_while_a_loss_is_confirmed(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 3600.0);
	reader_start(&reader);
	read_finds(0);
	expect(3, false, false);
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(reader.view.age >= 3601.0 && reader.view.age < 3610.0);
	read_finds(0);
	expect(0, true, false);
}

static void a_loss_since_the_file_is_confirmed_first(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 0.0);
	reader_start(&reader);
	read_finds(1);
	expect(3, false, false);
	read_finds(1);
	expect(1, true, false);
}

static void and_held_when_etcd_did_not_answer_at_first(void **state)
{
	UNUSED(state);
	write_file("a", PREFIX, 3, 0.0);
	reader_start(&reader);
	end_wait(&reader.age);
	read_finds(1);
	expect(3, true, true);
	assert_true(is_left(&reader.hold, GUARD_TTL));
}

static void a_file_of_others_or_none_at_all_is_not_believed(void **state)
{
	UNUSED(state);
	write_file("b", PREFIX, 3, 0.0);
	reader_start(&reader);
	end_wait(&reader.age);
	expect(0, false, true);
	(void)tear_down(NULL);
	(void)set_up(NULL);
	write_file("a", "/services/b/", 3, 0.0);
	reader_start(&reader);
	expect(0, false, false);
	(void)tear_down(NULL);
	(void)set_up(NULL);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	(void)fputs("{\"service\":\"a\",\"prefix\":\"" PREFIX "\",\"revi", out);
	assert_int_equal(fclose(out), 0);
	reader_start(&reader);
	end_wait(&reader.age);
	expect(0, false, true);
	read_finds(2);
	expect(2, true, false);
}

/* Nobody writes to it: whoever opens it to read waits for that. */
static void a_pipe_in_its_place_is_not_waited_for(void **state)
{
	UNUSED(state);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(120);
	reader_start(&reader);
	(void)alarm(0);
	expect(0, false, false);
	read_finds(2);
	expect(2, true, false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_the_file_says_is_published_and_stale_after_a_second),
		TEST(etcd_confirms_what_the_file_says),
		TEST(the_age_goes_on_across_a_restart),
		TEST(so_it_does_while_a_loss_is_confirmed),
		TEST(a_loss_since_the_file_is_confirmed_first),
		TEST(and_held_when_etcd_did_not_answer_at_first),
		TEST(a_file_of_others_or_none_at_all_is_not_believed),
		TEST(a_pipe_in_its_place_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
