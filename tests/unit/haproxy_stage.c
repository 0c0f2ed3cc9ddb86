/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/haproxy_stage.h"

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

#include "agent/util.h"
#include "tests/unit/output_view.h"

struct haproxy_stage stage;

char path[80];

static char folder[64], backend[] = "b";

const struct play empty[] = { { "show servers state b", HEAD },
	{ "add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7", "New server registered.\n" },
	{ NULL, NULL } };
const struct play there[] = { { "show servers state b", HEAD ROW("10.0.0.1:1", "1", "0", "7") },
	{ NULL, NULL } };

/* ---- the played API -------------------------------------------------------------------------- */

/* Who has hung up is answered for nothing. */
static void answer(const char *text)
{
	size_t len = strlen(text), step = stage.byte_by_byte ? 1 : len;

	for (size_t at = 0; at < len; at += step) {
		ssize_t sent = send(stage.fd, text + at, step, MSG_NOSIGNAL);
		assert_true(sent == (ssize_t)step || (sent < 0 && errno == EPIPE));
	}
}

static void hang_up(void)
{
	ev_timer_stop(stage.loop, &stage.delayed);
	ev_io_stop(stage.loop, &stage.reading);
	(void)close(stage.fd);
	stage.fd = -1;
}

static void answer_line(const char *line)
{
	for (const struct play *play = stage.plays; play->heard != NULL; play++) {
		if (strcmp(line, play->heard) == 0) {
			answer(play->answer);
		}
	}
	answer("\n> ");
}

static void on_delayed(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(timer);
	UNUSED(revents);
	answer_line(stage.line);
}

static void on_line(const char *line)
{
	size_t len = strlen(stage.heard);

	(void)snprintf(stage.heard + len, sizeof stage.heard - len, "%s\n", line);
	if (stage.close_at != NULL && strcmp(line, stage.close_at) == 0) {
		hang_up();
	} else if (stage.delay > 0.0) {
		ev_timer_init(&stage.delayed, on_delayed, stage.delay, 0.0);
		ev_timer_start(stage.loop, &stage.delayed);
	} else if (!stage.silent) {
		answer_line(line);
	}
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

void listen_there(void)
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

int set_up(void **state)
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

int tear_down(void **state)
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

void rest(void)
{
	ev_now_update(stage.loop);
	ev_timer_init(&stage.patience, on_patience, 60.0, 0.0);
	ev_timer_start(stage.loop, &stage.patience);
	do {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	} while (stage.output->running || stage.output->due_for == DUE_CHANGE);
	ev_timer_stop(stage.loop, &stage.patience);
}

void converse(const struct play *plays)
{
	stage.plays = plays;
	output_touch(stage.output);
	rest();
}

void look_again(const struct play *plays)
{
	stage.plays = plays;
	stage.heard[0] = '\0';
	ev_timer_stop(stage.loop, &stage.output->due);
	ev_invoke(stage.loop, &stage.output->due, EV_TIMER);
	if (stage.output->running) {
		rest();
	}
}

double pause_left(void)
{
	return ev_timer_remaining(stage.loop, &stage.output->due);
}

double wait_conversation(unsigned n)
{
	double began = ev_time();

	ev_now_update(stage.loop);
	ev_timer_init(&stage.patience, on_patience, 60.0, 0.0);
	ev_timer_start(stage.loop, &stage.patience);
	while (stage.conversations < n || stage.output->running) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	ev_timer_stop(stage.loop, &stage.patience);
	return ev_time() - began;
}
