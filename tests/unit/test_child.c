/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/clock.h"
#include "agent/util.h"

#define LIMIT 1.0 /* seconds, of who does not end */
#define TRIES 6   /* ... and twice as long each time, where the machine is late */

static struct {
	struct ev_loop *loop;
	struct child child;
	bool ended;
	char why[400]; /* "" when it went well */
	double took, limit;
	char file[64]; /* what programs write to */
	bool check;    /* run it as a probe does */
} stage;

static bool kernel_is_old; /* as before 5.11: it does not know close_range() */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker names it so */
long __wrap_syscall(long number, unsigned first, unsigned last, unsigned flags);
long __real_syscall(long number, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

long __wrap_syscall(long number, unsigned first, unsigned last, unsigned flags)
{
	assert_int_equal(number, SYS_close_range);
	if (kernel_is_old) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, first, last, flags);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_default_loop(EVFLAG_AUTO);
	(void)snprintf(stage.file, sizeof stage.file, "/tmp/test_child.XXXXXX");
	int fd = mkstemp(stage.file);
	assert_true(fd >= 0);
	(void)close(fd);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	child_stop(&stage.child);
	(void)unlink(stage.file);
	return 0;
}

static void on_done(struct child *c, const char *why)
{
	assert_ptr_equal(c, &stage.child);
	stage.ended = true;
	(void)snprintf(stage.why, sizeof stage.why, "%s", why == NULL ? "" : why);
	ev_break(stage.loop, EVBREAK_ONE);
}

/* $1 of the script is the file. */
static int start(const char *script, const char *input, double timeout, struct err *err)
{
	char sh[] = "/bin/sh", c[] = "-c", zero[] = "sh";
	char *text = strdup(script);
	char *const argv[] = { sh, c, text, zero, stage.file, NULL };
	struct child_spec spec = { .argv = argv,
		.input = input,
		.service = "coupon-service",
		.timeout = timeout,
		.stdout_too = stage.check,
		.at_once = stage.check };
	int result = child_start(&stage.child, stage.loop, &spec, on_done, err);
	free(text);
	return result;
}

static void run(const char *script, const char *input, double timeout)
{
	double began = clock_now();
	struct err err;

	assert_int_equal(start(script, input, timeout, &err), 0);
	assert_false(stage.ended); /* a start never calls back */
	(void)ev_run(stage.loop, 0);
	stage.took = clock_now() - began;
	assert_true(stage.ended);
	assert_int_equal(stage.child.pid, 0);
	stage.ended = false;
}

static void expect_file(const char *expected)
{
	char text[4096] = "";
	FILE *file = fopen(stage.file, "r");

	assert_non_null(file);
	(void)fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	assert_string_equal(text, expected);
}

/* Until it was killed at its limit, by when it had begun: there is something in the file. */
static void run_to_limit(const char *script, const char *said)
{
	struct stat at = { .st_size = 0 };
	char why[100];

	stage.limit = LIMIT / 2.0;
	for (unsigned i = 0; i < TRIES && at.st_size == 0; i++) {
		stage.limit *= 2.0;
		assert_int_equal(truncate(stage.file, 0), 0);
		run(script, NULL, stage.limit);
		assert_int_equal(stat(stage.file, &at), 0);
	}
	(void)snprintf(why, sizeof why, "it did not end within %g s and was killed%s", stage.limit,
			said);
	assert_string_equal(stage.why, why);
}

static void gets_the_text_on_its_stdin(void **state)
{
	enum { LONG = 1000000 }; /* more than a pipe holds */
	char *text = malloc(LONG + 1);
	UNUSED(state);
	run("cat > \"$1\"", "{\"a\":1}\n", 60.0);
	assert_string_equal(stage.why, "");
	expect_file("{\"a\":1}\n");
	memset(text, 'x', LONG);
	text[LONG] = '\0';
	run("wc -c > \"$1\"", text, 60.0);
	expect_file("1000000\n");
	run("exec <&- ; true", text, 60.0); /* who does not read it is not killed for it */
	assert_string_equal(stage.why, "");
	run("cat > \"$1\"", NULL, 60.0);
	expect_file("");
	free(text);
}

static void sees_nothing_of_ours(void **state)
{
	UNUSED(state);
	assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
	assert_int_equal(setenv("HOME", "/h", 1), 0);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	assert_int_equal(unsetenv("LANG"), 0);
	assert_int_equal(setenv("ETCD_PASSWORD", "secret", 1), 0);
	run("env | grep -v '^PWD=\\|^_=\\|^SHLVL=' | sort > \"$1\"", NULL, 60.0);
	expect_file("HOME=/h\nPATH=/usr/bin:/bin\nSVC_AGENT_SERVICE=coupon-service\nTZ=UTC\n");

	int leak = open("/dev/null", O_RDONLY); /* not even what forgot to be CLOEXEC */
	assert_true(leak > 2);
	for (int old = 0; old < 2; old++) {
		int another = open("/dev/null", O_RDONLY);
		assert_true(another > leak);
		kernel_is_old = old != 0;
		run("exec ls /proc/self/fd > \"$1\"", NULL, 60.0);
		kernel_is_old = false;
		expect_file("0\n1\n2\n3\n"); /* ls opens the last */
		(void)close(another);
	}
	(void)close(leak);
}

static void starts_with_signals_as_they_are_by_default(void **state)
{
	sigset_t term, before;
	UNUSED(state);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
	/* But for 32 and 33, which glibc keeps for itself. */
	run("grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f 2 | sed 's/0000000180000000/0/; s/^0*$/0/' > \"$1\"",
			NULL, 60.0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	expect_file("0\n0\n");
}

static void runs_in_a_group_of_its_own(void **state)
{
	char expected[64];
	UNUSED(state);
	run("cut -d ' ' -f 5 /proc/$$/stat > \"$1\"; echo $$ >> \"$1\"; sort -u \"$1\" -o \"$1\"",
			NULL, 60.0);
	FILE *file = fopen(stage.file, "r");
	char text[64] = "";
	(void)fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	(void)snprintf(expected, sizeof expected, "%ld\n", strtol(text, NULL, 10));
	assert_string_equal(text, expected); /* its number and its group's are one */
}

static void tells_how_it_ended(void **state)
{
	static const struct {
		const char *script, *why;
	} cases[] = {
		{ "exit 0", "" },
		{ "echo fine >&2; exit 0", "" },
		{ "exit 3", "it exited with 3" },
		{ "echo one >&2; echo two >&2; exit 1", "it exited with 1: two" },
		{ "echo one >&2; echo >&2; exit 1", "it exited with 1: one" },
		{ "printf 'no end' >&2; exit 1", "it exited with 1: no end" },
		{ "echo out; exit 1", "it exited with 1" },
		{ "kill -9 $$", "it was ended by a signal: Killed" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		run(cases[i].script, NULL, 60.0);
		assert_string_equal(stage.why, cases[i].why);
	}
}

static void keeps_the_last_line_of_much(void **state)
{
	UNUSED(state);
	run("yes a line of some length | head -n 100000 >&2; echo the last >&2; exit 1", NULL,
			60.0);
	assert_string_equal(stage.why, "it exited with 1: the last");
	run("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", NULL, 60.0);
	assert_int_equal(strlen(stage.why), strlen("it exited with 1: ") + CHILD_LINE_MAX - 1);
}

/* 64 MB take a minute then, and not the tenth of a second that they could. */
static void who_writes_without_end_has_to_wait(void **state)
{
	UNUSED(state);
	run("head -c 64000000 /dev/zero >&2", NULL, 2.0);
	assert_non_null(strstr(stage.why, "it did not end within 2 s"));
}

static void says_why_it_cannot_be_run(void **state)
{
	char none[] = "/absent/program";
	char *const argv[] = { none, NULL };
	struct child_spec spec = { .argv = argv, .service = "s", .timeout = 1.0 };
	struct err err;
	UNUSED(state);
	assert_int_equal(child_start(&stage.child, stage.loop, &spec, on_done, &err), -1);
	assert_string_equal(err.text, "/absent/program cannot be run: No such file or directory");
	assert_int_equal(err.code, ERR_MISSING);
	assert_int_equal(stage.child.pid, 0);
}

/* True while a process has that number and runs; what nobody has reaped yet does not. */
static bool lives(long pid)
{
	char name[64], state = 'Z';

	(void)snprintf(name, sizeof name, "/proc/%ld/stat", pid);
	FILE *file = fopen(name, "r");
	if (file == NULL) {
		return false;
	}
	char line[256] = "";
	char *end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
	if (end != NULL) {
		state = end[2];
	}
	(void)fclose(file);
	return state != 'Z' && state != 'X';
}

static long pid_in_file(void)
{
	FILE *file = fopen(stage.file, "r");
	char text[32] = "";

	assert_non_null(file);
	(void)fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	assert_true(strtol(text, NULL, 10) > 1);
	return strtol(text, NULL, 10);
}

/* A signal may take a moment to be felt. */
static void expect_gone(long pid)
{
	for (unsigned i = 0; i < 6000 && lives(pid); i++) {
		(void)usleep(10000);
	}
	assert_false(lives(pid));
}

static void is_ended_with_its_group_at_the_limit(void **state)
{
	UNUSED(state);
	run_to_limit("echo waiting >&2; sleep 1000 & echo $! > \"$1\"; wait", ": waiting");
	expect_gone(pid_in_file());
}

static void is_killed_when_it_does_not_go(void **state)
{
	UNUSED(state);
	run_to_limit("trap '' TERM; sleep 1000 & echo $! > \"$1\"; wait; wait; wait", "");
	assert_true(stage.took >= stage.limit + 0.9 && stage.took < stage.limit + 60.0);
	expect_gone(pid_in_file());
}

static void tells_our_own_trouble_apart(void **state)
{
	char sh[] = "/bin/sh";
	char *const argv[] = { sh, NULL };
	struct child_spec spec = { .argv = argv, .service = "s", .timeout = 1.0 };
	struct rlimit before, none;
	struct err err;
	UNUSED(state);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int result = child_start(&stage.child, stage.loop, &spec, on_done, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, ERR_SYSTEM);
}

static void a_check_is_heard_on_stdout_too(void **state)
{
	UNUSED(state);
	run("echo out; exit 1", NULL, 60.0);
	assert_string_equal(stage.why, "it exited with 1");
	stage.check = true;
	run("echo out; exit 1", NULL, 60.0);
	assert_string_equal(stage.why, "it exited with 1: out");
	run("echo out; echo err >&2; exit 1", NULL, 60.0);
	assert_string_equal(stage.why, "it exited with 1: err");
}

/* Its whole group, and nobody waits until that has been seen. */
static void a_check_is_killed_without_a_warning(void **state)
{
	UNUSED(state);
	stage.check = true;
	stage.took = 100.0;
	/* A busy machine may be late once, but not each time. */
	for (unsigned i = 0; i < TRIES && stage.took >= stage.limit + 0.9; i++) {
		run_to_limit("trap '' TERM; sleep 1000 & echo hangs; echo $! > \"$1\"; wait; wait",
				": hangs");
		assert_true(child_was_late(&stage.child));
		expect_gone(pid_in_file());
	}
	assert_true(stage.took < stage.limit + 0.9);
	run("exit 1", NULL, 60.0);
	assert_false(child_was_late(&stage.child));
}

/* Others of its group have their second too, when it has gone before them. */
static void nothing_of_its_group_is_left(void **state)
{
	struct stat at = { .st_size = 0 };
	UNUSED(state);
	/* A busy machine may have no time for it in that second, but not each time. */
	for (unsigned i = 0; i < TRIES && at.st_size != 5; i++) {
		run_to_limit("(trap 'sleep 0.1; echo gone > \"$1\"; exit' TERM; "
			     "echo begun > \"$1\"; sleep 1000 & wait) & exec sleep 1000",
				"");
		assert_true(stage.took >= stage.limit + 0.09 && stage.took < stage.limit + 60.0);
		assert_int_equal(stat(stage.file, &at), 0);
	}
	expect_file("gone\n");
	run_to_limit("(trap '' TERM; exec sleep 1000) & echo $! > \"$1\"; exec sleep 1000", "");
	expect_gone(pid_in_file());
}

static void an_end_at_the_limit_is_none_in_time(void **state)
{
	UNUSED(state);
	run_to_limit("trap 'exit 0' TERM; echo begun > \"$1\"; sleep 1000 & wait", "");
}

static void does_not_wait_for_what_it_left_running(void **state)
{
	UNUSED(state);
	run("sleep 1000 & echo $! > \"$1\"", NULL, 60.0); /* it holds stderr open */
	assert_string_equal(stage.why, "");
	assert_true(stage.took < 50.0);
	long left = pid_in_file();
	assert_true(lives(left));
	(void)kill((pid_t)left, SIGKILL);
}

static void stop_kills_and_does_not_call(void **state)
{
	struct child zeroed = { 0 };
	struct err err;
	UNUSED(state);
	child_stop(&zeroed);
	assert_int_equal(start("trap '' TERM; sleep 1000", NULL, 100.0, &err), 0);
	long pid = stage.child.pid;
	child_stop(&stage.child);
	child_stop(&stage.child);
	char name[64];
	(void)snprintf(name, sizeof name, "/proc/%ld", pid);
	for (unsigned i = 0; i < 6000 && access(name, F_OK) == 0; i++) { /* the loop reaps it */
		(void)ev_run(stage.loop, EVRUN_NOWAIT);
		(void)usleep(10000);
	}
	assert_int_equal(access(name, F_OK), -1);
	assert_false(stage.ended);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gets_the_text_on_its_stdin),
		TEST(sees_nothing_of_ours),
		TEST(starts_with_signals_as_they_are_by_default),
		TEST(runs_in_a_group_of_its_own),
		TEST(tells_how_it_ended),
		TEST(keeps_the_last_line_of_much),
		TEST(who_writes_without_end_has_to_wait),
		TEST(says_why_it_cannot_be_run),
		TEST(is_ended_with_its_group_at_the_limit),
		TEST(is_killed_when_it_does_not_go),
		TEST(tells_our_own_trouble_apart),
		TEST(a_check_is_heard_on_stdout_too),
		TEST(a_check_is_killed_without_a_warning),
		TEST(nothing_of_its_group_is_left),
		TEST(an_end_at_the_limit_is_none_in_time),
		TEST(does_not_wait_for_what_it_left_running),
		TEST(stop_kills_and_does_not_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
