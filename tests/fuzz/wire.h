/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

/*
 * wire - one direction of an HTTP/2 connection, read by a reader of its own: which streams there
 * are, what their headers say, and which messages of gRPC came whole on each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_STREAMS 64
#define WIRE_PATH    80

struct wire_stream {
	uint32_t id;
	char path[WIRE_PATH];   /* :path; "": none was seen */
	bool ok_200, grpc_type; /* :status, content-type */
	int code;               /* grpc-status, the last one; -1: none */
	bool not_found;         /* some grpc-message was that a lease is not found */
	bool over;              /* END_STREAM or RST_STREAM */
	uint8_t *data;          /* owned: all of DATA */
	size_t n_data;
};

struct wire {
	bool client; /* it begins with the preface */
	bool broken; /* its header compression: nothing more can be read */
	uint8_t *bytes;
	size_t n, parsed; /* of bytes */
	void *inflater;
	uint8_t *block; /* of headers that go on */
	size_t n_block;
	bool block_counts; /* it came before its stream's end */
	struct wire_stream streams[WIRE_STREAMS];
	size_t n_streams;
};

void wire_open(struct wire *w, bool client);
void wire_close(struct wire *w);
void wire_take(struct wire *w, const uint8_t *data, size_t len);

/* NULL: nothing was said of it. */
struct wire_stream *wire_find(struct wire *w, uint32_t id);

/* The next whole message of a stream, from `at` on, which is moved on; false when there is none. */
bool wire_message(const struct wire_stream *s, size_t *at, const uint8_t **message, size_t *len);

/* A stream that has ended well, by its own words. */
bool wire_is_ok(const struct wire_stream *s);

#endif
