/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/notify.h"
#include "agent/util.h"

static struct {
	struct ev_loop *loop;
	struct notify notify;
	int supervisor; /* the socket that it listens on */
	char folder[64], path[80];
	bool timed_out;
} stage;

static void listen_at(const char *name)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };

	memcpy(local.sun_path, name, strlen(name));
	if (name[0] == '@') {
		local.sun_path[0] = '\0';
	}
	stage.supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(stage.supervisor >= 0);
	assert_int_equal(bind(stage.supervisor, (struct sockaddr *)&local,
					 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
							 strlen(name))),
			0);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.supervisor = -1;
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	(void)snprintf(stage.folder, sizeof stage.folder, "/tmp/test_notify.XXXXXX");
	assert_non_null(mkdtemp(stage.folder));
	(void)snprintf(stage.path, sizeof stage.path, "%s/notify", stage.folder);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	notify_finish(&stage.notify);
	if (stage.supervisor >= 0) {
		(void)close(stage.supervisor);
	}
	(void)unlink(stage.path);
	ev_loop_destroy(stage.loop);
	return rmdir(stage.folder);
}

/* With a supervisor that listens at stage.path. */
static void start(int ready_fd)
{
	listen_at(stage.path);
	(void)setenv("NOTIFY_SOCKET", stage.path, 1);
	notify_init(&stage.notify, stage.loop, ready_fd);
}

/* The next message, or "" when there is none. */
static const char *heard(void)
{
	static char text[512];
	ssize_t got = recv(stage.supervisor, text, sizeof text - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	stage.timed_out = true;
	ev_break(loop, EVBREAK_ALL);
}

static void on_message(struct ev_loop *loop, ev_io *io, int revents)
{
	UNUSED(io);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
}

/* Turns the loop until there is a message; false when there is none within `patience` seconds. */
static bool wait_message(double patience)
{
	ev_timer timer;
	ev_io io;

	stage.timed_out = false;
	ev_now_update(stage.loop);
	ev_timer_init(&timer, on_patience, patience, 0.0);
	ev_timer_start(stage.loop, &timer);
	ev_io_init(&io, on_message, stage.supervisor, EV_READ);
	ev_io_start(stage.loop, &io);
	(void)ev_run(stage.loop, 0);
	ev_io_stop(stage.loop, &io);
	ev_timer_stop(stage.loop, &timer);
	return !stage.timed_out;
}

static void does_nothing_unless_asked(void **state)
{
	struct notify zeroed;
	UNUSED(state);
	(void)unsetenv("NOTIFY_SOCKET");
	notify_init(&stage.notify, stage.loop, -1);
	notify_ready(&stage.notify);
	notify_status(&stage.notify, "text");
	notify_reloading(&stage.notify);
	notify_stopping(&stage.notify);
	(void)ev_run(stage.loop, EVRUN_NOWAIT);
	notify_finish(&stage.notify);
	notify_finish(&stage.notify);
	memset(&zeroed, 0, sizeof zeroed);
	assert_int_equal(dup2(STDOUT_FILENO, STDIN_FILENO), STDIN_FILENO);
	notify_ready(&zeroed);
	notify_finish(&zeroed);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* 0 is not ours */
}

static void says_what_it_is_told(void **state)
{
	struct timespec now;
	UNUSED(state);
	start(-1);
	assert_string_equal(heard(), "");
	notify_ready(&stage.notify);
	assert_string_equal(heard(), "READY=1");
	notify_reloading(&stage.notify);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	static const char head[] = "RELOADING=1\nMONOTONIC_USEC=";
	const char *said = heard();
	assert_memory_equal(said, head, sizeof head - 1);
	uint64_t at = strtoull(said + sizeof head - 1, NULL, 10);
	uint64_t until = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	assert_true(at <= until && at + 60000000 > until);
	notify_ready(&stage.notify);
	assert_string_equal(heard(), "READY=1");
	notify_stopping(&stage.notify);
	assert_string_equal(heard(), "STOPPING=1");
	assert_string_equal(heard(), "");
}

static void finds_an_abstract_socket(void **state)
{
	char name[80];
	UNUSED(state);
	(void)snprintf(name, sizeof name, "@svc-agent/test/%ld", (long)getpid());
	listen_at(name);
	(void)setenv("NOTIFY_SOCKET", name, 1);
	notify_init(&stage.notify, stage.loop, -1);
	notify_ready(&stage.notify);
	assert_string_equal(heard(), "READY=1");
}

static void ignores_what_is_no_address(void **state)
{
	static const char *const names[] = { "", "/", "@", "relative", "vsock:2:1234" };
	char text[200];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)setenv("NOTIFY_SOCKET", names[i], 1);
		notify_init(&stage.notify, stage.loop, -1);
		notify_ready(&stage.notify);
		assert_int_equal(stage.notify.fd, -1);
		notify_finish(&stage.notify);
	}
	memset(text, 'x', sizeof text);
	text[0] = '/';
	text[sizeof text - 1] = '\0';
	(void)setenv("NOTIFY_SOCKET", text, 1);
	notify_init(&stage.notify, stage.loop, -1);
	assert_int_equal(stage.notify.fd, -1);
}

static void nobody_else_gets_the_variables(void **state)
{
	UNUSED(state);
	(void)setenv("WATCHDOG_USEC", "1000000", 1);
	(void)setenv("WATCHDOG_PID", "1", 1);
	start(-1);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	assert_int_equal(fcntl(stage.notify.fd, F_GETFD), FD_CLOEXEC);
}

static void a_status_is_sent_when_it_is_new(void **state)
{
	UNUSED(state);
	start(-1);
	notify_status(&stage.notify, "");
	assert_string_equal(heard(), "");
	notify_status(&stage.notify, "1 of 2 registered");
	assert_string_equal(heard(), "STATUS=1 of 2 registered");
	notify_status(&stage.notify, "1 of 2 registered");
	assert_string_equal(heard(), "");
	notify_status(&stage.notify, "2 of 2 registered");
	assert_string_equal(heard(), "STATUS=2 of 2 registered");
	notify_status(&stage.notify, "");
	assert_string_equal(heard(), "STATUS=");
}

static void a_status_cannot_say_anything_else(void **state)
{
	char text[1000], expected[1000] = "STATUS=";
	UNUSED(state);
	start(-1);
	notify_status(&stage.notify, "a\nREADY=1\tb\r\x7f \xc3\xa9 \xc2\x85 \xff");
	assert_string_equal(heard(), "STATUS=a?READY=1?b?? \xc3\xa9 ? ?");
	/* No character is cut in two: one byte is left over here. */
	text[0] = '\0';
	for (size_t i = 0; i < 200; i++) {
		memcpy(text + 2 * i, "\xc3\xa9", 3);
	}
	notify_status(&stage.notify, text);
	memcpy(expected + 7, text, 254);
	expected[7 + 254] = '\0';
	assert_string_equal(heard(), expected);
	notify_status(&stage.notify, text);
	assert_string_equal(heard(), "");
}

static void the_watchdog_hears_twice_in_its_time(void **state)
{
	UNUSED(state);
	(void)setenv("WATCHDOG_USEC", "400000", 1);
	double began = clock_now();
	start(-1);
	for (unsigned i = 1; i <= 3; i++) {
		assert_true(wait_message(60.0));
		assert_string_equal(heard(), "WATCHDOG=1");
		assert_true(clock_now() - began >= 0.19 * i);
	}
	assert_true(stage.notify.watchdog.repeat > 0.1999 && stage.notify.watchdog.repeat < 0.2001);
}

static void a_watchdog_is_ours_or_nobodys(void **state)
{
	static const struct {
		const char *usec, *pid;
		bool ours;
	} cases[] = {
		{ "1000000", "us", true }, { "1000000", NULL, true }, { "1000000", "1", false },
		{ "1000000", "", false }, { "0", NULL, false }, { "-5", NULL, false },
		{ "5s", NULL, false }, { "99999999999999999999", NULL, false },
		{ NULL, NULL, false }, { "1", NULL, true }, /* but the loop rests at times */
	};
	char us[32];
	UNUSED(state);
	(void)snprintf(us, sizeof us, "%ld", (long)getpid());
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *pid = cases[i].pid;
		if (cases[i].usec != NULL) {
			(void)setenv("WATCHDOG_USEC", cases[i].usec, 1);
		}
		if (pid != NULL) {
			(void)setenv("WATCHDOG_PID", strcmp(pid, "us") == 0 ? us : pid, 1);
		}
		(void)setenv("NOTIFY_SOCKET", stage.path, 1);
		notify_init(&stage.notify, stage.loop, -1);
		assert_true((ev_is_active(&stage.notify.watchdog) != 0) == cases[i].ours);
		assert_true(!cases[i].ours || stage.notify.watchdog.repeat >= 0.001);
		notify_finish(&stage.notify);
	}
	(void)setenv("WATCHDOG_USEC", "1000000", 1);
	notify_init(&stage.notify, stage.loop, -1); /* nobody to tell */
	assert_false(ev_is_active(&stage.notify.watchdog));
}

/* The queue of a datagram socket is short. */
static void what_cannot_be_sent_waits_in_order(void **state)
{
	char text[32], expected[40];
	unsigned sent = 0, taken = 0;
	UNUSED(state);
	start(-1);
	while (stage.notify.n_waiting == 0) {
		(void)snprintf(text, sizeof text, "%u", sent++);
		notify_status(&stage.notify, text);
		assert_true(sent < 100000);
	}
	notify_reloading(&stage.notify);
	notify_ready(&stage.notify);
	while (taken < sent) {
		(void)snprintf(expected, sizeof expected, "STATUS=%u", taken++);
		assert_true(wait_message(60.0));
		assert_string_equal(heard(), expected);
	}
	assert_true(wait_message(60.0));
	assert_memory_equal(heard(), "RELOADING=1\n", 12);
	assert_true(wait_message(60.0));
	assert_string_equal(heard(), "READY=1");
	assert_int_equal(stage.notify.n_waiting, 0);
	assert_false(ev_is_active(&stage.notify.again));
}

static void what_has_no_room_is_dropped(void **state)
{
	char text[32];
	UNUSED(state);
	start(-1);
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof text, "%u", i);
		notify_status(&stage.notify, text);
	}
	assert_true(stage.notify.n_waiting <= sizeof stage.notify.waiting);
	notify_finish(&stage.notify); /* with messages that wait */
	(void)ev_run(stage.loop, 0);  /* nothing is left to run */
}

static void a_supervisor_that_is_gone_is_no_trouble(void **state)
{
	UNUSED(state);
	start(-1);
	(void)close(stage.supervisor);
	notify_ready(&stage.notify); /* nobody listens */
	(void)unlink(stage.path);
	notify_status(&stage.notify, "text"); /* not even a socket */
	assert_int_equal(stage.notify.n_waiting, 0);
	listen_at(stage.path); /* another one, later */
	notify_stopping(&stage.notify);
	assert_string_equal(heard(), "STOPPING=1");
}

static void ready_fd_gets_a_line_and_is_closed(void **state)
{
	int ends[2];
	char text[8];
	UNUSED(state);
	assert_int_equal(pipe(ends), 0);
	notify_init(&stage.notify, stage.loop, ends[1]);
	assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	notify_ready(&stage.notify);
	notify_ready(&stage.notify);
	assert_int_equal(read(ends[0], text, sizeof text), 1);
	assert_int_equal(text[0], '\n');
	assert_int_equal(read(ends[0], text, sizeof text), 0); /* closed */
	(void)close(ends[0]);
}

/* An end without a line is an end before it was ready. */
static void ready_fd_is_closed_at_the_end(void **state)
{
	int ends[2];
	char text[8];
	UNUSED(state);
	assert_int_equal(pipe(ends), 0);
	notify_init(&stage.notify, stage.loop, ends[1]);
	notify_finish(&stage.notify);
	assert_int_equal(read(ends[0], text, sizeof text), 0);
	(void)close(ends[0]);
}

static void a_ready_fd_that_takes_nothing_is_no_trouble(void **state)
{
	int ends[2];
	char text[4096] = "";
	UNUSED(state);
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]); /* a write would be SIGPIPE, and the end of this test */
	notify_init(&stage.notify, stage.loop, ends[1]);
	notify_ready(&stage.notify);
	notify_finish(&stage.notify);

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], text, sizeof text) > 0) {
	}
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); /* full: a write would wait for ever */
	notify_init(&stage.notify, stage.loop, ends[1]);
	notify_ready(&stage.notify);
	assert_int_equal(stage.notify.ready_fd, -1);
	(void)close(ends[0]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(does_nothing_unless_asked),
		TEST(says_what_it_is_told),
		TEST(finds_an_abstract_socket),
		TEST(ignores_what_is_no_address),
		TEST(nobody_else_gets_the_variables),
		TEST(a_status_is_sent_when_it_is_new),
		TEST(a_status_cannot_say_anything_else),
		TEST(the_watchdog_hears_twice_in_its_time),
		TEST(a_watchdog_is_ours_or_nobodys),
		TEST(what_cannot_be_sent_waits_in_order),
		TEST(what_has_no_room_is_dropped),
		TEST(a_supervisor_that_is_gone_is_no_trouble),
		TEST(ready_fd_gets_a_line_and_is_closed),
		TEST(ready_fd_is_closed_at_the_end),
		TEST(a_ready_fd_that_takes_nothing_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
