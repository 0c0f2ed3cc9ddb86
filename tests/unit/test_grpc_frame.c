/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_frame.h"
#include "agent/util.h"

#define LIMIT 1000

/* Messages of 0, 3, 64, 65 and 1000 bytes, framed one after another. */
static const uint32_t sizes[] = { 0, 3, FRAME_INLINE, FRAME_INLINE + 1, LIMIT };

static uint8_t *framed(size_t *len)
{
	uint8_t *all = malloc(2048), *at = all;

	assert_non_null(all);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		grpc_prefix(at, sizes[i]);
		at += GRPC_PREFIX;
		memset(at, (int)(i + 1), sizes[i]);
		at += sizes[i];
	}
	*len = (size_t)(at - all);
	return all;
}

/* Feeds all of it in pieces of `step` bytes, each in memory of its own size. */
static void reads_in_pieces_of(size_t step)
{
	size_t len, seen = 0;
	uint8_t *all = framed(&len);
	struct frame_reader r;

	frame_reader_init(&r, LIMIT);
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step, left = n;
		uint8_t *piece = malloc(n);
		assert_non_null(piece);
		memcpy(piece, all + at, n);
		const uint8_t *data = piece;
		while (frame_reader_next(&r, &data, &left) == FRAME_MESSAGE) {
			assert_true(seen < ARRAY_LEN(sizes));
			assert_non_null(r.message);
			assert_int_equal(r.message_len, sizes[seen]);
			for (uint32_t i = 0; i < r.message_len; i++) {
				assert_int_equal(r.message[i], seen + 1);
			}
			assert_true(frame_reader_at_rest(&r));
			seen++;
		}
		assert_int_equal(left, 0);
		free(piece);
	}
	assert_int_equal(seen, ARRAY_LEN(sizes));
	frame_reader_finish(&r);
	free(all);
}

static void splits_and_joins_anywhere(void **state)
{
	UNUSED(state);
	for (size_t step = 1; step <= 1200; step++) {
		reads_in_pieces_of(step);
	}
}

static void writes_a_big_endian_prefix(void **state)
{
	static const uint8_t expected[] = { 0, 0x01, 0x02, 0x03, 0x04 };
	uint8_t out[GRPC_PREFIX];
	UNUSED(state);
	grpc_prefix(out, 0x01020304);
	assert_memory_equal(out, expected, sizeof expected);
}

static enum frame_result read_prefix(struct frame_reader *r, const uint8_t prefix[GRPC_PREFIX])
{
	const uint8_t *data = prefix;
	size_t len = GRPC_PREFIX;

	frame_reader_init(r, LIMIT);
	return frame_reader_next(r, &data, &len);
}

static void refuses_a_length_over_the_limit(void **state)
{
	static const uint8_t over[] = { 0, 0, 0, 0x03, 0xe9 }, huge[] = { 0, 0x06, 0, 0, 0 },
			     all[] = { 0, 0xff, 0xff, 0xff, 0xff },
			     limit[] = { 0, 0, 0, 0x03, 0xe8 };
	struct frame_reader r;
	UNUSED(state);
	assert_int_equal(read_prefix(&r, over), FRAME_TOO_LONG);
	assert_int_equal(read_prefix(&r, huge), FRAME_TOO_LONG);
	assert_int_equal(read_prefix(&r, all), FRAME_TOO_LONG);
	assert_null(r.heap);
	assert_int_equal(read_prefix(&r, limit), FRAME_MORE);
	assert_int_equal(r.n_heap, 0); /* what is announced takes no memory */
	frame_reader_finish(&r);
}

static void refuses_a_compressed_message(void **state)
{
	static const uint8_t compressed[] = { 1, 0, 0, 0, 2 },
			     nonsense[] = { 'H', 'T', 'T', 'P', '/' };
	struct frame_reader r;
	UNUSED(state);
	assert_int_equal(read_prefix(&r, compressed), FRAME_COMPRESSED);
	assert_int_equal(read_prefix(&r, nonsense), FRAME_COMPRESSED);
}

static void is_at_rest_only_between_messages(void **state)
{
	static const uint8_t half[] = { 0, 0, 0, 0, 4, 'a', 'b' };
	struct frame_reader r;
	UNUSED(state);
	frame_reader_init(&r, LIMIT);
	assert_true(frame_reader_at_rest(&r));
	for (size_t i = 0; i < sizeof half; i++) {
		const uint8_t *data = half + i;
		size_t len = 1;
		assert_int_equal(frame_reader_next(&r, &data, &len), FRAME_MORE);
		assert_false(frame_reader_at_rest(&r));
	}
	frame_reader_finish(&r);
}

static void takes_whole_messages_off_a_body(void **state)
{
	static const uint8_t two[] = { 0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0 };
	const uint8_t *body = two, *message;
	size_t len = sizeof two, size;
	UNUSED(state);
	assert_false(grpc_only_message(two, sizeof two, &message, &size));
	assert_true(grpc_next_message(&body, &len, &message, &size));
	assert_true(size == 1 && *message == 'a');
	assert_true(grpc_next_message(&body, &len, &message, &size));
	assert_true(size == 0 && len == 0);
	assert_false(grpc_next_message(&body, &len, &message, &size));
	assert_true(grpc_only_message(two, 6, &message, &size));
	assert_false(grpc_only_message(two, 5, &message, &size)); /* announced, and not there */
	assert_false(grpc_only_message(two, 4, &message, &size));
	assert_false(grpc_only_message(two + 5, 6, &message, &size)); /* compressed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_and_joins_anywhere),
		cmocka_unit_test(writes_a_big_endian_prefix),
		cmocka_unit_test(refuses_a_length_over_the_limit),
		cmocka_unit_test(refuses_a_compressed_message),
		cmocka_unit_test(is_at_rest_only_between_messages),
		cmocka_unit_test(takes_whole_messages_off_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
