/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/etcd_words.h"

#include <string.h>

#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/util.h"

/* ---- protobuf ------------------------------------------------------------------------- */

static void varint(struct etcd_words *w, uint64_t n)
{
	for (; n > 127; n >>= 7) {
		HOLDS(w->len < sizeof w->at);
		w->at[w->len++] = (uint8_t)(n | 128);
	}
	HOLDS(w->len < sizeof w->at);
	w->at[w->len++] = (uint8_t)n;
}

static void number(struct etcd_words *w, unsigned field, int64_t n)
{
	varint(w, field << 3);
	varint(w, (uint64_t)n);
}

static void bytes(struct etcd_words *w, unsigned field, const void *what, size_t len)
{
	varint(w, field << 3 | 2);
	varint(w, len);
	HOLDS(len <= sizeof w->at - w->len);
	memcpy(w->at + w->len, what, len);
	w->len += len;
}

static void text(struct etcd_words *w, unsigned field, const char *what)
{
	bytes(w, field, what, strlen(what));
}

static void part(struct etcd_words *w, unsigned field, const struct etcd_words *what)
{
	bytes(w, field, what->at, what->len);
}

/* ---- parts ------------------------------------------------------------------------------ */

/* Mostly what a healthy cluster says; a bit each for what is odd. */
static void header(struct etcd_words *w, uint8_t odd)
{
	static const int64_t revisions[] = { 20, 21, 19, 25, 1, -1, INT64_MAX, 0 };
	struct etcd_words h = { 0 };

	if ((odd & 0x40) != 0) {
		return;
	}
	number(&h, 1, 5 + (odd >> 7));
	number(&h, 2, 1);
	number(&h, 3, revisions[odd & 7]);
	number(&h, 4, 2 - (odd >> 3 & 1));
	part(w, 1, &h);
}

static const char *key_of(uint8_t what)
{
	static const char *const keys[] = { WORDS_KEY, WORDS_OTHER, WORDS_PREFIX "h:3", "/s/b/h:1",
		"", WORDS_PREFIX "\xff", "/s/a", WORDS_KEY };

	return keys[what & 7];
}

static void kv(struct etcd_words *w, unsigned field, uint8_t what, bool value)
{
	static const char *const values[] = { WORDS_VALUE, "", "{", "{\"host\":\"g\",\"port\":2}" };
	static const int64_t leases[] = { WORDS_LEASE, 0, 9, -1 };
	struct etcd_words k = { 0 };

	text(&k, 1, key_of(what));
	number(&k, 2, 10);
	number(&k, 3, 10 + (what >> 5) * 2);
	if (value) {
		text(&k, 5, values[what >> 3 & 3]);
		number(&k, 6, leases[what >> 5 & 3]);
	}
	part(w, field, &k);
}

static void event(struct etcd_words *w, uint8_t what)
{
	struct etcd_words e = { 0 };
	bool deleted = (what & 8) != 0;

	number(&e, 1, deleted ? 1 : 0);
	kv(&e, 2, what, !deleted);
	part(w, 11, &e);
}

/* ---- answers ------------------------------------------------------------------------------ */

static void lease(struct etcd_words *w, uint8_t what)
{
	static const int64_t ids[] = { WORDS_LEASE, 9, 0, -1 };
	static const int64_t ttls[] = { 10, 0, 1, -5 };

	number(w, 2, ids[what & 3]);
	number(w, 3, ttls[what >> 2 & 3]);
}

static void range(struct etcd_words *w, uint8_t what, struct fuzz_bytes *in)
{
	for (unsigned i = 0; i < (what & 3u); i++) {
		kv(w, 2, fuzz_u8(in), true);
	}
	number(w, 3, what >> 2 & 1);
	number(w, 4, (what & 8) != 0 ? fuzz_u8(in) : what & 3);
}

static void transaction(struct etcd_words *w, uint8_t what, struct fuzz_bytes *in)
{
	number(w, 2, what & 1);
	for (unsigned i = 0; i < (what >> 1 & 3u); i++) {
		struct etcd_words op = { 0 }, answer = { 0 };
		uint8_t how = fuzz_u8(in);
		header(&answer, 0);
		if (how != 0xff) {
			kv(&answer, 2, how, true);
		}
		part(&op, (what & 8) != 0 ? 2 : 1, &answer);
		part(w, 3, &op);
	}
}

static void news(struct etcd_words *w, uint8_t what, struct fuzz_bytes *in)
{
	static const char *const reasons[] = { "", "etcdserver: no leader",
		"etcdserver: permission denied", "a\nb\xff" };

	number(w, 3, what & 1);
	number(w, 4, what >> 1 & 1);
	number(w, 5, (what & 4) != 0 ? 30 : 0);
	if ((what & 2) != 0) {
		text(w, 6, reasons[what >> 4 & 3]);
	}
	number(w, 7, what >> 3 & 1);
	for (unsigned i = 0; (what & 3) == 0 && i < (what >> 4 & 3u); i++) {
		event(w, fuzz_u8(in));
	}
}

void etcd_words(struct etcd_words *w, const char *path, struct fuzz_bytes *in)
{
	uint8_t odd = fuzz_u8(in), what = fuzz_u8(in);

	w->len = 0;
	header(w, odd);
	if (strcmp(path, ETCD_PATH_GRANT) == 0 || strcmp(path, ETCD_PATH_KEEP_ALIVE) == 0) {
		lease(w, what);
	} else if (strcmp(path, ETCD_PATH_RANGE) == 0) {
		range(w, what, in);
	} else if (strcmp(path, ETCD_PATH_TXN) == 0) {
		transaction(w, what, in);
	} else if (strcmp(path, ETCD_PATH_WATCH) == 0) {
		news(w, what, in);
	} else if (strcmp(path, ETCD_PATH_LOG_IN) == 0) {
		text(w, 2, (what & 1) != 0 ? "" : "token.1");
	}
}

const struct etcd_end_words *etcd_words_end(uint8_t which)
{
	static const struct etcd_end_words ends[] = {
		{ 0, "" },
		{ 5, "etcdserver: requested lease not found" },
		{ 14, "etcdserver: not leader" },
		{ 7, "etcdserver: permission denied" },
		{ 16, "etcdserver: invalid auth token" },
		{ 8, "etcdserver: too many requests" },
		{ 8, "etcdserver: mvcc: database space exceeded" },
		{ 11, "etcdserver: mvcc: required revision has been compacted" },
		{ 3, "etcdserver: user name is empty" },
		{ 9, "etcdserver: authentication is not enabled" },
		{ 2, "" },
		{ 999, "?" },
	};

	return &ends[which % ARRAY_LEN(ends)];
}
