/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of a stream are the same however it is cut into pieces, no message is longer than the
 * limit, and what is kept of one grows with what has come, not with what was announced.
 *
 * The input: the limit (2 bytes), four lengths of pieces (0 is 256), which come round, and the
 * stream.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_frame.h"
#include "tests/fuzz/fuzz.h"

#define CUTS 4

/* What a reader has said, one after the other: each message with its length, then how it ended. */
struct told {
	uint8_t *at; /* owned */
	size_t len;
	enum frame_result end;
	size_t n, longest;
	bool at_rest;
};

/* A message is not longer than what it came from. */
static void note(struct told *told, const struct frame_reader *r)
{
	HOLDS(r->message != NULL && r->message_len <= r->limit);
	memcpy(told->at + told->len, &r->message_len, sizeof r->message_len);
	memcpy(told->at + told->len + sizeof r->message_len, r->message, r->message_len);
	told->len += sizeof r->message_len + r->message_len;
	told->longest = r->message_len > told->longest ? r->message_len : told->longest;
	told->n++;
}

/* One piece. False: nothing more is to be had from the stream. */
static bool take(struct told *told, struct frame_reader *r, const uint8_t *data, size_t len)
{
	size_t piece = len;

	do {
		told->end = frame_reader_next(r, &data, &len);
		HOLDS(len <= piece);
		if (told->end == FRAME_MESSAGE) {
			note(told, r);
		}
	} while (told->end == FRAME_MESSAGE);
	HOLDS(told->end != FRAME_MORE || len == 0);
	HOLDS(told->end != FRAME_NO_MEMORY);
	return told->end == FRAME_MORE;
}

/* NULL `cuts`: all at once. */
static struct told read_all(uint32_t limit, const uint8_t *cuts, const uint8_t *data, size_t size)
{
	struct frame_reader r;
	struct told told = { .at = malloc(size + 1), .end = FRAME_MORE };
	size_t done = 0, largest = 0;
	bool goes_on = true;

	HOLDS(told.at != NULL);
	frame_reader_init(&r, limit);
	for (size_t i = 0; goes_on && done < size; i++) {
		size_t cut = cuts == NULL ? size : cuts[i % CUTS] == 0 ? 256 : cuts[i % CUTS];
		size_t n = cut < size - done ? cut : size - done;
		goes_on = take(&told, &r, data + done, n);
		done += n;
		largest = r.n_heap > largest ? r.n_heap : largest;
	}
	HOLDS(largest <= 2 * (size_t)limit && largest <= 2 * size);
	told.at_rest = frame_reader_at_rest(&r);
	if (!goes_on) { /* and it stays so */
		const uint8_t *more = data;
		HOLDS(frame_reader_next(&r, &more, &size) == told.end);
	}
	frame_reader_finish(&r);
	return told;
}

/* What has come whole is read the same by those who have all of it. */
static void compare_with_whole(const struct told *told, const uint8_t *data, size_t size)
{
	const uint8_t *message, *first;
	size_t len = size, n = 0, n_message, n_first;

	HOLDS(told->end != FRAME_MORE || grpc_count_messages(data, size) == told->n);
	HOLDS(grpc_count_messages(data, size) >= told->n);
	bool only = grpc_only_message(data, size, &first, &n_first);
	for (const uint8_t *at = data; grpc_next_message(&at, &len, &message, &n_message); n++) {
		HOLDS(message >= data && message + n_message + len == data + size);
	}
	HOLDS(only == (n == 1 && len == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 + CUTS) {
		return 0;
	}
	uint32_t limit = (uint32_t)data[0] << 8 | data[1];
	const uint8_t *stream = data + 2 + CUTS;
	size -= 2 + CUTS;
	struct told whole = read_all(limit, NULL, stream, size);
	struct told cut = read_all(limit, data + 2, stream, size);

	HOLDS(whole.end == cut.end && whole.n == cut.n && whole.at_rest == cut.at_rest);
	HOLDS(whole.len == cut.len && memcmp(whole.at, cut.at, cut.len) == 0);
	compare_with_whole(&whole, stream, size);
	free(whole.at);
	free(cut.at);
	return 0;
}
