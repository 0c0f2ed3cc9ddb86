/* SPDX-License-Identifier: Apache-2.0 */
/* The output nginx by way of the funnel, and exec beside it; the programs are played by sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/outputs/output.h"
#include "agent/outputs/output_kind.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static char sh[] = "sh", c[] = "-c", script[800], folder[64], path[80], runs[80], upstream[] = "up";
static char *argv[] = { sh, c, script, NULL };

static struct {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings;
	struct output_view view;
	struct output *output;
	unsigned told;
	char sentence[600];
	ev_timer patience, poll;
	unsigned wanted; /* runs */
} stage;

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	(void)snprintf(folder, sizeof folder, "/tmp/test_nginx.XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/up.conf", folder);
	(void)snprintf(runs, sizeof runs, "%s/runs", folder);
	random_seed(&stage.random, 7);
	stage.loop = ev_default_loop(EVFLAG_AUTO);
	stage.settings = (struct output_settings){
		.path = path, .upstream = upstream, .timeout_ms = 60000
	};
	make_coupon(&stage.view);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	output_destroy(stage.output);
	instances_finish(&stage.view.instances);
	DIR *dir = opendir(folder);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	(void)closedir(dir);
	return rmdir(folder);
}

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	UNUSED(o);
	UNUSED(trouble);
	UNUSED(user);
	stage.told++;
	(void)snprintf(stage.sentence, sizeof stage.sentence, "%s", sentence);
}

/* Each run adds a line to the file `runs`, and then does what `does` says. */
static void make(enum output_type type, const char *does)
{
	struct words words = { argv, 3 };

	(void)snprintf(script, sizeof script, "cat >> %s; echo run >> %s; %s", runs, runs, does);
	stage.settings.type = type;
	if (type == OUTPUT_NGINX) {
		stage.settings.reload = words;
	} else {
		stage.settings.command = words;
	}
	stage.output = output_create(
			stage.loop, &stage.settings, 20, &stage.view, &stage.random, on_told, NULL);
}

static char *text_of(const char *file)
{
	static char text[8000];
	FILE *in = fopen(file, "r");
	size_t n = in == NULL ? 0 : fread(text, 1, sizeof text - 1, in);

	text[n] = '\0';
	if (in != NULL) {
		(void)fclose(in);
	}
	return text;
}

static unsigned count_runs(void)
{
	unsigned n = 0;

	for (const char *at = text_of(runs); (at = strstr(at, "run\n")) != NULL; at++) {
		n++;
	}
	return n;
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ONE);
}

static void on_poll(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	if (count_runs() >= stage.wanted) {
		ev_break(loop, EVBREAK_ONE);
	}
}

static void turn(double seconds)
{
	ev_timer_init(&stage.patience, on_patience, seconds, 0.0);
	ev_timer_start(stage.loop, &stage.patience);
	(void)ev_run(stage.loop, 0);
	ev_timer_stop(stage.loop, &stage.patience);
}

/* Waits until there were so many, and a while longer to see that there are no more. */
static void expect_runs(unsigned n)
{
	stage.wanted = n;
	ev_now_update(stage.loop);
	ev_timer_init(&stage.poll, on_poll, 0.0, 0.005);
	ev_timer_start(stage.loop, &stage.poll);
	turn(60.0);
	ev_timer_stop(stage.loop, &stage.poll);
	turn(0.15);
	assert_int_equal(count_runs(), n);
}

/* Waits until so much was told: a run ends a moment after its line is there. */
static void wait_told(unsigned n)
{
	for (unsigned i = 0; i < 1200 && stage.told < n; i++) {
		turn(0.05);
	}
	assert_int_equal(stage.told, n);
}

static void change(const char *key)
{
	add_instance(&stage.view, key, "10.0.0.1", 1, "{}", 1);
	output_touch(stage.output);
}

static void reloads_once_for_changes_that_settle_together(void **state)
{
	UNUSED(state);
	make(OUTPUT_NGINX, "true");
	output_touch(stage.output);
	change("/a");
	change("/b");
	expect_runs(1);
	assert_non_null(strstr(text_of(path), "server 10.0.0.1:1 weight=1;\n\tserver 10.0.0.1:1"));
	output_touch(stage.output); /* nothing has changed */
	stage.view.revision++;
	expect_runs(1);
	change("/c");
	expect_runs(2);
	assert_int_equal(stage.told, 0);
}

static void a_reload_that_fails_is_repeated_and_the_file_is_not(void **state)
{
	char does[400];
	UNUSED(state);
	(void)snprintf(does, sizeof does,
			"echo no nginx >&2; [ $(grep -c run %s) = 2 ] || ! rm -f %s", runs, path);
	make(OUTPUT_NGINX, does);
	output_touch(stage.output);
	expect_runs(2);
	wait_told(2);
	assert_int_equal(access(path, F_OK), -1);
	assert_non_null(strstr(stage.sentence, "works again"));
	change("/a");
	wait_told(3);
	assert_non_null(strstr(stage.sentence, "it exited with 1: no nginx"));
}

static void needs_no_reload(void **state)
{
	UNUSED(state);
	stage.settings.type = OUTPUT_NGINX;
	stage.output = output_create(
			stage.loop, &stage.settings, 20, &stage.view, &stage.random, on_told, NULL);
	output_touch(stage.output);
	for (unsigned i = 0; i < 1200 && access(path, F_OK) < 0; i++) {
		turn(0.05);
	}
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(stage.told, 0);
}

static void no_reload_without_the_file(void **state)
{
	UNUSED(state);
	(void)snprintf(path, sizeof path, "%s/absent/up.conf", folder);
	make(OUTPUT_NGINX, "true");
	output_touch(stage.output);
	wait_told(1);
	assert_non_null(strstr(stage.sentence, "no file can be made beside it"));
	turn(0.1);
	assert_int_equal(count_runs(), 0);
}

/* Its stdin is the document, and a change meanwhile makes one more run, after it. */
static void exec_runs_once_at_a_time(void **state)
{
	UNUSED(state);
	make(OUTPUT_EXEC, "sleep 0.2; echo end >> \"$0\"");
	argv[2] = script;
	(void)snprintf(script, sizeof script,
			"echo begin >> %s; sleep 0.2; cat >> %s; echo run >> %s", runs, runs, runs);
	output_touch(stage.output);
	for (unsigned i = 0; i < 1200 && !stage.output->running; i++) {
		turn(0.05);
	}
	change("/a");
	change("/b");
	expect_runs(2);
	char *text = text_of(runs);
	char *first = strstr(text, "run\n");
	assert_int_equal(strncmp(text, "begin\n{\"schema_version\":1,", 26), 0);
	assert_int_equal(strncmp(first, "run\nbegin\n{", 11), 0);
	assert_null(strstr(text, "\"key\":\"/a\"") < first ? text : NULL);
	assert_non_null(strstr(first, "\"key\":\"/b\""));
}

static void destroy_ends_the_program(void **state)
{
	UNUSED(state);
	make(OUTPUT_EXEC, "");
	(void)snprintf(script, sizeof script, "echo $$ run >> %s; exec sleep 1000", runs);
	output_touch(stage.output);
	expect_runs(1);
	pid_t pid = (pid_t)strtol(text_of(runs), NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), 0);
	output_destroy(stage.output);
	stage.output = NULL;
	for (unsigned i = 0; i < 1200 && kill(pid, 0) == 0; i++) { /* the loop reaps it */
		turn(0.05);
	}
	assert_int_equal(kill(pid, 0), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reloads_once_for_changes_that_settle_together),
		TEST(a_reload_that_fails_is_repeated_and_the_file_is_not),
		TEST(needs_no_reload),
		TEST(no_reload_without_the_file),
		TEST(exec_runs_once_at_a_time),
		TEST(destroy_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
