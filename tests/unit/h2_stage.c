/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/net/h2_carrier.h"
#include "agent/util.h"

#include "tests/unit/h2_peer.h"
#include "tests/unit/h2_stage.h"

/* ---- the stage: one connection, one stream, and what they said ------------------------------- */

struct h2_carrier_stage stage;

static void on_bound(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(timer);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

static void on_event(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	stage.events++;
	stage.event = event;
	(void)strncpy(stage.detail, detail, sizeof stage.detail - 1);
	assert_int_equal(h2_conn_is_open(conn), event == H2_GOAWAY);
	if (stage.reopen_on_event) {
		stage.reopen_on_event = false;
		h2_conn_open(conn, &stage.peer.target, stage.tls, 1000);
	}
}

static void on_message(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	UNUSED(stream);
	assert_non_null(data);
	stage.messages++;
	stage.message_len = len;
}

static void on_news(struct h2_stream *stream)
{
	UNUSED(stream);
	stage.news++;
	if (stage.close_on_news) {
		h2_conn_close(&stage.conn);
	}
}

static void on_end(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	assert_null(stream->session); /* detached: it may be started again */
	stage.ends++;
	stage.end = end;
	stage.status = *status;
	if (stage.close_on_end) {
		h2_conn_close(&stage.conn);
	}
}

const struct h2_stream_events stage_events = {
	.on_message = on_message, .on_news = on_news, .on_end = on_end
};

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&stage.bound, on_bound, BOUND, 0.0);
	ev_timer_start(stage.loop, &stage.bound);
	peer_listen(&stage.peer, "127.0.0.1");
	h2_conn_init(&stage.conn, stage.loop, on_event);
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	h2_conn_close(&stage.conn);
	ev_timer_stop(stage.loop, &stage.bound);
	ev_loop_destroy(stage.loop);
	peer_finish(&stage.peer);
	return 0;
}

void wait_for(const unsigned *count, unsigned n)
{
	while (*count < n) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
}

void open_conn(void)
{
	h2_conn_open(&stage.conn, &stage.peer.target, stage.tls, 1000);
	assert_true(h2_conn_is_open(&stage.conn));
}

void start(struct h2_stream *stream)
{
	const struct h2_call call = {
		.path = "/p.S/M", .body = stage.body, .n_body = sizeof stage.body, .limit = LIMIT
	};

	h2_stream_start(&stage.conn, stream, &call, &stage_events);
}

void start_stream(void)
{
	start(&stage.stream);
}

/* What the peer leaves unread makes its kernel reset where it should close. */
void peer_reads_all(void)
{
	while (stage.conn.connecting) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	(void)peer_count_frames(&stage.peer, FRAME_SETTINGS);
}

/* Open, with one stream, and the peer has said that it speaks HTTP/2. */
void establish(void)
{
	open_conn();
	start_stream();
	peer_accept(&stage.peer);
	peer_send_frame(&stage.peer, FRAME_SETTINGS, 0, 0, NULL, 0);
	while (!h2_conn_is_established(&stage.conn)) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
}

void send_headers(const char *content_type, unsigned flags)
{
	uint8_t block[200];

	peer_send_frame(&stage.peer, FRAME_HEADERS, FLAG_END_HEADERS | flags, 1, block,
			peer_headers(block, content_type));
}

void send_trailers(const char *code)
{
	uint8_t block[200];

	peer_send_frame(&stage.peer, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block,
			peer_trailers(block, code));
}

void send_data(const void *bytes, size_t len)
{
	peer_send_frame(&stage.peer, FRAME_DATA, 0, 1, bytes, len);
}

void expect_event(enum h2_event event)
{
	unsigned ends = stage.ends;

	wait_for(&stage.events, 1);
	assert_int_equal(stage.event, event);
	assert_int_equal(stage.ends, ends); /* the streams end without a word */
}

void expect_end(enum h2_end end)
{
	wait_for(&stage.ends, 1);
	assert_int_equal(stage.end, end);
	assert_int_equal(stage.events, 0);
	assert_true(h2_conn_is_open(&stage.conn));
}
