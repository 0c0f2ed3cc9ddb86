/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/etcd_said.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/grpc_frame.h"

static void add_byte(struct said *s, uint64_t byte)
{
	assert_true(s->len < sizeof s->at);
	s->at[s->len++] = (uint8_t)byte;
}

static void add_varint(struct said *s, uint64_t n)
{
	for (; n > 127; n >>= 7) {
		add_byte(s, (n & 127) | 128);
	}
	add_byte(s, n);
}

static void add_number(struct said *s, unsigned member, int64_t number)
{
	if (number != 0) {
		add_varint(s, member << 3);
		add_varint(s, (uint64_t)number);
	}
}

static void add_bytes(struct said *s, unsigned member, const void *bytes, size_t len)
{
	add_varint(s, member << 3 | 2);
	add_varint(s, len);
	assert_true(len <= sizeof s->at - s->len);
	memcpy(s->at + s->len, bytes, len);
	s->len += len;
}

/* The prefix says how long all of it is, so far. */
static struct said framed(struct said s)
{
	grpc_prefix(s.at, (uint32_t)(s.len - GRPC_PREFIX));
	return s;
}

struct said said_nothing(void)
{
	struct said s = { .len = GRPC_PREFIX };

	return framed(s);
}

struct said said_by(uint64_t cluster, int64_t revision, uint64_t term)
{
	struct said s = said_nothing(), header = { 0 };

	add_number(&header, 1, (int64_t)cluster);
	add_number(&header, 3, revision);
	add_number(&header, 4, (int64_t)term);
	add_bytes(&s, 1, header.at, header.len);
	return framed(s);
}

struct said said_at(int64_t revision)
{
	return said_by(SAID_CLUSTER, revision, SAID_TERM);
}

struct said said_number(struct said s, unsigned member, int64_t number)
{
	add_number(&s, member, number);
	return framed(s);
}

struct said said_text(struct said s, unsigned member, const char *text)
{
	add_bytes(&s, member, text, strlen(text));
	return framed(s);
}

static void add_kv(struct said *s, unsigned member, const void *key, size_t key_len,
		const char *value, int64_t revision, int64_t lease)
{
	struct said kv = { 0 };

	add_bytes(&kv, 1, key, key_len);
	add_number(&kv, 2, value == NULL ? 0 : revision);
	add_number(&kv, 3, revision);
	if (value != NULL) {
		add_bytes(&kv, 5, value, strlen(value));
	}
	add_number(&kv, 6, lease);
	add_bytes(s, member, kv.at, kv.len);
}

struct said said_bytes_key(struct said s, const void *key, size_t len, int64_t revision)
{
	add_kv(&s, 2, key, len, "", revision, 0);
	return framed(s);
}

struct said said_key(struct said s, const char *key, const char *value, int64_t revision)
{
	add_kv(&s, 2, key, strlen(key), value, revision, 7);
	return framed(s);
}

struct said said_put_by(
		struct said s, const char *key, const char *value, int64_t revision, int64_t lease)
{
	struct said event = { 0 };

	add_kv(&event, 2, key, strlen(key), value, revision, lease);
	add_bytes(&s, 11, event.at, event.len);
	return framed(s);
}

struct said said_put(struct said s, const char *key, const char *value, int64_t revision)
{
	return said_put_by(s, key, value, revision, 7);
}

struct said said_deleted(struct said s, const char *key, int64_t revision)
{
	struct said event = { 0 };

	add_number(&event, 1, 1);
	add_kv(&event, 2, key, strlen(key), NULL, revision, 0);
	add_bytes(&s, 11, event.at, event.len);
	return framed(s);
}
