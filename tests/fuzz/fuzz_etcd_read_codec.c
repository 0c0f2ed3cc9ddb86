/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of keys and news of a watch, from any bytes: each key and value that is told lies within
 * what was taken in, and there are no more of them than there can be.
 */
#include <string.h>

#include "agent/net/etcd_read_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proto_walk.h"

/* So that a sanitizer sees whether all of it is there. */
static unsigned sum_of(const char *bytes, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += (uint8_t)bytes[i];
	}
	return sum;
}

static void expect_kv(const struct etcd_kv *kv, size_t size)
{
	HOLDS(kv->key != NULL && kv->value != NULL);
	HOLDS(kv->key_len + kv->value_len <= size);
	HOLDS(sum_of(kv->key, kv->key_len) <= 255 * size);
	HOLDS(sum_of(kv->value, kv->value_len) <= 255 * size);
}

static size_t count(const uint8_t *data, size_t size, uint32_t number)
{
	struct proto_walk walk = { .at = data, .left = size };
	size_t n = 0;

	while (proto_next(&walk)) {
		n += walk.number == number && walk.type == 2 ? 1 : 0;
	}
	return n;
}

static void read_page(const uint8_t *data, size_t size)
{
	struct etcd_page page;

	if (!etcd_decode_page(data, size, &page)) {
		return;
	}
	HOLDS(page.n == count(data, size, 2));
	HOLDS((uint64_t)page.count == proto_varint(data, size, 4));
	for (size_t i = 0; i < page.n; i++) {
		expect_kv(&page.kvs[i], size);
	}
	etcd_page_free(&page);
}

static void read_news(const uint8_t *data, size_t size)
{
	struct etcd_news news;

	if (!etcd_decode_news(data, size, &news)) {
		return;
	}
	HOLDS(news.n == count(data, size, 11));
	HOLDS(news.cancel_reason != NULL && strlen(news.cancel_reason) <= size);
	HOLDS((uint64_t)news.compact_revision == proto_varint(data, size, 5));
	for (size_t i = 0; i < news.n; i++) {
		expect_kv(&news.events[i].kv, size);
	}
	etcd_news_free(&news);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t lease, ttl_s;

	read_page(data, size);
	read_news(data, size);
	if (etcd_decode_time_to_live(data, size, &lease, &ttl_s)) {
		HOLDS((uint64_t)lease == proto_varint(data, size, 2));
		HOLDS((uint64_t)ttl_s == proto_varint(data, size, 3));
	}
	return 0;
}
