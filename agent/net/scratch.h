/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_SCRATCH_H
#define AGENT_NET_SCRATCH_H

/*
 * scratch - room for one message while it is read: what protobuf-c would allocate comes
 * from a buffer on the caller's stack, and from the heap only when it is more than
 * that. Messages that come every second are read without an allocation.
 *
 * Who sends a message says of how many parts it is, and each takes some fifty times the two
 * bytes that it may have on the wire. So what one may take is bounded by its length: there is
 * no memory for one that wants more.
 */

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* On the stack; must not move. Members but `allocator` are for scratch.c. */
struct scratch {
	ProtobufCAllocator allocator; /* for unpack and free_unpacked */
	size_t used, left;
	union {
		max_align_t align;
		uint8_t bytes[1024];
	} room;
};

/* For a message that is small unless it lies. */
void scratch_init(struct scratch *s);

/* The heap, for a message that outlives its reading: to be freed without an allocator. */
struct ration {
	ProtobufCAllocator allocator; /* for unpack alone */
	size_t left;
};

/* For a message of `len` bytes. Must not move. */
void ration_init(struct ration *r, size_t len);

#endif
