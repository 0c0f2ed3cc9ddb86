/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/outputs/file.h"
#include "agent/util.h"

static char folder[64], path[80];
static struct random drawn;

static int set_up(void **state)
{
	UNUSED(state);
	(void)snprintf(folder, sizeof folder, "/tmp/test_file.XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/a.json", folder);
	random_seed(&drawn, 7);
	return 0;
}

/* The number of names in the folder, without . and .. */
static unsigned names(void)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 ? 1 : 0;
	}
	(void)closedir(dir);
	return n;
}

static int tear_down(void **state)
{
	DIR *dir = opendir(folder);

	UNUSED(state);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	(void)closedir(dir);
	return rmdir(folder);
}

static void expect_text(const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	(void)fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	assert_string_equal(text, expected);
}

static int file_replace(const char *at, const char *text, size_t len, struct err *err)
{
	char name[sizeof path + 20 + FILE_DRAFT_MORE];

	return file_draft(name, at, text, len, &drawn, err) < 0 || file_publish(name, at, err) < 0
			       ? -1
			       : 0;
}

static void replace(const char *text)
{
	struct err err;

	if (file_replace(path, text, strlen(text), &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_text(text);
}

static void expect_failure(const char *text, const char *sentence)
{
	struct err err;

	assert_int_equal(file_replace(path, text, strlen(text), &err), -1);
	if (strstr(err.text, sentence) == NULL) {
		fail_msg("%s", err.text);
	}
}

/* The name that is drawn next. */
static void next_name(char *name, size_t size)
{
	struct random same = drawn;

	(void)snprintf(name, size, "%s/.a.json.%08x.svc-agent", folder,
			random_below(&same, UINT32_MAX));
}

static void replaces_it_as_a_whole(void **state)
{
	UNUSED(state);
	replace("one\n");
	int before = open(path, O_RDONLY | O_CLOEXEC);
	replace("two, which is longer\n");
	char text[8] = "";
	assert_int_equal(read(before, text, sizeof text), 4);
	assert_string_equal(text, "one\n"); /* who has it open keeps what it was */
	(void)close(before);
	assert_int_equal(names(), 1);
}

static void leaves_the_mode_to_the_umask(void **state)
{
	struct stat st;
	mode_t before = umask(027);
	UNUSED(state);
	replace("one\n");
	(void)umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void writes_beside_a_relative_path(void **state)
{
	struct err err;
	char here[256];
	UNUSED(state);
	assert_non_null(getcwd(here, sizeof here));
	assert_int_equal(chdir(folder), 0);
	file_sweep("a.json");
	int result = file_replace("a.json", "one\n", 4, &err);
	assert_int_equal(chdir(here), 0);
	assert_int_equal(result, 0);
	expect_text("one\n");
}

static void follows_no_link_at_the_temporary_name(void **state)
{
	char name[128], victim[80];
	UNUSED(state);
	(void)snprintf(victim, sizeof victim, "%s/victim", folder);
	next_name(name, sizeof name);
	assert_int_equal(symlink(victim, name), 0);
	replace("one\n"); /* under the name after it */
	assert_int_equal(access(victim, F_OK), -1);
	assert_int_equal(names(), 2);
}

/* With every name taken it gives up. */
static void fails_when_nothing_can_be_made(void **state)
{
	struct random same = drawn;
	UNUSED(state);
	for (unsigned i = 0; i < 8; i++) {
		char name[128];
		(void)snprintf(name, sizeof name, "%s/.a.json.%08x.svc-agent", folder,
				random_below(&same, UINT32_MAX));
		assert_int_equal(symlink("nowhere", name), 0);
	}
	expect_failure("one\n", "no file can be made beside it: File exists");
	(void)snprintf(path, sizeof path, "%s/absent/a.json", folder);
	expect_failure("one\n", "no file can be made beside it: No such file");
	(void)snprintf(path, sizeof path, "/proc/a.json");
	expect_failure("one\n", "no file can be made beside it: ");
}

/* As on a full disk: the second half does not fit. */
static void leaves_all_as_it_was_when_it_cannot_write(void **state)
{
	struct rlimit before, small;
	UNUSED(state);
	replace("one\n");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 8, before.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct err err;
	int result = file_replace(path, "sixteen letters\n", 16, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, -1);
	assert_string_equal(err.text, "it cannot be written: File too large");
	expect_text("one\n");
	assert_int_equal(names(), 1);
}

static void leaves_nothing_when_it_cannot_rename(void **state)
{
	UNUSED(state);
	assert_int_equal(mkdir(path, 0755), 0);
	expect_failure("one\n", "it cannot be replaced: Is a directory");
	assert_int_equal(names(), 1);
	assert_int_equal(rmdir(path), 0);
}

/* Until it is published nothing has changed. */
static void a_draft_may_be_discarded(void **state)
{
	char name[sizeof path + FILE_DRAFT_MORE];
	struct err err;
	UNUSED(state);
	replace("one\n");
	assert_int_equal(file_draft(name, path, "two\n", 4, &drawn, &err), 0);
	assert_true(strlen(name) == strlen(path) + FILE_DRAFT_MORE - 1);
	assert_int_equal(names(), 2);
	expect_text("one\n");
	file_discard(name);
	assert_int_equal(names(), 1);
}

static void put_beside(const char *name, int seconds_old)
{
	char at[160];
	struct timespec times[2];

	(void)snprintf(at, sizeof at, "%s/%s", folder, name);
	int fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds_old;
	times[1] = times[0];
	assert_int_equal(futimens(fd, times), 0);
	(void)close(fd);
}

static void sweeps_what_a_killed_agent_has_left(void **state)
{
	UNUSED(state);
	put_beside(".a.json.0123abcd.svc-agent", 120);
	file_sweep(path);
	assert_int_equal(names(), 0);
	put_beside(".a.json.0123abcd.svc-agent", 30); /* that one is being written */
	put_beside(".a.json.0123abcg.svc-agent", 120);
	put_beside(".a.json.0123abcd.svc-agent2", 120);
	put_beside(".ab.json.0123abcd.svc-agent", 120);
	put_beside(".b.json.0123abcd.svc-agent", 120);
	put_beside("a.json.0123abcd.svc-agent", 120);
	file_sweep(path);
	assert_int_equal(names(), 6);
	file_sweep("/absent/a.json");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replaces_it_as_a_whole),
		TEST(leaves_the_mode_to_the_umask),
		TEST(writes_beside_a_relative_path),
		TEST(follows_no_link_at_the_temporary_name),
		TEST(fails_when_nothing_can_be_made),
		TEST(leaves_all_as_it_was_when_it_cannot_write),
		TEST(leaves_nothing_when_it_cannot_rename),
		TEST(a_draft_may_be_discarded),
		TEST(sweeps_what_a_killed_agent_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
