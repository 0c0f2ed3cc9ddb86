/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h2_carrier - the socket under an HTTP/2 session, with or without TLS between.
 *
 * A failure that is found while the owner is calling us is kept in `failure`
 * and told from a zero timer. What streams have to say is sent at the end of the
 * loop's turn, in one piece: a thousand calls that start together are one write.
 */
#include "agent/net/h2_carrier.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/util.h"

#define READ_SIZE 16384

/* Reads in a row of what does not wait for its turn. */
#define READS_MAX 64u

/* ---- the connection's end -------------------------------------------------------- */

static void stop_hearing(struct h2_conn *conn)
{
	ev_io_stop(conn->loop, &conn->io);
	rest_stop(&conn->rest);
	turn_drop(conn->turn, &conn->work);
	conn->ready = 0;
}

/* Forgets everything about the connection, and closes its socket. */
static void release(struct h2_conn *conn)
{
	stop_hearing(conn);
	ev_prepare_stop(conn->loop, &conn->flusher);
	ev_timer_stop(conn->loop, &conn->later);
	h2_output_finish(&conn->output);
	h2_session_close(&conn->session);
	h2_tls_end(conn->tls);
	if (conn->fd >= 0) {
		h2_address_hang_up(conn->fd);
	}
	conn->fd = -1;
	conn->open = false;
}

/* The last thing that a callback from the loop does: the owner may open it again. */
static void fail(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	bool unheard = conn->greeting.n == 0 && !conn->connecting;

	if (unheard && conn->tls == NULL && event == H2_CLOSED && conn->hint != NULL) {
		detail = conn->hint;
	} else if (unheard && (event == H2_CLOSED || event == H2_RESET) &&
			h2_tls_blames(conn->tls)) {
		event = H2_TLS_DROPPED;
		detail = h2_tls_sentence(conn->tls);
	}
	release(conn);
	conn->on_event(conn, event, detail);
}

static void fail_later(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	stop_hearing(conn);
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

static int push_out(struct h2_conn *conn, bool *full)
{
	return h2_output_push(&conn->output, conn->fd, &conn->session, conn->tls, full);
}

/* A peer that takes nothing more may have said why: reading finds that, or the end. */
static void flush(struct h2_conn *conn)
{
	ev_prepare_stop(conn->loop, &conn->flusher);
	if (conn->connecting || ev_is_active(&conn->later)) {
		return;
	}
	bool full;
	int error = push_out(conn, &full);
	if (error != 0 && h2_event_of(error) != H2_RESET) {
		fail_later(conn, h2_event_of(error), h2_address_says(error));
	} else if (conn->tls != NULL && conn->tls->state == H2_TLS_BROKEN) {
		fail_later(conn, H2_RESET, h2_tls_sentence(conn->tls));
	} else {
		watch(conn, full);
	}
}

static void on_turn_end(struct ev_loop *loop, ev_prepare *flusher, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	flush(CONTAINER_OF(flusher, struct h2_conn, flusher));
}

static void flush_soon(struct h2_conn *conn)
{
	ev_prepare_start(conn->loop, &conn->flusher);
}

/* ---- receiving ------------------------------------------------------------------- */

/* The peer broke the protocol so that nghttp2 wants no more of it. */
static void fail_protocol(struct h2_conn *conn)
{
	if (conn->session.established) {
		fail(conn, H2_RESET, "the server broke the HTTP/2 protocol");
	} else {
		fail(conn, H2_NOT_HTTP2, h2_greeting_sentence(&conn->greeting));
	}
}

static void fail_closed(struct h2_conn *conn)
{
	if (conn->tls != NULL && conn->tls->state == H2_TLS_HANDSHAKE) {
		fail(conn, H2_CLOSED, "the server closed the connection in the TLS handshake");
	} else if (!conn->session.established && conn->greeting.n > 0) {
		fail(conn, H2_NOT_HTTP2, h2_greeting_sentence(&conn->greeting));
	} else {
		fail(conn, H2_CLOSED, "the server closed the connection");
	}
}

/* The sentence outlives the end of the connection, which forgets all else. */
static void fail_tls(struct h2_conn *conn)
{
	fail(conn, conn->session.established ? H2_RESET : H2_TLS_FAILED,
			h2_tls_sentence(conn->tls));
}

static bool take_plain(struct h2_conn *conn, const uint8_t *data, size_t len)
{
	h2_greeting_note(&conn->greeting, data, len);
	return h2_session_take(&conn->session, data, len);
}

/* False when the peer broke the protocol of HTTP/2. */
static bool take(struct h2_conn *conn, const uint8_t *data, size_t len)
{
	uint8_t plain[READ_SIZE] LEFT_AS_IT_IS;
	bool sound = true;
	size_t n;

	if (conn->tls == NULL) {
		return take_plain(conn, data, len);
	}
	h2_tls_take(conn->tls, data, len);
	while (sound && (n = h2_tls_read(conn->tls, plain, sizeof plain)) > 0) {
		sound = take_plain(conn, plain, n);
	}
	return sound;
}

/* True when there may be more to read. */
static bool receive(struct h2_conn *conn)
{
	uint8_t data[READ_SIZE] LEFT_AS_IT_IS;
	ssize_t n = recv(conn->fd, data, sizeof data, 0);

	if (n == 0) {
		fail_closed(conn);
		return false;
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			fail(conn, h2_event_of(errno), h2_address_says(errno));
		}
		return false;
	}
	rest_note(&conn->rest, (size_t)n);
	bool sound = take(conn, data, (size_t)n);
	if (!h2_session_report(&conn->session)) {
		return false; /* its owner has closed it */
	}
	flush(conn); /* acknowledgements, and what we say to a peer that broke the protocol */
	if (h2_output_is_starved(&conn->session, conn->tls) ||
			!h2_session_report(&conn->session)) { /* nghttp2 may have reset some */
		return false;
	}
	if (conn->session.goaway) {
		conn->session.goaway = false;
		conn->on_event(conn, H2_GOAWAY, "the server sent GOAWAY");
	} else if (conn->tls != NULL && conn->tls->state == H2_TLS_BROKEN) {
		fail_tls(conn);
	} else if (conn->tls != NULL && conn->tls->state == H2_TLS_CLOSED) {
		fail_closed(conn);
	} else if (!sound || !h2_session_wants_more(&conn->session)) {
		fail_protocol(conn);
	} else {
		return (size_t)n == sizeof data;
	}
	return false;
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
		if (h2_event_of(error) == H2_NO_RESOURCES) {
			return error;
		}
		conn->any_refused = conn->any_refused || h2_event_of(error) == H2_REFUSED;
	}
	return conn->any_refused ? ECONNREFUSED : error;
}

/* Away from the current address, to the next. 0 when it is on its way, or an errno. */
static int pass_on(struct h2_conn *conn, int error)
{
	stop_hearing(conn);
	h2_address_drop(conn->fd);
	conn->fd = -1;
	conn->any_refused = conn->any_refused || h2_event_of(error) == H2_REFUSED;
	conn->address++;
	if (conn->address < conn->n_addresses) {
		return connect_next(conn);
	}
	return conn->any_refused ? ECONNREFUSED : error;
}

static void next_address(struct h2_conn *conn, int error)
{
	int failed = pass_on(conn, error);

	if (failed != 0) {
		fail(conn, h2_event_of(failed), h2_address_says(failed));
	}
}

bool h2_conn_hurry(struct h2_conn *conn)
{
	if (!conn->connecting || conn->fd < 0 || conn->address + 1 >= conn->n_addresses) {
		return false;
	}
	int failed = pass_on(conn, ETIMEDOUT);
	if (failed != 0) {
		fail_later(conn, h2_event_of(failed), h2_address_says(failed));
	}
	return failed == 0 && conn->address + 1 < conn->n_addresses;
}

static void on_connected(struct h2_conn *conn)
{
	int error = h2_address_error(conn->fd);

	if (h2_address_was_taken(error)) {
		fail(conn, H2_RESET, h2_address_says(error));
	} else if (error != 0) {
		next_address(conn, error);
	} else {
		conn->connecting = false;
		watch(conn, false);
		flush(conn);
	}
}

static void on_turn(struct task *work)
{
	struct h2_conn *conn = CONTAINER_OF(work, struct h2_conn, work);
	int revents = conn->ready;

	conn->ready = 0;
	if (conn->connecting) {
		on_connected(conn);
	} else if ((revents & EV_READ) != 0) {
		for (unsigned n = 1; receive(conn) && conn->turn == NULL && n < READS_MAX; n++) {
		}
	} else {
		flush(conn);
		(void)h2_session_report(&conn->session);
	}
}

/* The socket says it again in each turn of the loop until it is heard. */
static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct h2_conn *conn = CONTAINER_OF(io, struct h2_conn, io);

	UNUSED(loop);
	if (conn->turn != NULL && rest_due(&conn->rest)) {
		return; /* whoever is one of many has no right to all of our time */
	}
	conn->ready |= revents;
	turn_add(conn->turn, &conn->work);
}

/* ---- opening and closing --------------------------------------------------------- */

void h2_conn_init(struct h2_conn *conn, struct ev_loop *loop, h2_on_event *on_event)
{
	memset(conn, 0, sizeof *conn);
	conn->loop = loop;
	conn->on_event = on_event;
	conn->fd = -1;
	conn->work.run = on_turn;
	ev_init(&conn->io, on_io);
	rest_init(&conn->rest, loop, &conn->io);
	ev_prepare_init(&conn->flusher, on_turn_end);
	ev_timer_init(&conn->later, on_later, 0.0, 0.0);
}

void h2_conn_open_way(struct h2_conn *conn, const struct h2_way *way)
{
	const char *own = way->tls != NULL ? h2_tls_authority(way->tls) : NULL;

	assert(!h2_conn_is_open(conn));
	conn->tls = way->tls;
	conn->addresses = way->addresses;
	conn->n_addresses = way->n_addresses;
	conn->address = 0;
	conn->user_timeout_ms = way->user_timeout_ms;
	conn->any_refused = false;
	conn->greeting.n = 0;
	(void)snprintf(conn->authority, sizeof conn->authority, "%s",
			own != NULL ? own : way->authority);
	conn->connecting = true;
	conn->open = true;
	conn->session.window = way->window;
	conn->hint = way->hint;
	if (conn->tls != NULL && !h2_tls_begin(conn->tls)) {
		fail_later(conn, H2_TLS_FILES, h2_tls_sentence(conn->tls));
		return;
	}
	int error = h2_session_open(&conn->session) < 0 ? ENOMEM : connect_next(conn);
	if (error != 0) {
		fail_later(conn, h2_event_of(error), h2_address_says(error));
	}
}

void h2_conn_open(struct h2_conn *conn, const struct target *target, struct h2_tls *tls,
		unsigned user_timeout_ms)
{
	char authority[TARGET_TEXT_MAX] = "localhost"; /* of a unix socket */
	struct h2_way way = {
		.addresses = conn->known,
		.n_addresses = h2_addresses(conn->known, target),
		.authority = authority,
		.tls = tls,
		.user_timeout_ms = user_timeout_ms,
		.hint = "the server closed the connection without a word (for TLS see probe.tls)",
	};

	if (target->kind != TARGET_UNIX) {
		target_format(authority, sizeof authority, target);
	}
	h2_conn_open_way(conn, &way);
}

/* As far as it goes: the socket closes in any case. */
static void say_goodbye(struct h2_conn *conn)
{
	bool full;

	h2_session_say_goodbye(&conn->session);
	if (push_out(conn, &full) == 0 && !full && conn->tls != NULL) {
		h2_tls_say_goodbye(conn->tls);
		(void)push_out(conn, &full);
	}
}

void h2_conn_close(struct h2_conn *conn)
{
	if (!h2_conn_is_open(conn)) {
		return;
	}
	if (conn->fd >= 0 && !conn->connecting) {
		say_goodbye(conn);
	}
	release(conn);
}

/* ---- streams --------------------------------------------------------------------- */

void h2_stream_start(struct h2_conn *conn, struct h2_stream *stream, const struct h2_call *call,
		const struct h2_stream_events *events)
{
	const struct h2_origin from = { conn->tls != NULL ? "https" : "http", conn->authority };

	assert(conn->open);
	if (conn->session.nghttp2 == NULL) {
		return; /* it never came to be: the connection's own event is on its way */
	}
	if (h2_session_begin(&conn->session, stream, &from, call, events)) {
		flush_soon(conn);
	} else {
		fail_later(conn, H2_NO_RESOURCES, "no stream can be opened");
	}
}

void h2_stream_say(struct h2_stream *stream, const uint8_t *body, size_t n_body)
{
	h2_session_say(stream, body, n_body);
	flush_soon(CONTAINER_OF(stream->session, struct h2_conn, session));
}

void h2_stream_cancel(struct h2_stream *stream)
{
	struct h2_session *session = stream->session;

	if (session != NULL) {
		h2_session_drop(stream);
		flush_soon(CONTAINER_OF(session, struct h2_conn, session));
	}
}
