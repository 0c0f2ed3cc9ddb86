/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_H2_PEER_H
#define TESTS_UNIT_H2_PEER_H

/*
 * h2_peer - the other end of an HTTP/2 connection, on loopback, with frames
 * made by hand: what it sends is exactly what the test says, right or wrong.
 */

#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"

enum {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_RST_STREAM = 3,
	FRAME_SETTINGS = 4,
	FRAME_GOAWAY = 7
};
enum { FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4 };

struct peer {
	int listener, fd; /* -1 when closed */
	struct target target;
};

/* Listens on `host` (127.0.0.1 or ::1) at a port of its own. */
void peer_listen(struct peer *p, const char *host);

/* The connection that is in the backlog. */
void peer_accept(struct peer *p);

/* Closes the connection, or resets it. */
void peer_close(struct peer *p);
void peer_reset(struct peer *p);
void peer_finish(struct peer *p);

void peer_send(struct peer *p, const void *bytes, size_t len);

/* A frame as bytes in `out` (9 + len); the length of all. */
size_t peer_frame(uint8_t *out, unsigned type, unsigned flags, unsigned stream, const void *payload,
		size_t len);
void peer_send_frame(struct peer *p, unsigned type, unsigned flags, unsigned stream,
		const void *payload, size_t len);

/* Header blocks: an answer's beginning, its trailers, and both in one. */
size_t peer_headers(uint8_t *out, const char *content_type);
size_t peer_trailers(uint8_t *out, const char *grpc_status);

/* Reads to the end, or to what is there by now. */
size_t peer_read(struct peer *p, uint8_t *out, size_t room);

/* The :scheme of the first request, which must be among what a client said from its preface on. */
const char *peer_scheme(const uint8_t *said, size_t len);

/* Reads the same way; how many frames of the type there were. */
unsigned peer_count_frames(struct peer *p, unsigned type);

#endif
