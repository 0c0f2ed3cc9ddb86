/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h2_carrier - the socket under an HTTP/2 session.
 *
 * A failure that is found while the owner is calling us is kept in `failure`
 * and told from a zero timer.
 */
#include "agent/net/h2_carrier.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/util.h"

#define READ_SIZE 16384

/* ---- the connection's end -------------------------------------------------------- */

/* Forgets everything about the connection but the socket, which it hands over. */
static int release(struct h2_conn *conn)
{
	int fd = conn->fd;

	ev_io_stop(conn->loop, &conn->io);
	ev_timer_stop(conn->loop, &conn->later);
	h2_session_close(&conn->session);
	conn->fd = -1;
	conn->open = false;
	return fd;
}

/* The last thing that a callback from the loop does: the owner may open it again. */
static void fail(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	int fd = release(conn);

	if (fd >= 0) {
		(void)close(fd);
	}
	conn->on_event(conn, event, detail);
}

static void fail_later(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	ev_io_stop(conn->loop, &conn->io);
	conn->failure = event;
	conn->failure_detail = detail;
	if (!ev_is_active(&conn->later)) {
		ev_timer_set(&conn->later, 0.0, 0.0);
		ev_timer_start(conn->loop, &conn->later);
	}
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	struct h2_conn *conn = CONTAINER_OF(later, struct h2_conn, later);

	UNUSED(loop);
	UNUSED(revents);
	fail(conn, conn->failure, conn->failure_detail);
}

static enum h2_event event_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENOENT: /* no such socket file: nobody has bound it */
		return H2_REFUSED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		return H2_NO_RESOURCES;
	case ECONNRESET:
	case EPIPE:
	case ETIMEDOUT:
		return H2_RESET;
	}
	return H2_UNREACHABLE;
}

/* ---- sending --------------------------------------------------------------------- */

static void watch(struct h2_conn *conn, bool writable)
{
	int events = EV_READ | (writable ? EV_WRITE : 0);

	if (ev_is_active(&conn->io) && (conn->io.events & (EV_READ | EV_WRITE)) == events) {
		return;
	}
	ev_io_stop(conn->loop, &conn->io);
	ev_io_set(&conn->io, conn->fd, events);
	ev_io_start(conn->loop, &conn->io);
}

/* Sends until there is nothing left or the socket is full. 0, or an errno. */
static int push_out(struct h2_conn *conn)
{
	const uint8_t *data;
	size_t len;

	while ((data = h2_session_pending(&conn->session, &len)) != NULL) {
		ssize_t sent = send(conn->fd, data, len, MSG_NOSIGNAL);
		if (sent < 0) {
			return errno == EAGAIN || errno == EINTR ? 0 : errno;
		}
		h2_session_sent(&conn->session, (size_t)sent);
	}
	return 0;
}

static void flush(struct h2_conn *conn)
{
	if (conn->connecting || ev_is_active(&conn->later)) {
		return;
	}
	int error = push_out(conn);
	if (error != 0) {
		fail_later(conn, event_of(error), strerror(error));
		return;
	}
	watch(conn, conn->session.n_out > 0);
}

/* ---- receiving ------------------------------------------------------------------- */

static const char *what_it_speaks(const struct h2_conn *conn)
{
	if (conn->n_first >= 4 && memcmp(conn->first, "HTTP", 4) == 0) {
		return "the port answers HTTP/1.1, not HTTP/2";
	}
	if (conn->n_first >= 2 && conn->first[0] == 0x15 && conn->first[1] == 0x03) {
		return "the port answers with a TLS alert: it wants TLS";
	}
	return "the port does not speak HTTP/2";
}

static void keep_first(struct h2_conn *conn, const uint8_t *data, size_t len)
{
	size_t room = sizeof conn->first - conn->n_first;
	size_t n = len < room ? len : room;

	memcpy(conn->first + conn->n_first, data, n);
	conn->n_first += n;
}

/* The peer closed, or broke the protocol so that nghttp2 wants no more of it. */
static void fail_protocol(struct h2_conn *conn)
{
	if (conn->session.established) {
		fail(conn, H2_RESET, "the server broke the HTTP/2 protocol");
	} else {
		fail(conn, H2_NOT_HTTP2, what_it_speaks(conn));
	}
}

static void fail_closed(struct h2_conn *conn)
{
	if (!conn->session.established && conn->n_first > 0) {
		fail(conn, H2_NOT_HTTP2, what_it_speaks(conn));
	} else {
		fail(conn, H2_CLOSED, "the server closed the connection");
	}
}

static void receive(struct h2_conn *conn)
{
	uint8_t data[READ_SIZE];
	ssize_t n = recv(conn->fd, data, sizeof data, 0);

	if (n == 0) {
		fail_closed(conn);
		return;
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			fail(conn, event_of(errno), strerror(errno));
		}
		return;
	}
	keep_first(conn, data, (size_t)n);
	bool sound = h2_session_take(&conn->session, data, (size_t)n);
	if (!h2_session_report(&conn->session)) {
		return; /* its owner has closed it */
	}
	flush(conn); /* acknowledgements, and what we say to a peer that broke the protocol */
	if (conn->session.goaway) {
		conn->session.goaway = false;
		conn->on_event(conn, H2_GOAWAY, "the server sent GOAWAY");
	} else if (!sound || !h2_session_wants_more(&conn->session)) {
		fail_protocol(conn);
	}
}

/* ---- connecting ------------------------------------------------------------------ */

/* Goes through the addresses from the current one; 0 when one is on its way, or an errno. */
static int connect_next(struct h2_conn *conn)
{
	int error = 0;

	for (; conn->address < conn->n_addresses; conn->address++) {
		conn->fd = h2_address_connect(
				&conn->addresses[conn->address], conn->user_timeout_ms);
		if (conn->fd >= 0) {
			ev_io_set(&conn->io, conn->fd, EV_WRITE);
			ev_io_start(conn->loop, &conn->io);
			return 0;
		}
		error = errno;
		if (event_of(error) == H2_NO_RESOURCES) {
			return error;
		}
		conn->any_refused = conn->any_refused || event_of(error) == H2_REFUSED;
	}
	return conn->any_refused ? ECONNREFUSED : error;
}

static void next_address(struct h2_conn *conn, int error)
{
	ev_io_stop(conn->loop, &conn->io);
	h2_address_drop(conn->fd);
	conn->fd = -1;
	conn->any_refused = conn->any_refused || event_of(error) == H2_REFUSED;
	conn->address++;
	if (conn->address < conn->n_addresses) {
		error = connect_next(conn);
		if (error == 0) {
			return;
		}
	}
	if (conn->any_refused) {
		error = ECONNREFUSED;
	}
	fail(conn, event_of(error), strerror(error));
}

static void on_connected(struct h2_conn *conn)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		error = errno;
	}
	if (error == 0 && h2_address_is_self(conn->fd)) {
		error = ECONNREFUSED;
	}
	if (error != 0) {
		next_address(conn, error);
		return;
	}
	conn->connecting = false;
	watch(conn, false);
	flush(conn);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct h2_conn *conn = CONTAINER_OF(io, struct h2_conn, io);

	UNUSED(loop);
	if (conn->connecting) {
		on_connected(conn);
	} else if ((revents & EV_READ) != 0) {
		receive(conn);
	} else {
		flush(conn);
	}
}

/* ---- opening and closing --------------------------------------------------------- */

void h2_conn_init(struct h2_conn *conn, struct ev_loop *loop, h2_on_event *on_event)
{
	memset(conn, 0, sizeof *conn);
	conn->loop = loop;
	conn->on_event = on_event;
	conn->fd = -1;
	ev_init(&conn->io, on_io);
	ev_timer_init(&conn->later, on_later, 0.0, 0.0);
}

void h2_conn_open(struct h2_conn *conn, const struct target *target, unsigned user_timeout_ms)
{
	assert(!h2_conn_is_open(conn));
	conn->n_addresses = h2_addresses(conn->addresses, target);
	conn->address = 0;
	conn->user_timeout_ms = user_timeout_ms;
	conn->any_refused = false;
	conn->n_first = 0;
	if (target->kind == TARGET_UNIX) {
		(void)snprintf(conn->authority, sizeof conn->authority, "localhost");
	} else {
		target_format(conn->authority, sizeof conn->authority, target);
	}
	conn->connecting = true;
	conn->open = true;
	int error = h2_session_open(&conn->session) < 0 ? ENOMEM : connect_next(conn);
	if (error != 0) {
		fail_later(conn, event_of(error), strerror(error));
	}
}

bool h2_conn_is_open(const struct h2_conn *conn)
{
	return conn->open;
}

bool h2_conn_is_established(const struct h2_conn *conn)
{
	return conn->open && conn->session.established;
}

uint32_t h2_conn_streams_allowed(const struct h2_conn *conn)
{
	return h2_conn_is_established(conn) ? h2_session_allowed(&conn->session) : UINT32_MAX;
}

void h2_conn_close(struct h2_conn *conn)
{
	if (!h2_conn_is_open(conn)) {
		return;
	}
	if (conn->fd >= 0 && !conn->connecting) {
		h2_session_say_goodbye(&conn->session);
		(void)push_out(conn); /* as far as it goes: the socket closes in any case */
	}
	int fd = release(conn);
	if (fd >= 0) {
		(void)close(fd);
	}
}

/* ---- streams --------------------------------------------------------------------- */

void h2_stream_start(struct h2_conn *conn, struct h2_stream *stream, const struct h2_call *call,
		const struct h2_stream_events *events)
{
	assert(conn->open);
	if (conn->session.nghttp2 == NULL) {
		return; /* it never came to be: the connection's own event is on its way */
	}
	if (h2_session_begin(&conn->session, stream, conn->authority, call, events)) {
		flush(conn);
	} else {
		fail_later(conn, H2_NO_RESOURCES, "no stream can be opened");
	}
}

void h2_stream_cancel(struct h2_stream *stream)
{
	struct h2_session *session = stream->session;

	if (session != NULL) {
		h2_session_drop(stream);
		flush(CONTAINER_OF(session, struct h2_conn, session));
	}
}
