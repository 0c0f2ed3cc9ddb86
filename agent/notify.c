/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - tells whoever started the agent how far it is.
 *
 * The socket is not connected: each message goes to its address anew, so that
 * a supervisor may replace the socket. Its queue is short (ten messages unless
 * somebody has raised it) and shared by all that it starts: while it is full, a
 * message waits here. The order is kept, since READY after RELOADING does not
 * mean what READY before it does.
 */
#include "agent/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/timer.h"
#include "agent/utf8.h"
#include "agent/util.h"

#define PAUSE_FIRST 0.05  /* seconds; doubled with each try */
#define PAUSE_MOST  5.0   /* seconds */
#define BEAT_LEAST  0.001 /* seconds */

/* ---- messages -------------------------------------------------------------------- */

/* False when it has to wait; anything else that goes wrong will not get better. */
static bool send_now(const struct notify *n, const char *message)
{
	return sendto(n->fd, message, strlen(message), MSG_NOSIGNAL, &n->to.any, n->to_len) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM && errno != EINTR);
}

static void send_waiting(struct notify *n)
{
	size_t done = 0;

	while (done < n->n_waiting && send_now(n, n->waiting + done)) {
		done += strlen(n->waiting + done) + 1;
	}
	memmove(n->waiting, n->waiting + done, n->n_waiting - done);
	n->n_waiting -= done;
	n->pause = done > 0 ? PAUSE_FIRST : n->pause;
	if (n->n_waiting > 0) {
		timer_start(n->loop, &n->again, n->pause);
		n->pause = n->pause * 2.0 < PAUSE_MOST ? n->pause * 2.0 : PAUSE_MOST;
	}
}

static void on_again(struct ev_loop *loop, ev_timer *again, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	send_waiting(CONTAINER_OF(again, struct notify, again));
}

static void say(struct notify *n, const char *message)
{
	size_t size = strlen(message) + 1;

	if (n->loop == NULL || n->fd < 0 || size > sizeof n->waiting - n->n_waiting) {
		return;
	}
	memcpy(n->waiting + n->n_waiting, message, size);
	n->n_waiting += size;
	if (!ev_is_active(&n->again)) {
		n->pause = PAUSE_FIRST;
		send_waiting(n);
	}
}

/* While something waits there is no use in queueing more: it says that we live as well. */
static void on_watchdog(struct ev_loop *loop, ev_timer *watchdog, int revents)
{
	struct notify *n = CONTAINER_OF(watchdog, struct notify, watchdog);

	UNUSED(loop);
	UNUSED(revents);
	if (n->n_waiting == 0) {
		say(n, "WATCHDOG=1");
	}
}

/* ---- the way in ------------------------------------------------------------------ */

/* 0 when it is none. */
static uint64_t number_of(const char *text)
{
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9') {
		return 0;
	}
	errno = 0;
	uint64_t number = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : number;
}

/* A path, or a name in the abstract namespace with an @ for its NUL. */
static bool set_address(struct notify *n, const char *name)
{
	struct sockaddr_un *local = &n->to.local;
	size_t len = name == NULL ? 0 : strlen(name);

	if (len < 2 || len >= sizeof local->sun_path || (name[0] != '/' && name[0] != '@')) {
		return false;
	}
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, name, len);
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@') {
		local->sun_path[0] = '\0';
	}
	return true;
}

static void start_watchdog(struct notify *n)
{
	uint64_t microseconds = number_of(getenv("WATCHDOG_USEC"));
	const char *pid = getenv("WATCHDOG_PID");

	if (microseconds == 0 || (pid != NULL && number_of(pid) != (uint64_t)getpid())) {
		return;
	}
	double beat = (double)microseconds / 1e6 / 2.0;
	n->watchdog.repeat = beat > BEAT_LEAST ? beat : BEAT_LEAST;
	ev_now_update(n->loop);
	ev_timer_again(n->loop, &n->watchdog);
}

void notify_init(struct notify *n, struct ev_loop *loop, int ready_fd)
{
	memset(n, 0, sizeof *n);
	n->loop = loop;
	n->ready_fd = ready_fd;
	n->fd = -1;
	ev_timer_init(&n->watchdog, on_watchdog, 0.0, 0.0);
	ev_timer_init(&n->again, on_again, 0.0, 0.0);
	if (ready_fd >= 0) {
		(void)fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	}
	if (set_address(n, getenv("NOTIFY_SOCKET"))) {
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		start_watchdog(n);
	}
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* ---- what there is to say -------------------------------------------------------- */

/* Nobody at the other end, or no room there: that is for whoever gave it to us. */
static void write_ready_fd(struct notify *n)
{
	struct pollfd there = { .fd = n->ready_fd, .events = POLLOUT };

	if (n->ready_fd < 0) {
		return;
	}
	if (poll(&there, 1, 0) == 1 && (there.revents & (POLLOUT | POLLERR)) == POLLOUT) {
		ssize_t written = write(n->ready_fd, "\n", 1);
		UNUSED(written);
	}
	(void)close(n->ready_fd);
	n->ready_fd = -1;
}

bool notify_is_heard(const struct notify *n)
{
	return n->fd >= 0;
}

void notify_ready(struct notify *n)
{
	if (n->loop != NULL) {
		say(n, "READY=1");
		write_ready_fd(n);
	}
}

void notify_status(struct notify *n, const char *text)
{
	char message[sizeof "STATUS=" + NOTIFY_STATUS_MAX] = "STATUS=";
	size_t head = strlen(message), len = head, left = strlen(text);

	while (left > 0) {
		uint32_t code;
		size_t size = utf8_decode(text, left, &code);
		bool good = size > 0 && !utf8_steers(code);
		size_t taken = size > 0 ? size : 1, put = good ? size : 1;
		if (len - head + put >= NOTIFY_STATUS_MAX) {
			break;
		}
		memcpy(message + len, good ? text : "?", put);
		len += put;
		text += taken;
		left -= taken;
	}
	message[len] = '\0';
	if (strcmp(message + head, n->status) != 0) {
		memcpy(n->status, message + head, len - head + 1);
		say(n, message);
	}
}

void notify_reloading(struct notify *n)
{
	struct timespec now;
	char message[64];

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* the clock that the protocol asks for */
	(void)snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	say(n, message);
}

void notify_stopping(struct notify *n)
{
	say(n, "STOPPING=1");
}

void notify_finish(struct notify *n)
{
	if (n->loop == NULL) {
		return;
	}
	ev_timer_stop(n->loop, &n->watchdog);
	ev_timer_stop(n->loop, &n->again);
	if (n->fd >= 0) {
		(void)close(n->fd);
	}
	if (n->ready_fd >= 0) {
		(void)close(n->ready_fd);
	}
	memset(n, 0, sizeof *n);
}
