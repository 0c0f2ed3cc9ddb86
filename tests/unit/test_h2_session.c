/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/util.h"

#include "tests/unit/h2_stage.h"

/* ---- streams --------------------------------------------------------------------------------- */

static void a_call_that_goes_well(void **state)
{
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	SEND_DATA("\0\0\0\0\2\x08\1");
	send_trailers("0");
	expect_end(H2_END_STATUS);
	assert_int_equal(stage.status.code, GRPC_OK);
	assert_int_equal(stage.messages, 1);
	assert_int_equal(stage.message_len, 2);
	start_stream(); /* at once, on the same struct and connection */
	assert_non_null(stage.stream.session);
}

static void one_block_of_headers_is_an_answer(void **state)
{
	uint8_t block[200];
	size_t n = peer_headers(block, GRPC);
	UNUSED(state);
	n += peer_trailers(block + n, "12");
	establish();
	peer_send_frame(&stage.peer, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block,
			n);
	expect_end(H2_END_STATUS);
	assert_int_equal(stage.status.code, GRPC_UNIMPLEMENTED);
}

static void reads_an_answer_byte_by_byte(void **state)
{
	uint8_t all[600], block[200];
	size_t n = 0;
	UNUSED(state);
	n += peer_frame(all + n, FRAME_HEADERS, FLAG_END_HEADERS, 1, block,
			peer_headers(block, GRPC));
	n += peer_frame(all + n, FRAME_DATA, 0, 1, "\0\0\0", 3); /* a prefix in two frames */
	n += peer_frame(all + n, FRAME_DATA, 0, 1, "\0\2\x08\1\0\0\0\0\0", 9);
	n += peer_frame(all + n, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block,
			peer_trailers(block, "0"));
	establish();
	for (size_t i = 0; i < n; i++) {
		peer_send(&stage.peer, all + i, 1);
		if (i + 1 < n) {
			ev_run(stage.loop, EVRUN_ONCE);
		}
	}
	expect_end(H2_END_STATUS);
	assert_int_equal(stage.messages, 2);
	assert_int_equal(stage.message_len, 0);
}

static void a_burst_of_messages_is_all_read(void **state)
{
	uint8_t burst[100 * 7];
	UNUSED(state);
	for (size_t i = 0; i < sizeof burst; i += 7) {
		memcpy(burst + i, "\0\0\0\0\2\x08\1", 7);
	}
	establish();
	send_headers(GRPC, 0);
	for (unsigned i = 0; i < 50; i++) {
		send_data(burst, sizeof burst);
	}
	wait_for(&stage.messages, 5000);
	assert_true(stage.news >= 1 && stage.news < 500);
	assert_int_equal(stage.ends + stage.events, 0);
}

/* A message of 100 MB is announced: nothing of it is waited for. */
static void a_length_over_the_limit_ends_the_stream(void **state)
{
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	SEND_DATA("\0\x06\x40\0\0abc");
	expect_end(H2_END_BAD_FRAME);
	assert_int_equal(stage.messages, 0);
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(peer_count_frames(&stage.peer, FRAME_RST_STREAM), 1);
}

static void a_compressed_message_ends_the_stream(void **state)
{
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	SEND_DATA("\1\0\0\0\2ab");
	expect_end(H2_END_BAD_FRAME);
}

static void a_message_that_is_cut_off_is_no_success(void **state)
{
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	SEND_DATA("\0\0\0\0\2\x08");
	send_trailers("0");
	expect_end(H2_END_BAD_FRAME);
}

static void an_end_without_a_status_is_no_success(void **state)
{
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	peer_send_frame(&stage.peer, FRAME_DATA, FLAG_END_STREAM, 1, "\0\0\0\0\2\x08\1", 7);
	expect_end(H2_END_NO_STATUS);
}

/* A header of 800 bytes that enters the table, and stands there 100 times more in a byte each. */
static void a_block_that_unfolds_without_end_resets_its_stream(void **state)
{
	static const uint8_t head[] = { 0x40, 1, 'x', 0x7f, 0xa1, 0x05 };
	uint8_t block[sizeof head + 800 + 100];
	UNUSED(state);
	establish();
	send_headers(GRPC, 0);
	memcpy(block, head, sizeof head);
	memset(block + sizeof head, 'y', 800);
	memset(block + sizeof head + 800, 0xbe, 100);
	peer_send_frame(&stage.peer, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block,
			sizeof block);
	expect_end(H2_END_RESET);
}

static void sees_a_stream_reset(void **state)
{
	UNUSED(state);
	establish();
	peer_send_frame(&stage.peer, FRAME_RST_STREAM, 0, 1, "\0\0\0\2", 4);
	expect_end(H2_END_RESET);
}

static void tells_a_web_page_from_grpc(void **state)
{
	UNUSED(state);
	establish();
	send_headers("text/html", FLAG_END_STREAM);
	expect_end(H2_END_NOT_GRPC);
}

static void cancel_resets_and_calls_nobody(void **state)
{
	struct h2_stream zeroed = { 0 };
	UNUSED(state);
	establish();
	h2_stream_cancel(&stage.stream);
	h2_stream_cancel(&stage.stream);
	h2_stream_cancel(&zeroed);
	send_headers(GRPC, 0); /* it crossed the reset */
	SEND_DATA("\0\0\0\0\2\x08\1");
	ev_run(stage.loop, EVRUN_ONCE);
	assert_int_equal(stage.events + stage.ends + stage.messages, 0);
	assert_int_equal(peer_count_frames(&stage.peer, FRAME_RST_STREAM), 1);
}

static void the_owner_may_close_while_it_is_told(void **state)
{
	UNUSED(state);
	stage.close_on_news = true;
	establish();
	send_headers(GRPC, 0);
	SEND_DATA("\0\0\0\0\2\x08\1");
	send_trailers("0");
	wait_for(&stage.news, 1);
	assert_false(h2_conn_is_open(&stage.conn));
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.ends + stage.events, 0);
}

static void the_owner_may_close_at_an_end(void **state)
{
	UNUSED(state);
	stage.close_on_end = true;
	establish();
	send_headers(GRPC, FLAG_END_STREAM);
	peer_send_frame(&stage.peer, FRAME_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
	wait_for(&stage.ends, 1);
	assert_false(h2_conn_is_open(&stage.conn));
	ev_run(stage.loop, EVRUN_NOWAIT);
	assert_int_equal(stage.events, 0);
}

static void two_streams_share_a_connection(void **state)
{
	struct h2_stream second = { 0 };
	UNUSED(state);
	establish();
	start(&second);
	send_headers(GRPC, 0);
	send_trailers("0");
	expect_end(H2_END_STATUS);
	assert_non_null(second.session); /* the other goes on */
	h2_stream_cancel(&second);
	assert_int_equal(stage.ends, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_that_goes_well),
		TEST(one_block_of_headers_is_an_answer),
		TEST(reads_an_answer_byte_by_byte),
		TEST(a_burst_of_messages_is_all_read),
		TEST(a_length_over_the_limit_ends_the_stream),
		TEST(a_compressed_message_ends_the_stream),
		TEST(a_message_that_is_cut_off_is_no_success),
		TEST(an_end_without_a_status_is_no_success),
		TEST(a_block_that_unfolds_without_end_resets_its_stream),
		TEST(sees_a_stream_reset),
		TEST(tells_a_web_page_from_grpc),
		TEST(cancel_resets_and_calls_nobody),
		TEST(the_owner_may_close_while_it_is_told),
		TEST(the_owner_may_close_at_an_end),
		TEST(two_streams_share_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
