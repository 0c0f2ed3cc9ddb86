/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/grpc_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/util.h"

struct connection {
	struct list link;
	struct grpc_server *server;
	nghttp2_session *session;
	ev_io io;
};

/* Not the test's subject: without it there is no test. */
static void must(bool done)
{
	if (!done) {
		perror("grpc_server");
		abort();
	}
}

/* nghttp2 has no const here; it copies. */
static nghttp2_nv header(char *name, char *value)
{
	return (nghttp2_nv){ .name = (uint8_t *)name,
		.value = (uint8_t *)value,
		.namelen = strlen(name),
		.valuelen = strlen(value) };
}

/* The source is a pointer into the body that moves on. */
static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t size,
		uint32_t *flags, nghttp2_data_source *source, void *user)
{
	const char **rest = source->ptr;
	size_t len = strnlen(*rest, size);

	UNUSED(session);
	UNUSED(stream);
	UNUSED(user);
	memcpy(buffer, *rest, len);
	*rest += len;
	*flags |= **rest == '\0' ? NGHTTP2_DATA_FLAG_EOF : NGHTTP2_DATA_FLAG_NONE;
	return (ssize_t)len;
}

static void answer(struct grpc_server *s, nghttp2_session *session, int32_t stream)
{
	char names[][16] = { ":status", "content-type", "grpc-status" };
	char values[][20] = { "200", "application/grpc", "" };
	nghttp2_nv headers[ARRAY_LEN(names)];

	(void)snprintf(values[2], sizeof values[2], "%s", s->code);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		headers[i] = header(names[i], values[i]);
	}
	const nghttp2_data_provider body = { .source.ptr = &s->rest, .read_callback = on_read };
	s->rest = s->body;
	must(nghttp2_submit_response(session, stream, headers, ARRAY_LEN(headers),
			     s->body == NULL ? NULL : &body) == 0);
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct grpc_server *s = ((struct connection *)user)->server;

	UNUSED(session);
	UNUSED(frame);
	s->path[0] = s->token[0] = s->hasleader[0] = s->te[0] = '\0';
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct grpc_server *s = ((struct connection *)user)->server;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} kept[] = { { ":path", s->path, sizeof s->path }, { "token", s->token, sizeof s->token },
		{ "hasleader", s->hasleader, sizeof s->hasleader }, { "te", s->te, sizeof s->te } };

	UNUSED(session);
	UNUSED(frame);
	UNUSED(flags);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (name_len == strlen(kept[i].name) && memcmp(name, kept[i].name, name_len) == 0) {
			(void)snprintf(kept[i].to, kept[i].size, "%.*s", (int)value_len, value);
		}
	}
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct grpc_server *s = ((struct connection *)user)->server;

	if (frame->hd.type != NGHTTP2_DATA || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
		return 0; /* of a SETTINGS frame the same bit is the ACK */
	}
	s->calls++;
	if (s->manner == MANNER_ANSWERS) {
		answer(s, session, frame->hd.stream_id);
	}
	return 0;
}

static void end_connection(struct connection *c)
{
	ev_io_stop(c->server->loop, &c->io);
	(void)close(c->io.fd);
	nghttp2_session_del(c->session);
	list_remove(&c->link);
	free(c);
}

static void send_all(struct connection *c)
{
	const uint8_t *data;
	ssize_t len;

	while ((len = nghttp2_session_mem_send(c->session, &data)) > 0) {
		(void)send(c->io.fd, data, (size_t)len,
				MSG_NOSIGNAL); /* a lost peer is seen below */
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct connection *c = CONTAINER_OF(io, struct connection, io);
	uint8_t data[16384];
	ssize_t len = recv(io->fd, data, sizeof data, 0);

	UNUSED(loop);
	UNUSED(revents);
	if (len <= 0 || c->server->manner == MANNER_HANGS_UP ||
			nghttp2_session_mem_recv(c->session, data, (size_t)len) < 0) {
		end_connection(c);
		return;
	}
	send_all(c);
}

static void on_connection(struct ev_loop *loop, ev_io *accepting, int revents)
{
	struct grpc_server *s = CONTAINER_OF(accepting, struct grpc_server, accepting);
	struct connection *c = calloc(1, sizeof *c);
	nghttp2_session_callbacks *callbacks;
	int fd = accept(s->listener, NULL, NULL);

	UNUSED(revents);
	must(c != NULL && fd >= 0);
	must(nghttp2_session_callbacks_new(&callbacks) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	must(nghttp2_session_server_new(&c->session, callbacks, c) == 0);
	nghttp2_session_callbacks_del(callbacks);
	must(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0) == 0);
	c->server = s;
	s->accepted++;
	list_add(&s->connections, &c->link);
	ev_io_init(&c->io, on_readable, fd, EV_READ);
	ev_io_start(loop, &c->io);
}

void grpc_server_start(struct grpc_server *s, struct ev_loop *loop)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;

	memset(s, 0, sizeof *s);
	s->loop = loop;
	s->code = "0";
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s->listener >= 0);
	must(bind(s->listener, (struct sockaddr *)&at, len) == 0);
	must(listen(s->listener, 16) == 0);
	must(getsockname(s->listener, (struct sockaddr *)&at, &len) == 0);
	(void)snprintf(s->endpoint.host, sizeof s->endpoint.host, "127.0.0.1");
	s->endpoint.port = ntohs(at.sin_port);
	ev_io_init(&s->accepting, on_connection, s->listener, EV_READ);
	ev_io_start(loop, &s->accepting);
}

void grpc_server_end_connections(struct grpc_server *s)
{
	for (struct list *link = s->connections, *next; link != NULL; link = next) {
		next = link->next;
		end_connection(CONTAINER_OF(link, struct connection, link));
	}
}

void grpc_server_stop(struct grpc_server *s)
{
	grpc_server_end_connections(s);
	if (s->listener >= 0) {
		ev_io_stop(s->loop, &s->accepting);
		(void)close(s->listener);
		s->listener = -1;
	}
}
