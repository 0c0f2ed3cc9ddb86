/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/proto_walk.h"

static bool varint(struct proto_walk *walk, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 70 && walk->left > 0; shift += 7) {
		uint8_t byte = *walk->at++;
		walk->left--;
		*value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		if (byte < 0x80) {
			return true;
		}
	}
	return false;
}

static bool take(struct proto_walk *walk, uint64_t len)
{
	if (len > walk->left) {
		return false;
	}
	walk->bytes = walk->at;
	walk->len = (size_t)len;
	walk->at += len;
	walk->left -= (size_t)len;
	return true;
}

bool proto_next(struct proto_walk *walk)
{
	struct proto_walk from = *walk;
	uint64_t key, len = 0;
	bool good = walk->left > 0 && varint(walk, &key);

	if (good) {
		walk->number = (uint32_t)(key >> 3);
		walk->type = key & 7;
		switch (walk->type) {
		case 0:
			good = varint(walk, &walk->value);
			break;
		case 1:
			good = take(walk, 8);
			break;
		case 2:
			good = varint(walk, &len) && take(walk, len);
			break;
		case 5:
			good = take(walk, 4);
			break;
		default:
			good = false;
		}
	}
	if (!good) {
		*walk = from;
	}
	return good;
}

bool proto_bytes(const uint8_t *data, size_t size, uint32_t number, const uint8_t **bytes,
		size_t *len)
{
	struct proto_walk walk = { .at = data, .left = size };
	bool found = false;

	while (proto_next(&walk)) {
		if (walk.number == number && walk.type == 2) {
			*bytes = walk.bytes;
			*len = walk.len;
			found = true;
		}
	}
	return found;
}

bool proto_has(const uint8_t *data, size_t size, uint32_t number)
{
	struct proto_walk walk = { .at = data, .left = size };

	while (proto_next(&walk)) {
		if (walk.number == number) {
			return true;
		}
	}
	return false;
}

size_t proto_count(const uint8_t *data, size_t size, uint32_t number, unsigned type)
{
	struct proto_walk walk = { .at = data, .left = size };
	size_t n = 0;

	while (proto_next(&walk)) {
		n += walk.number == number && walk.type == type;
	}
	return n;
}

bool proto_is_flag(const uint8_t *data, size_t size, uint32_t number, bool flag)
{
	struct proto_walk walk = { .at = data, .left = size };
	bool odd = false;

	while (proto_next(&walk)) {
		odd = odd || (walk.number == number && walk.type != 0);
	}
	return odd || flag == (proto_varint(data, size, number) != 0);
}

uint64_t proto_varint(const uint8_t *data, size_t size, uint32_t number)
{
	struct proto_walk walk = { .at = data, .left = size };
	uint64_t value = 0;

	while (proto_next(&walk)) {
		value = walk.number == number && walk.type == 0 ? walk.value : value;
	}
	return value;
}
