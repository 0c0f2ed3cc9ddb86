/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/scratch.h"

#include <stdlib.h>

#define HEAP_MAX ((size_t)64 * 1024) /* beside the buffer */

/*
 * The smallest event that etcd can tell of, a deletion, has some twenty bytes, and takes 230 in
 * memory while it is read.
 */
#define SHARE     12
#define SHARE_MAX ((size_t)24 * 1024 * 1024) /* beyond the length */
#define SHARE_MIN 4096

/* From what is left. */
static void *take_from(size_t *left, size_t size)
{
	if (size > *left) {
		return NULL;
	}
	*left -= size;
	return malloc(size);
}

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
		return take_from(&s->left, size);
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
	s->left = HEAP_MAX;
}

static void *take_share(void *data, size_t size)
{
	struct ration *r = data;

	return take_from(&r->left, size);
}

static void free_share(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

void ration_init(struct ration *r, size_t len)
{
	size_t share = len < SHARE_MAX / SHARE ? len * SHARE : SHARE_MAX;

	r->allocator = (ProtobufCAllocator){ take_share, free_share, r };
	r->left = SHARE_MIN + len + share;
}
