/* SPDX-License-Identifier: Apache-2.0 */
/* pack - a world as 64 bits, and back. */
#include "tests/model/world.h"

static uint64_t put_bits(uint64_t packed, unsigned *at, unsigned bits, unsigned value)
{
	packed |= (uint64_t)value << *at;
	*at += bits;
	return packed;
}

uint64_t world_pack(const struct world *w)
{
	const struct {
		unsigned bits, value;
	} fields[] = {
		{ 4, w->state },
		{ 3, w->goal },
		{ 3, w->asked },
		{ 2, w->lease },
		{ 3, w->renewals },
		{ 1, w->paused },
		{ 1, w->due },
		{ 1, w->touched },
		{ 1, w->has_put },
		{ 1, w->put_sent },
		{ 1, w->put_acked },
		{ 1, w->contested },
		{ 1, w->answered },
		{ 3, w->outcome },
		{ 1, w->news },
		{ 2, w->guard },
		{ 4, w->alive },
		{ 4, w->revoked },
		{ 3, w->key },
		{ 1, w->altered },
		{ 1, w->was_listed },
		{ 1, w->newer },
		{ 1, w->since },
		{ 2, w->late[0].kind },
		{ 2, w->late[0].lease },
		{ 2, w->late[1].kind },
		{ 2, w->late[1].lease },
	};
	uint64_t packed = 0;
	unsigned at = 0;

	for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		packed = put_bits(packed, &at, fields[i].bits, fields[i].value);
	}
	return packed;
}

static uint8_t take_bits(uint64_t *packed, unsigned bits)
{
	uint8_t value = (uint8_t)(*packed & ((1u << bits) - 1));

	*packed >>= bits;
	return value;
}

/* In the order of world_pack. */
struct world world_unpack(uint64_t packed)
{
	struct world w;

	w.state = take_bits(&packed, 4);
	w.goal = take_bits(&packed, 3);
	w.asked = take_bits(&packed, 3);
	w.lease = take_bits(&packed, 2);
	w.renewals = take_bits(&packed, 3);
	w.paused = take_bits(&packed, 1);
	w.due = take_bits(&packed, 1);
	w.touched = take_bits(&packed, 1);
	w.has_put = take_bits(&packed, 1);
	w.put_sent = take_bits(&packed, 1);
	w.put_acked = take_bits(&packed, 1);
	w.contested = take_bits(&packed, 1);
	w.answered = take_bits(&packed, 1);
	w.outcome = take_bits(&packed, 3);
	w.news = take_bits(&packed, 1);
	w.guard = take_bits(&packed, 2);
	w.alive = take_bits(&packed, 4);
	w.revoked = take_bits(&packed, 4);
	w.key = take_bits(&packed, 3);
	w.altered = take_bits(&packed, 1);
	w.was_listed = take_bits(&packed, 1);
	w.newer = take_bits(&packed, 1);
	w.since = take_bits(&packed, 1);
	for (unsigned i = 0; i < LATE_MAX; i++) {
		w.late[i].kind = take_bits(&packed, 2);
		w.late[i].lease = take_bits(&packed, 2);
	}
	return w;
}
