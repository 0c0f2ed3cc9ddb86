/* SPDX-License-Identifier: Apache-2.0 */
/* The output haproxy by way of the funnel; its runtime API is played by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/outputs/output.h"
#include "agent/outputs/output_kind.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

#define HEAD "1\n# be_id be_name ...\n"
#define ROW(name, port, admin, weight)                                                             \
	"3 b 1 svc-" name " 10.0.0.1 2 " admin " " weight " 10 0 1 0 0 0 0 0 0 - " port            \
	" - 0 0 - - 0\n"

/* What the played API does with a line; it answers all others with nothing. */
struct play {
	const char *heard, *answer;
};

static struct {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings;
	struct output_view view;
	struct output *output;
	unsigned told, troubles;
	char sentence[800];

	const struct play *plays; /* ends with NULL */
	bool silent, byte_by_byte;
	const char *close_at; /* a line at which it closes the connection */
	int listener, fd;
	ev_io accepting, reading;
	char line[512];
	size_t len;
	char heard[4000]; /* all lines */
	unsigned conversations;
	ev_timer patience;
} stage;

static char folder[64], path[80], backend[] = "b";

/* ---- the played API -------------------------------------------------------------------------- */

static void answer(const char *text)
{
	size_t len = strlen(text), step = stage.byte_by_byte ? 1 : len;

	for (size_t at = 0; at < len; at += step) {
		assert_true(write(stage.fd, text + at, step) == (ssize_t)step);
	}
}

static void hang_up(void)
{
	ev_io_stop(stage.loop, &stage.reading);
	(void)close(stage.fd);
	stage.fd = -1;
}

static void on_line(const char *line)
{
	size_t len = strlen(stage.heard);

	(void)snprintf(stage.heard + len, sizeof stage.heard - len, "%s\n", line);
	if (stage.silent) {
		return;
	}
	if (stage.close_at != NULL && strcmp(line, stage.close_at) == 0) {
		hang_up();
		return;
	}
	for (const struct play *play = stage.plays; play->heard != NULL; play++) {
		if (strcmp(line, play->heard) == 0) {
			answer(play->answer);
		}
	}
	answer("\n> ");
}

static void on_reading(struct ev_loop *loop, ev_io *io, int revents)
{
	char c;

	UNUSED(loop);
	UNUSED(revents);
	if (read(io->fd, &c, 1) != 1) {
		hang_up();
		return;
	}
	assert_true(stage.len < sizeof stage.line - 1);
	if (c != '\n') {
		stage.line[stage.len++] = c;
		return;
	}
	stage.line[stage.len] = '\0';
	stage.len = 0;
	on_line(stage.line);
}

static void on_accepting(struct ev_loop *loop, ev_io *io, int revents)
{
	UNUSED(revents);
	if (stage.fd >= 0) {
		hang_up(); /* the one before has ended, and its end was not read yet */
	}
	stage.fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(stage.fd >= 0);
	stage.len = 0;
	stage.conversations++;
	ev_io_init(&stage.reading, on_reading, stage.fd, EV_READ);
	ev_io_start(loop, &stage.reading);
}

static void listen_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	stage.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(stage.listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(stage.listener, 4), 0);
	ev_io_init(&stage.accepting, on_accepting, stage.listener, EV_READ);
	ev_io_start(stage.loop, &stage.accepting);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	UNUSED(o);
	UNUSED(user);
	stage.told++;
	stage.troubles += trouble ? 1 : 0;
	(void)snprintf(stage.sentence, sizeof stage.sentence, "%s", sentence);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	stage.fd = stage.listener = -1;
	(void)snprintf(folder, sizeof folder, "/tmp/test_haproxy.XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/sock", folder);
	random_seed(&stage.random, 7);
	stage.settings = (struct output_settings){
		.type = OUTPUT_HAPROXY, .socket = path, .backend = backend, .timeout_ms = 10000
	};
	add_instance(&stage.view, "/a", "10.0.0.1", 1, "{}", 7);
	stage.output = output_create(
			stage.loop, &stage.settings, 20, &stage.view, &stage.random, on_told, NULL);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	output_destroy(stage.output);
	instances_finish(&stage.view.instances);
	if (stage.fd >= 0) {
		(void)close(stage.fd);
	}
	if (stage.listener >= 0) {
		(void)close(stage.listener);
		(void)unlink(path);
	}
	ev_loop_destroy(stage.loop);
	return rmdir(folder);
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ONE);
	fail_msg("nothing happened, heard:\n%s", stage.heard);
}

/* Turns the loop until the output rests: it waits to look again, or to try again. */
static void rest(void)
{
	ev_now_update(stage.loop);
	ev_timer_init(&stage.patience, on_patience, 10.0, 0.0);
	ev_timer_start(stage.loop, &stage.patience);
	do {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	} while (stage.output->running || stage.output->due_for == DUE_CHANGE);
	ev_timer_stop(stage.loop, &stage.patience);
}

static void converse(const struct play *plays)
{
	stage.plays = plays;
	output_touch(stage.output);
	rest();
}

/* The next look, now. */
static void look_again(const struct play *plays)
{
	stage.plays = plays;
	stage.heard[0] = '\0';
	ev_timer_stop(stage.loop, &stage.output->due);
	ev_invoke(stage.loop, &stage.output->due, EV_TIMER);
	if (stage.output->running) {
		rest();
	}
}

static double pause_left(void)
{
	return ev_timer_remaining(stage.loop, &stage.output->due);
}

#define ASKED "prompt\nshow servers state b\n"

static const struct play empty[] = { { "show servers state b", HEAD },
	{ "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7", "New server registered.\n" },
	{ NULL, NULL } };
static const struct play there[] = {
	{ "show servers state b", HEAD ROW("10.0.0.1:1", "1", "0", "7") }, { NULL, NULL }
};

/* ---- tests ----------------------------------------------------------------------------------- */

static void adds_what_is_missing(void **state)
{
	UNUSED(state);
	listen_there();
	converse(empty);
	assert_string_equal(stage.heard,
			ASKED "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7\n"
			      "enable server b/svc-10.0.0.1:1\n");
	assert_int_equal(stage.told, 0);
	assert_true(pause_left() > 1.9 && pause_left() < 10.0);
	look_again(there);
	assert_string_equal(stage.heard, ASKED);
	look_again(empty); /* HAProxy was restarted */
	assert_non_null(strstr(stage.heard, "add server"));
	assert_int_equal(stage.conversations, 3);
	assert_int_equal(stage.told, 0);
}

static void hears_answers_in_pieces(void **state)
{
	UNUSED(state);
	listen_there();
	stage.byte_by_byte = true;
	converse(empty);
	assert_non_null(strstr(stage.heard, "enable server"));
	assert_int_equal(stage.told, 0);
}

/* Also one that does not fit into what a socket takes at once. */
static void hears_long_answers(void **state)
{
	enum { ROWS = 3000 };
	size_t size = sizeof HEAD + (size_t)ROWS * 80;
	char *text = calloc(1, size), *end = text + sprintf(text, "%s", HEAD);
	UNUSED(state);
	for (unsigned i = 0; i < ROWS; i++) {
		end += sprintf(end, "3 b 1 static%u 10.0.0.1 2 0 1 1 0 1 0 0 0 0 0 0 - 1 - 0 0\n",
				i);
	}
	const struct play plays[] = { { "show servers state b", text }, empty[1], { NULL, NULL } };
	listen_there();
	int room = (int)size;
	stage.plays = plays;
	output_touch(stage.output);
	while (stage.fd < 0) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	(void)setsockopt(stage.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	rest();
	free(text);
	assert_string_equal(stage.sentence, "");
	assert_non_null(strstr(stage.heard, "enable server"));
}

static void drains_waits_and_deletes(void **state)
{
	static const struct play busy[] = { { "show servers state b",
							    HEAD ROW("10.0.0.1:1", "1", "8", "7") },
		{ "show servers conn b", "b/svc-10.0.0.1:1 3/2 10.0.0.1 1 - 0 2 2 2 0 0 0 0\n" },
		{ NULL, NULL } };
	static const struct play idle[] = { { "show servers state b",
							    HEAD ROW("10.0.0.1:1", "1", "8", "7") },
		{ "show servers conn b", "b/svc-10.0.0.1:1 3/2 10.0.0.1 1 - 0 0 2 2 0 0 0 0\n" },
		{ "del server b/svc-10.0.0.1:1", "Server still has connections attached to it" },
		{ NULL, NULL } };
	static const struct play maint[] = {
		{ "show servers state b", HEAD ROW("10.0.0.1:1", "1", "1", "7") },
		{ "del server b/svc-10.0.0.1:1", "Server deleted." }, { NULL, NULL }
	};
	static const struct play nothing[] = { { "show servers state b", HEAD }, { NULL, NULL } };
	double pause = 0.0;
	UNUSED(state);
	listen_there();
	assert_true(instances_remove(&stage.view.instances, "/a"));
	converse(there);
	assert_string_equal(stage.heard, ASKED "set server b/svc-10.0.0.1:1 state drain\n");
	assert_true(pause_left() < 0.11);
	for (unsigned i = 0; i < 8; i++) { /* calls run: it is looked at ever less */
		look_again(busy);
		assert_string_equal(stage.heard, ASKED "show servers conn b\n");
		assert_true(pause_left() > pause || i > 4);
		pause = pause_left();
	}
	assert_true(pause > 1.5 && pause < 10.0);
	look_again(idle);
	assert_string_equal(stage.heard,
			ASKED "show servers conn b\nset server b/svc-10.0.0.1:1 state maint\n"
			      "del server b/svc-10.0.0.1:1\n");
	look_again(maint);
	assert_string_equal(stage.heard, ASKED "del server b/svc-10.0.0.1:1\n");
	look_again(nothing);
	assert_string_equal(stage.heard, ASKED);
	assert_int_equal(stage.told, 0);
}

static void a_refusal_does_not_stop_the_rest(void **state)
{
	static const struct play refusing[] = { { "show servers state b", HEAD },
		{ "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7",
				"Backend must use a dynamic load balancing\nmore" },
		{ "add server b/svc-10.0.0.2:1 10.0.0.2:1 proto h2 weight 7",
				"New server registered.\n" },
		{ "enable server b/svc-10.0.0.1:1", "No such server.\n" }, { NULL, NULL } };
	UNUSED(state);
	listen_there();
	add_instance(&stage.view, "/b", "10.0.0.2", 1, "{}", 7);
	converse(refusing);
	assert_non_null(strstr(stage.heard, "enable server b/svc-10.0.0.2:1"));
	assert_int_equal(stage.troubles, 1);
	assert_non_null(strstr(stage.sentence,
			"fails and is tried again: it answers 'Backend must use a dynamic load "
			"balancing' to 'add server b/svc-10.0.0.1:1 10.0.0.1:1"));
	assert_true(pause_left() < 0.31);
	look_again(empty);
	assert_int_equal(stage.told, 1); /* the other one is refused now: it still fails */
}

static void says_what_is_wrong(void **state)
{
	static const struct play none[] = { { "show servers state b", "Can't find backend.\n" },
		{ NULL, NULL } };
	UNUSED(state);
	converse(none);
	assert_non_null(strstr(stage.sentence, "it cannot be connected to: No such file"));
	listen_there();
	look_again(none);
	assert_int_equal(stage.told, 1); /* it fails, still */
	look_again(there);
	assert_int_equal(stage.told, 2);
	look_again(none);
	assert_non_null(strstr(stage.sentence, "'Can't find backend.'"));
}

static void a_connection_that_ends_is_a_failure(void **state)
{
	UNUSED(state);
	listen_there();
	stage.close_at = "enable server b/svc-10.0.0.1:1";
	converse(empty);
	assert_non_null(strstr(stage.sentence, "it has closed the connection"));
	stage.close_at = NULL;
	look_again(there);
	assert_non_null(strstr(stage.sentence, "works again"));
}

static void silence_is_a_failure(void **state)
{
	UNUSED(state);
	listen_there();
	stage.settings.timeout_ms = 100;
	stage.silent = true;
	converse(empty);
	assert_non_null(strstr(stage.sentence, "it does not answer in time"));
}

static void a_path_that_is_too_long_is_a_failure(void **state)
{
	char long_path[200];
	UNUSED(state);
	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	stage.settings.socket = long_path;
	converse(empty);
	assert_non_null(strstr(stage.sentence, "too long"));
}

static void destroy_ends_a_conversation(void **state)
{
	UNUSED(state);
	listen_there();
	stage.silent = true;
	stage.plays = empty;
	output_touch(stage.output);
	while (stage.heard[0] == '\0') {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	output_destroy(stage.output);
	stage.output = NULL;
	while (stage.fd >= 0) { /* the connection is closed */
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.told, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adds_what_is_missing),
		TEST(hears_answers_in_pieces),
		TEST(hears_long_answers),
		TEST(drains_waits_and_deletes),
		TEST(a_refusal_does_not_stop_the_rest),
		TEST(says_what_is_wrong),
		TEST(a_connection_that_ends_is_a_failure),
		TEST(silence_is_a_failure),
		TEST(a_path_that_is_too_long_is_a_failure),
		TEST(destroy_ends_a_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
