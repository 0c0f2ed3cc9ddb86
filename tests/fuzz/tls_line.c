/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/tls_line.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_TYPE_FIRST 20 /* of four that there are */

void tls_line_put(struct tls_line *l, const uint8_t *bytes, size_t n)
{
	if (n > TLS_LINE_ROOM - l->n) {
		n = TLS_LINE_ROOM - l->n;
		l->meddled = true;
	}
	if (n > 0) {
		memcpy(l->bytes + l->n, bytes, n);
		l->n += n;
	}
}

static void drop(struct tls_line *l, size_t n)
{
	memmove(l->bytes, l->bytes + n, l->n - n);
	l->n -= n;
}

uint8_t *tls_line_take(struct tls_line *l, size_t most, size_t *n)
{
	struct fuzz_bytes all = { l->bytes, l->n };
	uint8_t *bytes = fuzz_take_bytes(&all, most, n);

	drop(l, *n);
	return bytes;
}

/* ---- deeds ----------------------------------------------------------------------------------- */

static void spoil(struct tls_line *l, uint16_t at, uint8_t with)
{
	if (l->n > 0 && with != 0) {
		l->bytes[at % l->n] ^= with;
		l->meddled = true;
	}
}

static void lose(struct tls_line *l, uint16_t n)
{
	size_t lost = n < l->n ? n : l->n;

	l->meddled = l->meddled || lost > 0;
	drop(l, lost);
}

static void repeat(struct tls_line *l, uint16_t n)
{
	static uint8_t again[UINT16_MAX];
	size_t len = n < l->n ? n : l->n;

	l->meddled = l->meddled || len > 0;
	memcpy(again, l->bytes, len);
	tls_line_put(l, again, len);
}

/* Its length is true, or not. */
static void slip_in_record(struct tls_line *l, struct fuzz_bytes *in)
{
	uint8_t type = fuzz_u8(in), minor = fuzz_u8(in), how = fuzz_u8(in);
	size_t len;
	uint8_t *payload = fuzz_take_bytes(in, fuzz_u8(in), &len);
	uint16_t said = (how & 0x80) != 0 ? fuzz_u16(in) : (uint16_t)len;
	const uint8_t head[5] = { (how & 1) != 0 ? type : (uint8_t)(RECORD_TYPE_FIRST + type % 4),
		3, (uint8_t)(minor % 8), (uint8_t)(said >> 8), (uint8_t)said };

	l->meddled = true;
	tls_line_put(l, head, sizeof head);
	tls_line_put(l, payload, len);
	free(payload);
}

static void slip_in(struct tls_line *l, struct fuzz_bytes *in)
{
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);

	l->meddled = l->meddled || len > 0;
	tls_line_put(l, bytes, len);
	free(bytes);
}

void tls_line_meddle(struct tls_line *l, unsigned deed, struct fuzz_bytes *in)
{
	uint16_t at;

	switch (deed) {
	case 0:
		at = fuzz_u16(in);
		spoil(l, at, fuzz_u8(in));
		break;
	case 1:
		lose(l, fuzz_u16(in));
		break;
	case 2:
		repeat(l, fuzz_u16(in));
		break;
	case 3:
		slip_in_record(l, in);
		break;
	default:
		slip_in(l, in);
		break;
	}
}
