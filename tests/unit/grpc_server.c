/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/grpc_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/util.h"
#include "tests/unit/loopback.h"

struct connection {
	struct list link;
	struct grpc_server *server;
	nghttp2_session *session;
	ev_io io;
	const uint8_t *out; /* nghttp2's, not sent yet */
	size_t n_out;
};

/* An answer that goes on for as long as the test has it. */
struct stream {
	struct list link;
	struct connection *connection;
	int32_t id;
	const uint8_t *rest; /* to be sent; the test's */
	size_t left;
	bool ending; /* a status comes behind it */
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

/* ---- streams --------------------------------------------------------------------------------- */

static void submit_status(struct stream *st)
{
	char name[] = "grpc-status", code[20];
	(void)snprintf(code, sizeof code, "%s", st->connection->server->code);
	nghttp2_nv trailer = header(name, code);

	must(nghttp2_submit_trailer(st->connection->session, st->id, &trailer, 1) == 0);
}

static ssize_t on_stream_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
		uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct stream *st = source->ptr;
	size_t len = st->left < size ? st->left : size;

	UNUSED(session);
	UNUSED(id);
	UNUSED(user);
	if (len == 0 && !st->ending) {
		return NGHTTP2_ERR_DEFERRED;
	}
	if (len > 0) {
		memcpy(buffer, st->rest, len);
	}
	st->rest += len;
	st->left -= len;
	if (st->ending && st->left == 0) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		submit_status(st);
	}
	return (ssize_t)len;
}

static void begin_stream(struct connection *c, int32_t id)
{
	char names[][16] = { ":status", "content-type" };
	char values[][20] = { "200", "application/grpc" };
	nghttp2_nv headers[] = { header(names[0], values[0]), header(names[1], values[1]) };
	struct stream *st = calloc(1, sizeof *st);
	const nghttp2_data_provider body = { .source.ptr = st, .read_callback = on_stream_read };

	must(st != NULL);
	st->connection = c;
	st->id = id;
	list_add(&c->server->streams, &st->link);
	c->server->open++;
	c->server->begun++;
	must(nghttp2_session_set_stream_user_data(c->session, id, st) == 0);
	must(nghttp2_submit_response(c->session, id, headers, ARRAY_LEN(headers), &body) == 0);
}

static void forget_stream(struct stream *st)
{
	st->connection->server->open--;
	list_remove(&st->link);
	free(st);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct stream *st = nghttp2_session_get_stream_user_data(session, id);

	UNUSED(code);
	UNUSED(user);
	if (st != NULL) {
		forget_stream(st);
	}
	return 0;
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

static void echo(struct connection *c, int32_t id, size_t len, bool last)
{
	static const uint8_t messages[500];
	struct stream *st = nghttp2_session_get_stream_user_data(c->session, id);

	if (st == NULL) {
		begin_stream(c, id);
		st = nghttp2_session_get_stream_user_data(c->session, id);
	}
	must(len <= sizeof messages && st->left == 0);
	st->rest = messages;
	st->left = len;
	st->ending = last;
	(void)nghttp2_session_resume_data(c->session, id);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct grpc_server *s = ((struct connection *)user)->server;
	bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	if (frame->hd.type != NGHTTP2_DATA) {
		return 0; /* of a SETTINGS frame the same bit is the ACK */
	}
	s->calls++;
	if (s->manner == MANNER_ANSWERS) {
		answer(s, session, frame->hd.stream_id);
	} else if (s->manner == MANNER_STREAMS) {
		begin_stream(user, frame->hd.stream_id);
	} else if (s->manner == MANNER_TALKS) {
		echo(user, frame->hd.stream_id, frame->hd.length, last || s->talks_end);
	}
	return 0;
}

static void end_connection(struct connection *c)
{
	for (struct list *link = c->server->streams, *next; link != NULL; link = next) {
		struct stream *st = CONTAINER_OF(link, struct stream, link);
		next = link->next;
		if (st->connection == c) {
			forget_stream(st);
		}
	}
	ev_io_stop(c->server->loop, &c->io);
	(void)close(c->io.fd);
	nghttp2_session_del(c->session);
	list_remove(&c->link);
	free(c);
}

/* The client is on the same thread: it cannot read while we wait for it. */
static void send_all(struct connection *c)
{
	ssize_t len = 0;

	while (c->n_out > 0 || (len = nghttp2_session_mem_send(c->session, &c->out)) > 0) {
		c->n_out = c->n_out > 0 ? c->n_out : (size_t)len;
		ssize_t sent = send(c->io.fd, c->out, c->n_out, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EAGAIN) {
			break;
		}
		sent = sent < 0 ? (ssize_t)c->n_out : sent; /* a lost peer is seen below */
		c->out += sent;
		c->n_out -= (size_t)sent;
	}
	ev_io_stop(c->server->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, c->n_out > 0 ? EV_READ | EV_WRITE : EV_READ);
	ev_io_start(c->server->loop, &c->io);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct connection *c = CONTAINER_OF(io, struct connection, io);
	uint8_t data[16384];

	UNUSED(loop);
	if ((revents & EV_READ) == 0) {
		send_all(c);
		return;
	}
	ssize_t len = recv(io->fd, data, sizeof data, 0);
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
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	must(nghttp2_session_server_new(&c->session, callbacks, c) == 0);
	nghttp2_session_callbacks_del(callbacks);
	const nghttp2_settings_entry allowed = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
		s->allowed };
	must(nghttp2_submit_settings(
			     c->session, NGHTTP2_FLAG_NONE, &allowed, s->allowed > 0 ? 1 : 0) == 0);
	c->server = s;
	s->accepted++;
	list_add(&s->connections, &c->link);
	ev_io_init(&c->io, on_ready, fd, EV_READ);
	ev_io_start(loop, &c->io);
}

void grpc_server_start(struct grpc_server *s, struct ev_loop *loop)
{
	struct sockaddr_in at;

	memset(s, 0, sizeof *s);
	s->loop = loop;
	s->code = "0";
	s->listener = loopback_listen(&at, 16);
	(void)snprintf(s->endpoint.host, sizeof s->endpoint.host, "127.0.0.1");
	s->endpoint.port = ntohs(at.sin_port);
	ev_io_init(&s->accepting, on_connection, s->listener, EV_READ);
	ev_io_start(loop, &s->accepting);
}

static void go_on(struct stream *st)
{
	(void)nghttp2_session_resume_data(st->connection->session, st->id);
	send_all(st->connection);
}

void grpc_server_tell(struct grpc_server *s, const void *bytes, size_t len)
{
	for (struct list *link = s->streams, *next; link != NULL; link = next) {
		struct stream *st = CONTAINER_OF(link, struct stream, link);
		next = link->next;
		st->rest = bytes;
		st->left = len;
		go_on(st);
	}
}

void grpc_server_end_streams(struct grpc_server *s)
{
	for (struct list *link = s->streams, *next; link != NULL; link = next) {
		struct stream *st = CONTAINER_OF(link, struct stream, link);
		next = link->next;
		st->ending = true;
		go_on(st); /* it is forgotten in here */
	}
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
