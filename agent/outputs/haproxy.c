/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy - the servers of a backend, through HAProxy's runtime API.
 *
 * One conversation at a time, on a connection of its own: the state is asked
 * for, a plan is made from it and from the view (haproxy_plan.c), and its
 * commands are said one after the other. HAProxy is in interactive mode for
 * that: it ends each answer with a prompt, and closes nothing.
 *
 * HAProxy forgets what we did when it is restarted or reloaded. Both put a new
 * socket in place of the old one, which is watched for: the state is compared at
 * once then. It is compared again and again also when nothing seems to happen,
 * since people may meddle with it: every two seconds, or at longer intervals
 * when a conversation takes long, and at first sooner while servers are on their
 * way out. The connection is not kept meanwhile: after a reload it would lead to
 * the old process.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/outputs/haproxy_plan.h"
#include "agent/outputs/haproxy_servers.h"
#include "agent/outputs/haproxy_wants.h"
#include "agent/outputs/output_kind.h"
#include "agent/timer.h"
#include "agent/util.h"

#define AGAIN         2.0   /* seconds between two looks at HAProxy's state */
#define AGAIN_SHARE   100.0 /* ... but a hundred times as long as one takes */
#define LEAVING_FIRST 0.1   /* seconds; doubled for each look at what is on its way out */
#define LISTENING     0.1   /* seconds; a socket is there a moment before HAProxy listens on it */

#define ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define PROMPT     "\n> "

enum step {
	STEP_PROMPT, /* to interactive mode */
	STEP_STATE,
	STEP_CALLS, /* only when servers are draining */
	STEP_COMMANDS
};

struct haproxy {
	struct output *output; /* borrowed */
	int fd;                /* -1 between conversations */
	ev_io io;
	ev_timer limit;
	ev_stat replaced; /* the socket is a new one */
	enum step step;
	size_t command; /* of the plan, the one that was said last */
	struct haproxy_servers servers;
	struct haproxy_plan plan;
	char *request; /* owned: what is being said; NULL when it has been */
	size_t said;
	char *answer; /* owned */
	size_t len, size;
	double began_at;
	double leaving_pause; /* seconds; 0 when none was on its way out */
	struct err refused;   /* the first refusal of this conversation; text "" for none */
};

static const char *place(const struct output_settings *settings)
{
	return settings->socket;
}

/* Also when it has the number of the old one; but not when it was only connected to. */
static bool is_new(const ev_statdata *now, const ev_statdata *before)
{
	return now->st_nlink != 0 &&
	       (before->st_nlink == 0 || now->st_ino != before->st_ino ||
			       now->st_ctim.tv_sec != before->st_ctim.tv_sec ||
			       now->st_ctim.tv_nsec != before->st_ctim.tv_nsec);
}

static void on_replaced(struct ev_loop *loop, ev_stat *replaced, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	if (is_new(&replaced->attr, &replaced->prev)) {
		output_hurry(CONTAINER_OF(replaced, struct haproxy, replaced)->output, LISTENING);
	}
}

static int create(struct output *o)
{
	struct haproxy *h = calloc(1, sizeof *h);

	if (h == NULL) {
		return -1;
	}
	h->output = o;
	h->fd = -1;
	o->work = h;
	ev_stat_init(&h->replaced, on_replaced, o->settings->socket, 0.0);
	ev_stat_start(o->loop, &h->replaced);
	return 0;
}

/* ---- the end of a conversation --------------------------------------------------- */

static void hang_up(struct haproxy *h)
{
	if (h->fd < 0) {
		return;
	}
	ev_io_stop(h->output->loop, &h->io);
	ev_timer_stop(h->output->loop, &h->limit);
	(void)close(h->fd);
	h->fd = -1;
	haproxy_servers_finish(&h->servers);
	haproxy_plan_finish(&h->plan);
	free(h->request);
	h->request = NULL;
	free(h->answer);
	h->answer = NULL;
	h->len = h->size = 0;
}

static void fail(struct haproxy *h, const char *why)
{
	hang_up(h);
	output_ended(h->output, why);
}

/* When to look again: soon, and then ever later, while servers are on their way out. */
static double next_look(struct haproxy *h)
{
	double took = (clock_now() - h->began_at) * AGAIN_SHARE;
	double pause = took > AGAIN ? took : AGAIN;

	if (h->plan.begun || !h->plan.leaving) {
		h->leaving_pause = 0.0;
	}
	if (!h->plan.leaving) {
		return pause;
	}
	h->leaving_pause = h->leaving_pause > 0.0 ? h->leaving_pause * 2.0 : LEAVING_FIRST;
	return h->leaving_pause < pause ? h->leaving_pause : pause;
}

static void conclude(struct haproxy *h)
{
	output_again(h->output, next_look(h));
	hang_up(h);
	output_ended(h->output, h->refused.text[0] == '\0' ? NULL : h->refused.text);
}

/* ---- what is said, and what is heard --------------------------------------------- */

/* The limit is for each answer: a conversation may be as long as there is to say. */
static void wait_for_answer(struct haproxy *h)
{
	timer_start(h->output->loop, &h->limit, (double)h->output->settings->timeout_ms / 1000.0);
}

/* Takes over `text`, which may be NULL for want of memory, and says it. */
static void say(struct haproxy *h, char *text)
{
	if (text == NULL) {
		fail(h, "out of memory");
		return;
	}
	h->request = text;
	h->said = 0;
	h->len = 0;
	wait_for_answer(h);
	ev_io_stop(h->output->loop, &h->io);
	ev_io_set(&h->io, h->fd, EV_READ | EV_WRITE);
	ev_io_start(h->output->loop, &h->io);
}

static void say_about(struct haproxy *h, const char *what)
{
	char *text;

	say(h, asprintf(&text, "%s %s\n", what, h->output->settings->backend) < 0 ? NULL : text);
}

static void say_command(struct haproxy *h)
{
	char *text;

	if (h->command == h->plan.n) {
		conclude(h);
		return;
	}
	say(h, asprintf(&text, "%s\n", h->plan.at[h->command].text) < 0 ? NULL : text);
}

/* A refusal is kept for the end: what comes after it does not hang on it. */
static void hear_command(struct haproxy *h)
{
	const struct haproxy_command *command = &h->plan.at[h->command];

	if (!haproxy_plan_obeyed(command, h->answer) && !command->patient &&
			h->refused.text[0] == '\0') {
		(void)err_set(&h->refused, ERR_SYSTEM, "it answers '%.*s' to '%.100s'",
				(int)strcspn(h->answer, "\r\n"), h->answer, command->text);
	}
	h->command++;
	say_command(h);
}

static void make_plan(struct haproxy *h)
{
	struct haproxy_wants wants;
	struct left_out left = { 0 };

	if (haproxy_wants_make(&wants, h->output->view, &left) < 0) {
		fail(h, "out of memory");
		return;
	}
	int made = haproxy_plan_make(&h->plan, h->output->settings->backend, &wants, &h->servers);
	haproxy_wants_finish(&wants);
	if (made < 0) {
		fail(h, "out of memory");
		return;
	}
	h->step = STEP_COMMANDS;
	h->command = 0;
	say_command(h);
}

static void hear_state(struct haproxy *h)
{
	struct err err;

	if (haproxy_servers_read(&h->servers, h->answer, &err) < 0) {
		fail(h, err.text);
	} else if (h->servers.any_draining) {
		h->step = STEP_CALLS;
		say_about(h, "show servers conn");
	} else {
		make_plan(h);
	}
}

/* A whole answer, without its prompt, as a text. May end the conversation. */
static void hear(struct haproxy *h)
{
	switch (h->step) {
	case STEP_PROMPT:
		h->step = STEP_STATE;
		say_about(h, "show servers state");
		break;
	case STEP_STATE:
		hear_state(h);
		break;
	case STEP_CALLS:
		haproxy_servers_note_calls(&h->servers, h->answer);
		make_plan(h);
		break;
	case STEP_COMMANDS:
		hear_command(h);
		break;
	}
}

/* ---- bytes ----------------------------------------------------------------------- */

/* True when there is room for more of the answer. */
static bool make_room(struct haproxy *h)
{
	if (h->size - h->len >= 2) {
		return true;
	}
	size_t size = h->size == 0 ? 4096 : h->size * 2;
	char *grown = size > ANSWER_MAX ? NULL : realloc(h->answer, size);
	if (grown == NULL) {
		return false;
	}
	h->answer = grown;
	h->size = size;
	return true;
}

/* True when the answer is whole; the prompt is cut off then. */
static bool is_whole(struct haproxy *h)
{
	const size_t len = strlen(PROMPT);

	if (h->len < len || memcmp(h->answer + h->len - len, PROMPT, len) != 0) {
		return false;
	}
	h->answer[h->len - len] = '\0';
	return true;
}

static void on_readable(struct haproxy *h)
{
	if (!make_room(h)) {
		fail(h, "its answer is too long");
		return;
	}
	ssize_t got = read(h->fd, h->answer + h->len, h->size - h->len - 1);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		fail(h, got == 0 ? "it has closed the connection" : strerror(errno));
		return;
	}
	h->len += (size_t)got;
	if (h->request == NULL && is_whole(h)) {
		hear(h);
	}
}

/* False when the conversation has ended. */
static bool on_writable(struct haproxy *h)
{
	size_t len = strlen(h->request);
	ssize_t done = send(h->fd, h->request + h->said, len - h->said, MSG_NOSIGNAL);

	if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
		return true;
	}
	if (done < 0) {
		fail(h, strerror(errno));
		return false;
	}
	h->said += (size_t)done;
	if (h->said == len) {
		free(h->request);
		h->request = NULL;
		ev_io_stop(h->output->loop, &h->io);
		ev_io_set(&h->io, h->fd, EV_READ);
		ev_io_start(h->output->loop, &h->io);
	}
	return true;
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct haproxy *h = CONTAINER_OF(io, struct haproxy, io);

	UNUSED(loop);
	if ((revents & EV_WRITE) != 0 && h->request != NULL && !on_writable(h)) {
		return;
	}
	if ((revents & EV_READ) != 0) {
		on_readable(h);
	}
}

static void on_limit(struct ev_loop *loop, ev_timer *limit, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	fail(CONTAINER_OF(limit, struct haproxy, limit), "it does not answer in time");
}

/* ---- the beginning --------------------------------------------------------------- */

/* A connection that blocks nowhere; -1 with a sentence. */
static int dial(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) {
		return err_set(err, ERR_RANGE, "the path of its socket is too long");
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
		return fd;
	}
	int why = errno;
	if (fd >= 0) {
		(void)close(fd);
	}
	return err_set(err, ERR_SYSTEM, "it cannot be connected to: %s", strerror(why));
}

static enum applied apply(struct output *o, char *text, struct err *err)
{
	struct haproxy *h = o->work;

	free(text); /* the plan is made from the view when the state is known */
	assert(h->fd < 0);
	h->fd = dial(o->settings->socket, err);
	if (h->fd < 0) {
		return APPLY_FAILED;
	}
	h->began_at = clock_now();
	h->step = STEP_PROMPT;
	h->refused.text[0] = '\0';
	ev_timer_init(&h->limit, on_limit, 0.0, 0.0);
	wait_for_answer(h);
	h->request = strdup("prompt\n");
	h->said = 0;
	ev_io_init(&h->io, on_io, h->fd, EV_READ | EV_WRITE);
	if (h->request == NULL) {
		hang_up(h);
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return APPLY_FAILED;
	}
	ev_io_start(o->loop, &h->io);
	return APPLY_RUNNING;
}

static void destroy(struct output *o)
{
	struct haproxy *h = o->work;

	hang_up(h);
	ev_stat_stop(o->loop, &h->replaced);
	free(h);
}

const struct output_kind output_haproxy = {
	.name = "haproxy",
	.place = place,
	.render = haproxy_wants_text,
	.create = create,
	.apply = apply,
	.destroy = destroy,
};
