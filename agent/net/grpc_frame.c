/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/grpc_frame.h"

#include <stdlib.h>
#include <string.h>

#include "agent/patient.h"

void grpc_prefix(uint8_t out[GRPC_PREFIX], uint32_t len)
{
	out[0] = 0;
	out[1] = (uint8_t)(len >> 24);
	out[2] = (uint8_t)(len >> 16);
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)len;
}

void frame_reader_init(struct frame_reader *r, uint32_t limit)
{
	memset(r, 0, sizeof *r);
	r->limit = limit;
}

void frame_reader_finish(struct frame_reader *r)
{
	free(r->heap);
	memset(r, 0, sizeof *r);
}

bool frame_reader_at_rest(const struct frame_reader *r)
{
	return r->n_prefix == 0;
}

static size_t take(uint8_t *to, size_t want, const uint8_t **data, size_t *len)
{
	size_t n = want < *len ? want : *len;

	if (n > 0) {
		memcpy(to, *data, n);
		*data += n;
		*len -= n;
	}
	return n;
}

/* Room for `need` bytes in all; what is there already is kept. NULL without memory. */
static uint8_t *room(struct frame_reader *r, size_t need)
{
	if (r->n_heap == 0 && need <= sizeof r->small) {
		return r->small;
	}
	if (need > r->n_heap) {
		size_t size = need > 2 * r->n_heap ? need : 2 * r->n_heap;
		uint8_t *grown = patient_get(r->heap, size);
		if (grown == NULL) {
			return NULL;
		}
		if (r->n_heap == 0) {
			memcpy(grown, r->small, r->have);
		}
		r->heap = grown;
		r->n_heap = size;
	}
	return r->heap;
}

static uint32_t announced(const uint8_t prefix[GRPC_PREFIX])
{
	return (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16 | (uint32_t)prefix[3] << 8 |
	       prefix[4];
}

enum frame_result frame_reader_next(struct frame_reader *r, const uint8_t **data, size_t *len)
{
	if (r->n_prefix < GRPC_PREFIX) {
		r->n_prefix += (unsigned)take(
				r->prefix + r->n_prefix, GRPC_PREFIX - r->n_prefix, data, len);
		if (r->n_prefix < GRPC_PREFIX) {
			return FRAME_MORE;
		}
		r->have = 0;
	}
	if (r->prefix[0] != 0) {
		return FRAME_COMPRESSED;
	}

	uint32_t want = announced(r->prefix);
	if (want > r->limit) {
		return FRAME_TOO_LONG;
	}
	size_t left = want - r->have;
	uint8_t *to = room(r, r->have + (left < *len ? left : *len));
	if (to == NULL) {
		return FRAME_NO_MEMORY;
	}
	r->have += (uint32_t)take(to + r->have, left, data, len);
	if (r->have < want) {
		return FRAME_MORE;
	}
	r->message = to;
	r->message_len = want;
	r->n_prefix = 0;
	return FRAME_MESSAGE;
}

bool grpc_next_message(const uint8_t **body, size_t *len, const uint8_t **message, size_t *size)
{
	const uint8_t *at = *body;

	if (*len < GRPC_PREFIX || at[0] != 0) {
		return false;
	}
	uint32_t length = announced(at);
	if (length > *len - GRPC_PREFIX) {
		return false;
	}
	*message = at + GRPC_PREFIX;
	*size = length;
	*body += GRPC_PREFIX + length;
	*len -= GRPC_PREFIX + length;
	return true;
}

size_t grpc_count_messages(const uint8_t *body, size_t len)
{
	const uint8_t *message;
	size_t n = 0, size;

	while (grpc_next_message(&body, &len, &message, &size)) {
		n++;
	}
	return n;
}

bool grpc_only_message(const uint8_t *body, size_t len, const uint8_t **message, size_t *size)
{
	return grpc_next_message(&body, &len, message, size) && len == 0;
}
