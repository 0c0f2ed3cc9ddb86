/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_GRPC_FRAME_H
#define AGENT_NET_GRPC_FRAME_H

/*
 * grpc_frame - the length-prefixed message of gRPC. Pure.
 *
 * On the wire (gRPC over HTTP/2, "Length-Prefixed-Message"): one byte that
 * says whether the message is compressed, its length in four bytes, big
 * endian, and the message. HTTP/2 DATA frames may split and join these
 * anywhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRPC_PREFIX 5

/* Writes the prefix of a message of `len` bytes. */
void grpc_prefix(uint8_t out[GRPC_PREFIX], uint32_t len);

/*
 * For a body that has come whole: takes the next message off its front, in
 * place; false when there is no whole one.
 */
bool grpc_next_message(const uint8_t **body, size_t *len, const uint8_t **message, size_t *size);

/* How many whole messages there are in what has come of a body. */
size_t grpc_count_messages(const uint8_t *body, size_t len);

/* The one message of a unary answer, in place; false when there is not exactly one. */
bool grpc_only_message(const uint8_t *body, size_t len, const uint8_t **message, size_t *size);

enum frame_result {
	FRAME_MORE,       /* the input is used up; nothing is wrong */
	FRAME_MESSAGE,    /* one whole message stands in message/message_len */
	FRAME_TOO_LONG,   /* a length over the limit: the stream is of no use any more */
	FRAME_COMPRESSED, /* a flag other than 0: we never said that we accept that */
	FRAME_NO_MEMORY
};

/* Small messages need no memory beside the reader itself. */
#define FRAME_INLINE 64

/* Reads the frames of one stream. */
struct frame_reader {
	uint32_t limit; /* longest message accepted, bytes */
	uint8_t prefix[GRPC_PREFIX];
	unsigned n_prefix;
	const uint8_t *message; /* after FRAME_MESSAGE, until the next call; never NULL then */
	uint32_t message_len;
	uint8_t *heap; /* owned; grows with what arrives, never with what is announced */
	size_t n_heap;
	uint32_t have; /* bytes of the message so far */
	uint8_t small[FRAME_INLINE];
};

void frame_reader_init(struct frame_reader *r, uint32_t limit);
void frame_reader_finish(struct frame_reader *r);

/* Takes bytes from *data (moving *data and *len on) until a message is whole or they end. */
enum frame_result frame_reader_next(struct frame_reader *r, const uint8_t **data, size_t *len);

/* True when the stream may end here: no message has been begun. */
bool frame_reader_at_rest(const struct frame_reader *r);

#endif
