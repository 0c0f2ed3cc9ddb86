/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/secret_file.h"
#include "agent/util.h"

static char folder[] = "/tmp/secret-file-XXXXXX";
static char path[sizeof folder + 8];
static char out[SECRET_FILE_MAX + 1];
static struct secret_stamp stamp;
static struct err err;

static void write_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

#define WRITE(text) write_file((text), sizeof(text) - 1)

static int make_folder(void **state)
{
	UNUSED(state);
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	(void)snprintf(path, sizeof path, "%s/file", folder);
	return 0;
}

static int remove_file(void **state)
{
	UNUSED(state);
	(void)remove(path);
	return 0;
}

static int remove_folder(void **state)
{
	UNUSED(state);
	return rmdir(folder);
}

static void expect(const char *secret)
{
	assert_int_equal(secret_file_read(path, out, &stamp, &err), 0);
	assert_string_equal(out, secret);
	assert_false(secret_file_changed(path, &stamp));
}

static void expect_failure(const char *words)
{
	assert_int_equal(secret_file_read(path, out, &stamp, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, words));
	assert_false(secret_file_changed(path, &stamp));
}

static void reads_one_line(void **state)
{
	UNUSED(state);
	WRITE("secret\n");
	expect("secret");
	WRITE("secret");
	expect("secret");
	WRITE(" with blanks \n\n");
	expect(" with blanks \n");
}

static void refuses_what_is_no_secret(void **state)
{
	static char much[SECRET_FILE_MAX + 1];
	UNUSED(state);
	expect_failure("cannot be opened: No such file");
	WRITE("");
	expect_failure("is empty");
	WRITE("\n");
	expect_failure("is empty");
	WRITE("a\0b");
	expect_failure("NUL");
	memset(much, 'x', sizeof much);
	write_file(much, sizeof much);
	expect_failure("longer than 4096 bytes");
	write_file(much, sizeof much - 1);
	assert_int_equal(secret_file_read(path, out, &stamp, &err), 0);
	assert_int_equal(strlen(out), SECRET_FILE_MAX);
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_failure("not a regular file"); /* and does not wait for a writer */
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_failure("not a regular file");
}

static void sees_a_change(void **state)
{
	UNUSED(state);
	expect_failure("cannot be opened");
	WRITE("one");
	assert_true(secret_file_changed(path, &stamp));
	expect("one");
	WRITE("three");
	assert_true(secret_file_changed(path, &stamp));
	expect("three");
	assert_int_equal(remove(path), 0);
	assert_true(secret_file_changed(path, &stamp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_one_line, remove_file),
		cmocka_unit_test_teardown(refuses_what_is_no_secret, remove_file),
		cmocka_unit_test_teardown(sees_a_change, remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
