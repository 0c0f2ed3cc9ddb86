/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_PROTO_WALK_H
#define TESTS_FUZZ_PROTO_WALK_H

/* proto_walk - the fields of a protobuf message one after the other: a second reader, by itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto_walk {
	const uint8_t *at;
	size_t left;
	uint32_t number;      /* of the field */
	unsigned type;        /* as it is on the wire: 0 varint, 1 eight bytes, 2 bytes, 5 four */
	uint64_t value;       /* of a varint */
	const uint8_t *bytes; /* of bytes */
	size_t len;
};

/* The next field; false at the end, or where there is none (`left` is not 0 then). */
bool proto_next(struct proto_walk *walk);

/* The last field of that number and of type bytes, in place; false when there is none. */
bool proto_bytes(const uint8_t *data, size_t size, uint32_t number, const uint8_t **bytes,
		size_t *len);

/* There is a field of that number, of any type. */
bool proto_has(const uint8_t *data, size_t size, uint32_t number);

/* How many there are of that number and type. */
size_t proto_count(const uint8_t *data, size_t size, uint32_t number, unsigned type);

/* A reader may take the last of that number for `flag`. Of what is no varint protobuf-c makes one.
 */
bool proto_is_flag(const uint8_t *data, size_t size, uint32_t number, bool flag);

/* The last varint of that number; 0 when there is none. */
uint64_t proto_varint(const uint8_t *data, size_t size, uint32_t number);

#endif
