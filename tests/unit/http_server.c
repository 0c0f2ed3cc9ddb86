/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_server.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/util.h"
#include "tests/unit/loopback.h"

struct connection {
	ev_io io;
	struct http_server *server;
	struct list link;
	size_t len;
	char text[sizeof((struct http_server *)NULL)->request];
};

static void end(struct connection *c)
{
	ev_io_stop(c->server->loop, &c->io);
	list_remove(&c->link);
	(void)close(c->io.fd);
	free(c);
}

static void answer(struct connection *c)
{
	struct http_server *s = c->server;
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	s->requests++;
	memcpy(s->request, c->text, sizeof s->request);
	c->len = 0;
	if (s->resets) {
		(void)setsockopt(c->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
		end(c);
		return;
	}
	if (s->answer != NULL) {
		size_t len = strlen(s->answer);
		/* The client may hang up in the middle of it. */
		(void)!send(c->io.fd, s->answer, len, MSG_NOSIGNAL);
	}
	if (s->closes) {
		end(c);
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct connection *c = CONTAINER_OF(io, struct connection, io);
	ssize_t got = recv(io->fd, c->text + c->len, sizeof c->text - 1 - c->len, 0);

	UNUSED(loop);
	UNUSED(revents);
	if (got <= 0) {
		end(c);
		return;
	}
	c->len += (size_t)got;
	c->text[c->len] = '\0';
	if (strstr(c->text, "\r\n\r\n") != NULL) {
		answer(c);
	}
}

static void on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	struct http_server *s = CONTAINER_OF(io, struct http_server, accepting);
	struct connection *c = calloc(1, sizeof *c);
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);

	UNUSED(revents);
	assert(c != NULL && fd >= 0);
	s->accepted++;
	if (s->drops) {
		const struct linger none = { .l_onoff = 1 };
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
		(void)close(fd);
		free(c);
		return;
	}
	c->server = s;
	list_add(&s->connections, &c->link);
	ev_io_init(&c->io, on_readable, fd, EV_READ);
	ev_io_start(loop, &c->io);
}

static int listen_inet(struct target *target)
{
	struct sockaddr_in at;
	int fd = loopback_listen(&at, 16);
	char text[40];
	struct err err;

	(void)snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(at.sin_port));
	int bad = target_parse(target, text, &err);
	assert(bad == 0);
	return fd;
}

static int listen_unix(struct target *target, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	int bad = bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 16) < 0;
	assert(!bad);
	*target = (struct target){ .kind = TARGET_UNIX };
	(void)snprintf(target->path, sizeof target->path, "%s", path);
	return fd;
}

void http_server_start(struct http_server *s, struct ev_loop *loop, const char *path)
{
	*s = (struct http_server){ .loop = loop };
	s->listener = path != NULL ? listen_unix(&s->target, path) : listen_inet(&s->target);
	ev_io_init(&s->accepting, on_accept, s->listener, EV_READ);
	ev_set_priority(&s->accepting, EV_MAXPRI); /* before the client looks */
	ev_io_start(loop, &s->accepting);
}

void http_server_end_connections(struct http_server *s)
{
	for (struct list *link = s->connections, *next; link != NULL; link = next) {
		next = link->next;
		end(CONTAINER_OF(link, struct connection, link));
	}
}

void http_server_stop(struct http_server *s)
{
	http_server_end_connections(s);
	if (s->listener >= 0) {
		ev_io_stop(s->loop, &s->accepting);
		(void)close(s->listener);
		s->listener = -1;
	}
}
