/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/admin_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/h2_address.h"
#include "agent/util.h"
#include "tests/unit/loopback.h"

struct admin_stage stage;

static struct client asking;

/* ---- the admin ------------------------------------------------------------------------------- */

static void start(void)
{
	struct err err = { 0 };

	stage.loop = ev_loop_new(EVFLAG_AUTO);
	played_host_init(&stage.played);
	stage.admin = admin_create(stage.loop, &stage.listen, &stage.played.host, &err);
	assert_string_equal(err.text, "");
	assert_non_null(stage.admin);
}

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.listen = (struct target){ .kind = TARGET_INET,
		.inet = { .host = "127.0.0.1", .port = loopback_port() } };
	start();
	return 0;
}

int set_up_unix(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	(void)snprintf(stage.folder, sizeof stage.folder, "/tmp/test_admin.XXXXXX");
	assert_non_null(mkdtemp(stage.folder));
	stage.listen.kind = TARGET_UNIX;
	(void)snprintf(stage.listen.path, sizeof stage.listen.path, "%s/sock", stage.folder);
	start();
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	client_finish(&asking);
	admin_destroy(stage.admin);
	ev_loop_destroy(stage.loop);
	return stage.folder[0] == '\0' ? 0 : rmdir(stage.folder);
}

/* ---- those who ask --------------------------------------------------------------------------- */

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = CONTAINER_OF(io, struct client, io);
	char text[65536];
	ssize_t got = recv(c->fd, text, sizeof text, MSG_DONTWAIT);

	UNUSED(revents);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		c->ended = true;
		ev_io_stop(loop, io);
		return;
	}
	c->got = realloc(c->got, c->len + (size_t)got + 1);
	memcpy(c->got + c->len, text, (size_t)got);
	c->len += (size_t)got;
	c->got[c->len] = '\0';
}

/* What there is no room for is lost, as is what comes too late: that is for tests that want it. */
static void say(struct client *c, const char *text, size_t len)
{
	ssize_t sent = send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	UNUSED(sent);
}

void client_start(struct client *c, const char *text, size_t len)
{
	struct h2_address at[H2_ADDRESSES];

	memset(c, 0, sizeof *c);
	(void)h2_addresses(at, &stage.listen);
	c->fd = socket(at[0].at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, &at[0].at.any, at[0].len), 0);
	c->got = calloc(1, 1);
	ev_io_init(&c->io, on_readable, c->fd, EV_READ);
	ev_io_start(stage.loop, &c->io);
	say(c, text, len);
}

void client_say(struct client *c, const char *text)
{
	say(c, text, strlen(text));
}

void client_finish(struct client *c)
{
	if (c->got != NULL) {
		ev_io_stop(stage.loop, &c->io);
		(void)close(c->fd);
		free(c->got);
		memset(c, 0, sizeof *c);
	}
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	stage.timed_out = true;
	ev_break(loop, EVBREAK_ONE);
}

static bool turn_until(const bool *done, double seconds)
{
	ev_timer timer;

	stage.timed_out = false;
	ev_now_update(stage.loop);
	ev_timer_init(&timer, on_patience, seconds, 0.0);
	ev_timer_start(stage.loop, &timer);
	while (!*done && !stage.timed_out) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	ev_timer_stop(stage.loop, &timer);
	return *done;
}

bool wait_end(const struct client *c)
{
	return turn_until(&c->ended, 300.0);
}

void turn_for(double seconds)
{
	const bool never = false;

	(void)turn_until(&never, seconds);
}

const char *ask_bytes(const char *text, size_t len)
{
	client_finish(&asking);
	client_start(&asking, text, len);
	if (!wait_end(&asking)) {
		fail_msg("no end of the answer: %s", asking.got);
	}
	return asking.got;
}

const char *ask(const char *text)
{
	return ask_bytes(text, strlen(text));
}

const char *get(const char *path)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	return ask(text);
}

const char *post(const char *path, const char *headers)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n%s\r\n", path, headers);
	return ask(text);
}

int status_of(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end == NULL ? "" : end + 4;
}

size_t count_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(all);
	while (readdir(all) != NULL) {
		n++;
	}
	(void)closedir(all);
	return n;
}
