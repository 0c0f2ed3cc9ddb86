/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/tls_files.h"
#include "agent/util.h"

#define PATH_SIZE 64

static struct {
	double now;
	char folder[PATH_SIZE];
	char ca[PATH_SIZE + 16], cert[PATH_SIZE + 16], key[PATH_SIZE + 16];
	struct tls_settings settings;
	struct tls_files files;
} t;

static double now(void)
{
	return t.now;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	UNUSED(state);
	(void)snprintf(t.folder, sizeof t.folder, "/tmp/tls_files.XXXXXX");
	if (mkdtemp(t.folder) == NULL) {
		return -1;
	}
	(void)snprintf(t.ca, sizeof t.ca, "%s/ca", t.folder);
	(void)snprintf(t.cert, sizeof t.cert, "%s/cert", t.folder);
	(void)snprintf(t.key, sizeof t.key, "%s/key", t.folder);
	write_file(t.ca, "a");
	write_file(t.cert, "b");
	write_file(t.key, "c");
	t.settings = (struct tls_settings){
		.on = true, .ca_file = t.ca, .cert_file = t.cert, .key_file = t.key
	};
	t.now = 100.0;
	clock_replace(now);
	tls_files_init(&t.files, &t.settings);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	clock_replace(NULL);
	(void)unlink(t.ca);
	(void)unlink(t.cert);
	(void)unlink(t.key);
	return rmdir(t.folder);
}

static bool changed_after(double seconds)
{
	t.now += seconds;
	return tls_files_changed(&t.files);
}

static void assert_quiet(void)
{
	for (int i = 0; i < 5; i++) {
		assert_false(changed_after(1.0));
	}
}

static void is_quiet_when_nothing_changes(void **state)
{
	UNUSED(state);
	assert_quiet();
}

static void tells_once_of_each_file(void **state)
{
	const char *const paths[] = { t.ca, t.cert, t.key };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		write_file(paths[i], "longer than before");
		assert_false(changed_after(1.0)); /* it may not be all yet */
		assert_true(changed_after(1.0));
		assert_quiet();
	}
}

static void waits_until_the_second_file_is_there_too(void **state)
{
	UNUSED(state);
	write_file(t.cert, "new certificate");
	assert_false(changed_after(1.0));
	write_file(t.key, "new key");
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
	assert_quiet();
}

static void looks_once_a_second(void **state)
{
	UNUSED(state);
	write_file(t.cert, "new certificate");
	assert_false(changed_after(0.9));
	assert_false(changed_after(0.1)); /* the first look */
	assert_false(changed_after(0.9));
	assert_true(changed_after(0.1)); /* the second */
}

static void the_same_size_in_another_file_is_a_change(void **state)
{
	struct timespec times[2];
	struct stat was;
	char fresh[PATH_SIZE + 16];
	UNUSED(state);
	assert_int_equal(stat(t.key, &was), 0);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", t.folder);
	write_file(fresh, "d");
	times[0] = was.st_atim;
	times[1] = was.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, fresh, times, 0), 0);
	assert_int_equal(rename(fresh, t.key), 0);
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
}

static void the_same_file_at_another_time_is_a_change(void **state)
{
	const struct timespec times[2] = { { 1000, 0 }, { 1000, 1 } };
	UNUSED(state);
	assert_int_equal(utimensat(AT_FDCWD, t.ca, times, 0), 0);
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
}

static void follows_a_link_that_is_swapped(void **state)
{
	char one[PATH_SIZE + 16], two[PATH_SIZE + 16], link[PATH_SIZE + 16], fresh[PATH_SIZE + 16];
	UNUSED(state);
	(void)snprintf(one, sizeof one, "%s/one", t.folder);
	(void)snprintf(two, sizeof two, "%s/two", t.folder);
	(void)snprintf(link, sizeof link, "%s/link", t.folder);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", t.folder);
	write_file(one, "1");
	write_file(two, "2");
	assert_int_equal(symlink("one", link), 0);
	t.settings.ca_file = link;
	tls_files_init(&t.files, &t.settings);
	assert_int_equal(symlink("two", fresh), 0);
	assert_int_equal(rename(fresh, link), 0);
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
	assert_quiet();
	(void)unlink(one);
	(void)unlink(two);
	(void)unlink(link);
}

static void a_file_that_goes_and_comes_back(void **state)
{
	UNUSED(state);
	assert_int_equal(unlink(t.key), 0);
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
	assert_quiet();
	write_file(t.key, "back");
	assert_false(changed_after(1.0));
	assert_true(changed_after(1.0));
	assert_quiet();
}

static void names_that_are_not_set_never_change(void **state)
{
	char none[] = "";
	UNUSED(state);
	t.settings.ca_file = none;
	t.settings.cert_file = none;
	t.settings.key_file = none;
	tls_files_init(&t.files, &t.settings);
	write_file(t.ca, "longer than before");
	assert_quiet();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_quiet_when_nothing_changes),
		TEST(tells_once_of_each_file),
		TEST(waits_until_the_second_file_is_there_too),
		TEST(looks_once_a_second),
		TEST(the_same_size_in_another_file_is_a_change),
		TEST(the_same_file_at_another_time_is_a_change),
		TEST(follows_a_link_that_is_swapped),
		TEST(a_file_that_goes_and_comes_back),
		TEST(names_that_are_not_set_never_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
