/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/scratch.h"

#include <stdlib.h>

/* What nothing takes is one unit: at the end of the buffer it would not lie in it. */
static size_t aligned(size_t size)
{
	size_t unit = _Alignof(max_align_t);

	return size == 0 ? unit : (size + unit - 1) / unit * unit;
}

static void *take(void *data, size_t size)
{
	struct scratch *s = data;
	size_t left = sizeof s->room.bytes - s->used;

	if (size > left || aligned(size) > left) { /* a size near the largest wraps around */
		return malloc(size);
	}
	void *taken = s->room.bytes + s->used;
	s->used += aligned(size);
	return taken;
}

/* What lies in the buffer goes with it. */
static void give_back(void *data, void *pointer)
{
	const struct scratch *s = data;
	uintptr_t at = (uintptr_t)pointer, first = (uintptr_t)s->room.bytes;

	if (at < first || at >= first + sizeof s->room.bytes) {
		free(pointer);
	}
}

void scratch_init(struct scratch *s)
{
	s->allocator = (ProtobufCAllocator){ take, give_back, s };
	s->used = 0;
}
