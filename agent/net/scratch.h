/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_SCRATCH_H
#define AGENT_NET_SCRATCH_H

/*
 * scratch - room for one message while it is read: what protobuf-c would allocate comes
 * from a buffer on the caller's stack, and from the heap only when it is more than
 * that. Messages that come every second are read without an allocation.
 */

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* On the stack; must not move. Members but `allocator` are for scratch.c. */
struct scratch {
	ProtobufCAllocator allocator; /* for unpack and free_unpacked */
	size_t used;
	union {
		max_align_t align;
		uint8_t bytes[1024];
	} room;
};

void scratch_init(struct scratch *s);

#endif
