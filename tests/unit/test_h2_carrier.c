/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "agent/util.h"

#include "tests/unit/h2_stage.h"

/* ---- the connection -------------------------------------------------------------------------- */

static void is_refused_from_the_loop(void **state)
{
	UNUSED(state);
	(void)close(stage.peer.listener);
	stage.peer.listener = -1;
	open_conn();
	start_stream();
	assert_int_equal(stage.events, 0);
	expect_event(H2_REFUSED);
	assert_null(stage.stream.session);
}

static void a_socket_file_that_is_not_there_is_refused(void **state)
{
	struct target t = { .kind = TARGET_UNIX, .path = "/nonexistent/socket" };
	UNUSED(state);
	h2_conn_open(&stage.conn, &t, 1000);
	start_stream();
	assert_int_equal(stage.events, 0);
	expect_event(H2_REFUSED);
}

static void localhost_is_also_ipv6(void **state)
{
	UNUSED(state);
	peer_finish(&stage.peer);
	peer_listen(&stage.peer, "::1");
	(void)strcpy(stage.peer.target.inet.host, "localhost");
	open_conn();
	start_stream();
	while (stage.conn.connecting) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.events, 0);
	peer_accept(&stage.peer);
}

static void sees_an_idle_connection_close(void **state)
{
	UNUSED(state);
	establish();
	ev_run(stage.loop, EVRUN_NOWAIT);
	peer_reads_all();
	peer_close(&stage.peer);
	expect_event(H2_CLOSED);
}

static void sees_a_reset(void **state)
{
	UNUSED(state);
	establish();
	peer_reset(&stage.peer);
	expect_event(H2_RESET);
}

static void sees_a_close_before_a_word(void **state)
{
	UNUSED(state);
	open_conn();
	peer_accept(&stage.peer);
	peer_reads_all();
	peer_close(&stage.peer);
	expect_event(H2_CLOSED);
}

static void tells_http1_from_http2(void **state)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	UNUSED(state);
	open_conn();
	start_stream();
	peer_accept(&stage.peer);
	peer_send(&stage.peer, answer, sizeof answer - 1);
	expect_event(H2_NOT_HTTP2);
	assert_non_null(strstr(stage.detail, "HTTP/1.1"));
}

static void tells_tls_from_http2(void **state)
{
	UNUSED(state);
	open_conn();
	peer_accept(&stage.peer);
	peer_reads_all();
	peer_send(&stage.peer, "\x15\x03\x01\x00\x02\x02\x46", 7);
	peer_close(&stage.peer);
	expect_event(H2_NOT_HTTP2);
	assert_non_null(strstr(stage.detail, "TLS"));
}

static void half_a_frame_is_a_close(void **state)
{
	UNUSED(state);
	establish();
	peer_reads_all();
	peer_send(&stage.peer, "\x00\x00\x40\x00", 4);
	ev_run(stage.loop, EVRUN_ONCE);
	peer_reads_all();
	peer_close(&stage.peer);
	expect_event(H2_CLOSED);
}

static void a_broken_protocol_ends_the_connection(void **state)
{
	UNUSED(state);
	establish();
	peer_send_frame(&stage.peer, FRAME_DATA, 0, 0, "x", 1); /* DATA on stream 0 */
	expect_event(H2_RESET);
}

static void a_goaway_leaves_the_stream_alone(void **state)
{
	UNUSED(state);
	establish();
	peer_send_frame(&stage.peer, FRAME_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
	expect_event(H2_GOAWAY);
	assert_true(h2_conn_is_open(&stage.conn));
	send_headers(GRPC, 0);
	send_trailers("0");
	wait_for(&stage.ends, 1);
	assert_int_equal(stage.end, H2_END_STATUS);
}

static void close_says_goodbye_and_calls_nobody(void **state)
{
	UNUSED(state);
	establish();
	h2_conn_close(&stage.conn);
	assert_false(h2_conn_is_open(&stage.conn));
	h2_conn_close(&stage.conn);
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.events + stage.ends, 0);
	assert_int_equal(peer_count_frames(&stage.peer, FRAME_GOAWAY), 1);
}

static void may_be_opened_again_from_its_event(void **state)
{
	UNUSED(state);
	establish();
	stage.reopen_on_event = true;
	peer_reset(&stage.peer);
	expect_event(H2_RESET);
	assert_true(h2_conn_is_open(&stage.conn));
	peer_accept(&stage.peer);
	peer_send_frame(&stage.peer, FRAME_SETTINGS, 0, 0, NULL, 0);
	while (!h2_conn_is_established(&stage.conn)) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_refused_from_the_loop),
		TEST(a_socket_file_that_is_not_there_is_refused),
		TEST(localhost_is_also_ipv6),
		TEST(sees_an_idle_connection_close),
		TEST(sees_a_reset),
		TEST(sees_a_close_before_a_word),
		TEST(tells_http1_from_http2),
		TEST(tells_tls_from_http2),
		TEST(half_a_frame_is_a_close),
		TEST(a_broken_protocol_ends_the_connection),
		TEST(a_goaway_leaves_the_stream_alone),
		TEST(close_says_goodbye_and_calls_nobody),
		TEST(may_be_opened_again_from_its_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
