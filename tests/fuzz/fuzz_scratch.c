/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is taken is aligned, as large as was asked for and nobody else's; what is given back, in any
 * order, is freed once. Each pair of bytes of the input takes a piece of that size, or gives one
 * back.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/scratch.h"
#include "tests/fuzz/fuzz.h"

#define PIECES 64
#define ALL    65536 /* bytes, that nobody is denied */

struct piece {
	uint8_t *at; /* NULL: none */
	size_t size;
};

static void give_back(struct scratch *s, struct piece *piece, uint8_t sign)
{
	for (size_t i = 0; i < piece->size; i++) {
		HOLDS(piece->at[i] == sign);
	}
	s->allocator.free(s->allocator.allocator_data, piece->at);
	piece->at = NULL;
}

static void take(struct scratch *s, struct piece *piece, size_t size, uint8_t sign, size_t asked)
{
	piece->at = s->allocator.alloc(s->allocator.allocator_data, size);
	piece->size = size;
	HOLDS(piece->at != NULL || asked > ALL);
	HOLDS((uintptr_t)piece->at % _Alignof(max_align_t) == 0);
	if (piece->at != NULL) {
		memset(piece->at, sign, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece pieces[PIECES] = { 0 };
	struct scratch scratch;
	size_t asked = 0; /* bytes, in all */

	scratch_init(&scratch);
	for (size_t i = 0; i + 1 < size; i += 2) {
		uint8_t which = data[i] % PIECES;
		if (pieces[which].at != NULL) {
			give_back(&scratch, &pieces[which], which);
		} else {
			size_t want = (size_t)data[i] / PIECES * 256 + data[i + 1];
			asked += want;
			take(&scratch, &pieces[which], want, which, asked);
		}
		HOLDS(scratch.used <= sizeof scratch.room.bytes);
	}
	for (uint8_t i = 0; i < PIECES; i++) {
		if (pieces[i].at != NULL) {
			give_back(&scratch, &pieces[i], i);
		}
	}
	return 0;
}
