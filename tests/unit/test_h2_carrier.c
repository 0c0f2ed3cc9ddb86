/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/util.h"

#include "tests/unit/h2_stage.h"
#include "tests/unit/loopback.h"
#include "tests/unit/tls_peer.h"

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
	h2_conn_open(&stage.conn, &t, NULL, 1000);
	start_stream();
	assert_int_equal(stage.events, 0);
	expect_event(H2_REFUSED);
}

static void localhost_is_also_ipv6(void **state)
{
	UNUSED(state);
	if (!loopback_has_ipv6()) {
		skip();
	}
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

/* "localhost" is two addresses: that nobody listens on the other one is no refusal then. */
static void a_reset_while_connecting_is_not_a_refusal(void **state)
{
	UNUSED(state);
	(void)strcpy(stage.peer.target.inet.host, "localhost");
	open_conn();
	start_stream();
	peer_accept(&stage.peer);
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

static void the_scheme_is_http(void **state)
{
	uint8_t said[4096];
	UNUSED(state);
	establish();
	assert_string_equal(peer_scheme(said, peer_read(&stage.peer, said, sizeof said)), "http");
}

/* ---- over TLS -------------------------------------------------------------------------------- */

static struct tls_peer tls_peer;
static struct tls_shelf shelf;
static struct tls_settings settings;
static char ca_file[TLS_PEER_PATH], nothing[1];

static int set_up_tls(void **state)
{
	(void)set_up(state);
	tls_peer_init(&tls_peer);
	tls_peer_issue(&tls_peer, "server", &(struct tls_wish){ .names = "IP:127.0.0.1" });
	tls_peer_serve(&tls_peer, "server", "h2");
	tls_peer_connect(&tls_peer);
	tls_peer_copy_path(ca_file, &tls_peer, "ca.pem");
	settings = (struct tls_settings){
		.on = true,
		.ca_file = ca_file,
		.cert_file = nothing,
		.key_file = nothing,
		.server_name = nothing,
	};
	stage.tls = h2_tls_create(&settings, &stage.peer.target, &shelf);
	assert_non_null(stage.tls);
	return 0;
}

static int tear_down_tls(void **state)
{
	(void)tear_down(state);
	h2_tls_destroy(stage.tls);
	tls_shelf_finish(&shelf);
	tls_peer_finish(&tls_peer);
	return 0;
}

/* What came for the peer goes to its TLS, and what that says goes out. */
static void carry(void)
{
	uint8_t data[4096];
	ssize_t n;

	while ((n = recv(stage.peer.fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		assert_int_equal(BIO_write(tls_peer.in, data, (int)n), n);
	}
	(void)SSL_do_handshake(tls_peer.ssl);
	while ((n = BIO_read(tls_peer.out, data, sizeof data)) > 0) {
		peer_send(&stage.peer, data, (size_t)n);
	}
}

static void send_secured(const void *bytes, size_t len)
{
	assert_int_equal(SSL_write(tls_peer.ssl, bytes, (int)len), len);
	carry();
}

static void establish_tls(void)
{
	uint8_t frame[9];

	open_conn();
	start_stream();
	peer_accept(&stage.peer);
	while (!SSL_is_init_finished(tls_peer.ssl)) {
		ev_run(stage.loop, EVRUN_NOWAIT);
		carry();
	}
	send_secured(frame, peer_frame(frame, FRAME_SETTINGS, 0, 0, NULL, 0));
	while (!h2_conn_is_established(&stage.conn)) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.events, 0);
}

static void calls_go_over_tls(void **state)
{
	uint8_t plain[4096];
	UNUSED(state);
	establish_tls();
	carry();
	assert_in_range(SSL_read(tls_peer.ssl, plain, sizeof plain), 24, sizeof plain);
	assert_memory_equal(plain, "PRI * HTTP/2.0", 14);
}

/* What SSL_read gives at a time is a record, and the first words may be several. */
static void the_scheme_is_https_over_tls(void **state)
{
	uint8_t said[4096];
	size_t len = 0;
	int n;
	UNUSED(state);
	establish_tls();
	carry();
	while ((n = SSL_read(tls_peer.ssl, said + len, (int)(sizeof said - len))) > 0) {
		len += (size_t)n;
	}
	assert_string_equal(peer_scheme(said, len), "https");
}

static void close_says_goodbye_in_both_languages(void **state)
{
	uint8_t plain[4096];
	int n, frames = 0;
	UNUSED(state);
	establish_tls();
	h2_conn_close(&stage.conn);
	assert_int_equal(stage.tls->state, H2_TLS_IDLE);
	carry();
	while ((n = SSL_read(tls_peer.ssl, plain, sizeof plain)) > 0) {
		frames += n >= 4 && plain[3] == FRAME_GOAWAY ? 1 : 0;
	}
	assert_int_equal(frames, 1);
	assert_int_equal(SSL_get_error(tls_peer.ssl, n), SSL_ERROR_ZERO_RETURN);
}

static void sees_a_goodbye_without_an_end(void **state)
{
	UNUSED(state);
	establish_tls();
	(void)SSL_shutdown(tls_peer.ssl);
	carry();
	expect_event(H2_CLOSED);
}

static void sees_the_end_without_a_goodbye(void **state)
{
	UNUSED(state);
	establish_tls();
	ev_run(stage.loop, EVRUN_NOWAIT);
	carry();
	peer_close(&stage.peer);
	expect_event(H2_CLOSED);
}

/* A frame and the goodbye in one piece: the frame counts first. */
static void a_goaway_before_the_goodbye_is_told(void **state)
{
	uint8_t frame[17];
	UNUSED(state);
	establish_tls();
	size_t len = peer_frame(frame, FRAME_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
	assert_int_equal(SSL_write(tls_peer.ssl, frame, (int)len), len);
	(void)SSL_shutdown(tls_peer.ssl);
	carry();
	expect_event(H2_GOAWAY);
}

static void a_broken_record_on_an_open_connection_is_a_reset(void **state)
{
	UNUSED(state);
	establish_tls();
	peer_send(&stage.peer, "\x17\x03\x03\x00\x13nineteen bytes, bad", 24);
	expect_event(H2_RESET);
}

static void a_peer_without_tls_is_named(void **state)
{
	UNUSED(state);
	open_conn();
	peer_accept(&stage.peer);
	peer_send_frame(&stage.peer, FRAME_SETTINGS, 0, 0, NULL, 0);
	expect_event(H2_TLS_FAILED);
	assert_non_null(strstr(stage.detail, "does not speak TLS"));
}

static void an_end_in_the_handshake_is_an_end(void **state)
{
	UNUSED(state);
	open_conn();
	peer_accept(&stage.peer);
	peer_reads_all();
	peer_close(&stage.peer);
	expect_event(H2_CLOSED);
	assert_non_null(strstr(stage.detail, "handshake"));
}

/* The peer has asked for a certificate and goes away without an alert. */
static void an_end_after_our_certificate_is_told_apart(void **state)
{
	UNUSED(state);
	tls_peer_demand(&tls_peer);
	tls_peer_connect(&tls_peer);
	open_conn();
	peer_accept(&stage.peer);
	while (!stage.tls->asked) {
		carry();
		ev_run(stage.loop, EVRUN_NOWAIT);
	}
	peer_reset(&stage.peer);
	expect_event(H2_TLS_DROPPED);
	assert_non_null(strstr(stage.detail, "client certificate"));
}

static void files_that_cannot_be_read_are_told_from_the_loop(void **state)
{
	UNUSED(state);
	h2_tls_destroy(stage.tls);
	(void)strcpy(ca_file, "/nonexistent/ca.pem");
	stage.tls = h2_tls_create(&settings, &stage.peer.target, &shelf);
	open_conn();
	start_stream();
	assert_int_equal(stage.events, 0);
	expect_event(H2_TLS_FILES);
	assert_non_null(strstr(stage.detail, "/nonexistent/ca.pem"));
	assert_null(stage.stream.session);
}

static void the_authority_follows_the_server_name(void **state)
{
	static char name[] = "coupon.local";
	UNUSED(state);
	open_conn();
	assert_non_null(strstr(stage.conn.authority, "127.0.0.1:"));
	h2_conn_close(&stage.conn);
	settings.server_name = name;
	open_conn();
	assert_string_equal(stage.conn.authority, name);
}

#define TEST(function)     cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define TEST_TLS(function) cmocka_unit_test_setup_teardown(function, set_up_tls, tear_down_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_refused_from_the_loop),
		TEST(a_socket_file_that_is_not_there_is_refused),
		TEST(localhost_is_also_ipv6),
		TEST(sees_an_idle_connection_close),
		TEST(sees_a_reset),
		TEST(a_reset_while_connecting_is_not_a_refusal),
		TEST(sees_a_close_before_a_word),
		TEST(tells_http1_from_http2),
		TEST(tells_tls_from_http2),
		TEST(half_a_frame_is_a_close),
		TEST(a_broken_protocol_ends_the_connection),
		TEST(a_goaway_leaves_the_stream_alone),
		TEST(close_says_goodbye_and_calls_nobody),
		TEST(may_be_opened_again_from_its_event),
		TEST(the_scheme_is_http),
		TEST_TLS(calls_go_over_tls),
		TEST_TLS(the_scheme_is_https_over_tls),
		TEST_TLS(close_says_goodbye_in_both_languages),
		TEST_TLS(sees_a_goodbye_without_an_end),
		TEST_TLS(sees_the_end_without_a_goodbye),
		TEST_TLS(a_goaway_before_the_goodbye_is_told),
		TEST_TLS(a_broken_record_on_an_open_connection_is_a_reset),
		TEST_TLS(a_peer_without_tls_is_named),
		TEST_TLS(an_end_in_the_handshake_is_an_end),
		TEST_TLS(an_end_after_our_certificate_is_told_apart),
		TEST_TLS(files_that_cannot_be_read_are_told_from_the_loop),
		TEST_TLS(the_authority_follows_the_server_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
