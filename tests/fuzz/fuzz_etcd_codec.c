/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decoder takes every input: what it says to be there was in the message, and what it made is
 * freed. What was encoded is decoded as the same. See fuzz_etcd_requests.c for the questions.
 */
#include <etcd.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_key_codec.h"
#include "agent/net/grpc_frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proto_walk.h"

#define VALUE "{\"host\":\"a\"}"

static const struct etcd_entry entries[ETCD_ENTRIES_MAX] = {
	{ "/services/a/h:1", VALUE },
	{ "a/h:1", "" },
	{ "/services/b/h:1", "x" },
	{ "b", "" },
	{ "c", "" },
	{ "d", "" },
	{ "e", "" },
	{ "f", VALUE },
};

/* ---- any bytes ------------------------------------------------------------------------ */

static bool is_text(const uint8_t *data, size_t size, uint32_t number, const char *text)
{
	const uint8_t *bytes = data;
	size_t len = 0;

	(void)proto_bytes(data, size, number, &bytes, &len);
	return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

/* As C reads them, which a NUL in front ends. */
static bool has_words(const uint8_t *data, size_t size, uint32_t number)
{
	const uint8_t *bytes = data;
	size_t len = 0;

	return proto_bytes(data, size, number, &bytes, &len) && len > 0 && bytes[0] != '\0';
}

static void read_leases(const uint8_t *data, size_t size)
{
	struct etcd_granted granted = { 0 };
	struct etcd_renewed renewed = { 0 };

	if (etcd_decode_grant(data, size, &granted)) {
		HOLDS(granted.lease > 0 && granted.ttl_s > 0 && !has_words(data, size, 4));
		HOLDS((uint64_t)granted.lease == proto_varint(data, size, 2));
		HOLDS((uint64_t)granted.ttl_s == proto_varint(data, size, 3));
	}
	if (etcd_decode_keep_alive(data, size, &renewed)) {
		HOLDS(renewed.ttl_s >= 0);
		int64_t said = (int64_t)proto_varint(data, size, 3);
		HOLDS((uint64_t)renewed.lease == proto_varint(data, size, 2));
		HOLDS(renewed.ttl_s == (said > 0 ? said : 0));
	}
}

/* `data` is the range that it was read from. */
static void expect_key(const struct etcd_key *key, const struct etcd_entry *asked,
		const uint8_t *data, size_t size)
{
	const uint8_t *kv = data;
	size_t len = 0;

	HOLDS(proto_count(data, size, 2, 2) == (key->present ? 1 : 0));
	if (!key->present) {
		HOLDS(!key->same_value && key->lease == 0 && key->mod_revision == 0);
		return;
	}
	HOLDS(proto_bytes(data, size, 2, &kv, &len));
	HOLDS(is_text(kv, len, 1, asked->key));
	HOLDS((uint64_t)key->lease == proto_varint(kv, len, 6));
	HOLDS((uint64_t)key->mod_revision == proto_varint(kv, len, 3));
	HOLDS(key->same_value == is_text(kv, len, 5, asked->value));
}

/* The answers of a transaction are one for each key, and each is what `kind` says. */
static void expect_keys(const struct etcd_key *seen, size_t n, uint32_t kind, const uint8_t *data,
		size_t size)
{
	struct proto_walk walk = { .at = data, .left = size };
	size_t i = 0, len;
	const uint8_t *answer;

	while (proto_next(&walk)) {
		if (walk.number != 3 || walk.type != 2) {
			continue;
		}
		HOLDS(i < n && proto_bytes(walk.bytes, walk.len, kind, &answer, &len));
		if (seen != NULL && proto_count(walk.bytes, walk.len, kind, 2) == 1) {
			expect_key(&seen[i], &entries[i], answer, len);
		}
		i++;
	}
	HOLDS(i == n);
}

enum { RANGE = 1, PUT = 2 }; /* of an answer */

static void read_keys(const uint8_t *data, size_t size)
{
	struct etcd_key key, seen[ETCD_ENTRIES_MAX];
	bool succeeded, same;

	if (etcd_decode_range(data, size, &entries[0], &key)) {
		expect_key(&key, &entries[0], data, size);
	}
	if (etcd_decode_read_all(data, size, entries, 1, seen)) {
		expect_keys(seen, 1, RANGE, data, size);
	}
	for (size_t n = 1; n <= ETCD_ENTRIES_MAX; n++) {
		memset(seen, 0xff, sizeof seen);
		if (etcd_decode_put_if(data, size, entries, n, &succeeded, seen)) {
			HOLDS(proto_is_flag(data, size, 2, succeeded));
			expect_keys(succeeded ? NULL : seen, n, succeeded ? PUT : RANGE, data,
					size);
		}
	}
	if (etcd_decode_compared(data, size, &same)) {
		HOLDS(proto_is_flag(data, size, 2, same));
	}
}

static void read_token(const uint8_t *data, size_t size)
{
	char *token = NULL;

	bool readable = etcd_decode_log_in(data, size, &token);
	HOLDS(readable == (token != NULL) && (!readable || token[0] != '\0'));
	for (const char *at = token; readable && *at != '\0'; at++) {
		HOLDS(*at > ' ' && *at < 0x7f);
	}
	free(token);
}

/* A lease is only gone when one of the messages says so. */
static void read_body(const uint8_t *data, size_t size)
{
	struct cluster_mark mark;
	struct etcd_renewed renewed = { .ttl_s = 1 };
	const uint8_t *message, *at = data;
	size_t n, left = size;

	etcd_decode_mark(data, size, &mark);
	HOLDS(mark.cluster == 0 ||
			(grpc_next_message(&at, &left, &message, &n) && proto_has(message, n, 1)));
	at = data;
	left = size;
	bool gone = etcd_renewals_say_gone(data, size), found = false;
	while (grpc_next_message(&at, &left, &message, &n)) {
		found = found ||
			(etcd_decode_keep_alive(message, n, &renewed) && renewed.ttl_s == 0);
	}
	HOLDS(!gone || found);
}

/* ---- what a sound etcd says --------------------------------------------------------------- */

static void expect_mark(const uint8_t *message, size_t size, const Etcdserverpb__ResponseHeader *h)
{
	uint8_t *body = malloc(GRPC_PREFIX + size);
	struct cluster_mark mark;

	HOLDS(body != NULL);
	grpc_prefix(body, (uint32_t)size);
	memcpy(body + GRPC_PREFIX, message, size);
	etcd_decode_mark(body, GRPC_PREFIX + size, &mark);
	HOLDS(mark.cluster == h->cluster_id && mark.member == h->member_id &&
			mark.term == h->raft_term && mark.revision == h->revision);
	free(body);
}

static Etcdserverpb__ResponseHeader take_header(struct fuzz_bytes *in)
{
	Etcdserverpb__ResponseHeader h = ETCDSERVERPB__RESPONSE_HEADER__INIT;

	h.cluster_id = fuzz_u64(in);
	h.member_id = fuzz_u64(in);
	h.revision = (int64_t)fuzz_u64(in);
	h.raft_term = fuzz_u64(in);
	return h;
}

static void come_back_lease(struct fuzz_bytes in)
{
	Etcdserverpb__ResponseHeader header = take_header(&in);
	Etcdserverpb__LeaseKeepAliveResponse m = ETCDSERVERPB__LEASE_KEEP_ALIVE_RESPONSE__INIT;
	uint8_t packed[200];
	struct etcd_renewed renewed;

	m.header = &header;
	m.id = (int64_t)fuzz_u64(&in);
	m.ttl = (int64_t)fuzz_u32(&in);
	size_t size = etcdserverpb__lease_keep_alive_response__pack(&m, packed);
	HOLDS(size <= sizeof packed && etcd_decode_keep_alive(packed, size, &renewed));
	HOLDS(renewed.lease == m.id && renewed.ttl_s == m.ttl);
	HOLDS(renewed.at.cluster == header.cluster_id && renewed.at.revision == header.revision);
	expect_mark(packed, size, &header);
}

static void come_back_key(struct fuzz_bytes in)
{
	Etcdserverpb__ResponseHeader header = take_header(&in);
	Etcdserverpb__KeyValue kv = ETCDSERVERPB__KEY_VALUE__INIT, *kvs[] = { &kv };
	Etcdserverpb__RangeResponse m = ETCDSERVERPB__RANGE_RESPONSE__INIT;
	uint8_t key[] = "k", packed[400];
	const struct etcd_entry asked = { "k", VALUE };
	struct etcd_key seen;

	m.header = &header;
	kv.key = (ProtobufCBinaryData){ 1, key };
	kv.lease = (int64_t)fuzz_u64(&in);
	kv.mod_revision = (int64_t)fuzz_u64(&in);
	kv.value.data = fuzz_take_bytes(&in, 100, &kv.value.len);
	m.n_kvs = 1;
	m.kvs = kvs;
	size_t size = etcdserverpb__range_response__pack(&m, packed);
	HOLDS(size <= sizeof packed && etcd_decode_range(packed, size, &asked, &seen));
	HOLDS(seen.present && seen.lease == kv.lease && seen.mod_revision == kv.mod_revision);
	HOLDS(seen.same_value == (kv.value.len == strlen(VALUE) &&
						 memcmp(kv.value.data, VALUE, kv.value.len) == 0));
	expect_mark(packed, size, &header);
	free(kv.value.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fuzz_bytes in = { data, size };

	read_leases(data, size);
	read_keys(data, size);
	read_token(data, size);
	read_body(data, size);
	come_back_lease(in);
	come_back_key(in);
	return 0;
}
