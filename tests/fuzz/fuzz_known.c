/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pages and news of etcd make known, in any order and under any keys: each key once, as good
 * or as broken, as it was put last; and nothing of those that are gone.
 *
 * The input: the format, and then for each step what it is (1 byte), a value and the rest of a key,
 * with lengths of 1 byte.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/known.h"
#include "agent/net/etcd_read_codec.h"
#include "tests/fuzz/fuzz.h"

#define STEPS  40
#define PREFIX "/s/"

/* What there must be. */
struct entry {
	uint8_t *key; /* owned */
	size_t len;
	int64_t revision; /* 0: it is gone */
};

static struct entry *find(struct entry *entries, size_t *n, const struct etcd_kv *kv)
{
	for (size_t i = 0; i < *n; i++) {
		if (entries[i].len == kv->key_len &&
				memcmp(entries[i].key, kv->key, kv->key_len) == 0) {
			return &entries[i];
		}
	}
	struct entry *fresh = &entries[(*n)++];
	*fresh = (struct entry){ .key = malloc(kv->key_len + 1), .len = kv->key_len };
	HOLDS(fresh->key != NULL);
	memcpy(fresh->key, kv->key, kv->key_len);
	return fresh;
}

static void expect_ordered(const struct instances *set)
{
	for (size_t i = 1; i < set->n; i++) {
		HOLDS(strcmp(set->at[i - 1]->key, set->at[i]->key) < 0);
	}
}

static const struct instance *any(const struct known *k, const char *key)
{
	const struct instance *good = instances_find(&k->live, key);
	const struct instance *broken = instances_find(&k->broken, key);

	HOLDS(good == NULL || broken == NULL);
	return good != NULL ? good : broken;
}

static void expect(const struct known *k, const struct entry *entries, size_t n)
{
	size_t present = 0;

	for (size_t i = 0; i < n; i++) {
		char *key = fuzz_text(entries[i].key, entries[i].len);
		bool odd = strlen(key) != entries[i].len; /* it is kept by another name */
		const struct instance *there = odd ? NULL : any(k, key);
		present += entries[i].revision != 0 ? 1 : 0;
		HOLDS(odd || (there != NULL) == (entries[i].revision != 0));
		HOLDS(there == NULL || there->mod_revision == entries[i].revision);
		free(key);
	}
	HOLDS(known_count(k) == present);
	expect_ordered(&k->live);
	expect_ordered(&k->broken);
}

static void put(struct known *k, enum format format, const struct etcd_kv *kv, struct entry *entry)
{
	struct err err = { 0 };
	size_t was = k->live.n;
	struct known_put done = known_put(k, k, format, kv, &err);
	char *key = known_key(kv);

	HOLDS(!done.failed && (!done.skipped || err.text[0] != '\0'));
	HOLDS(done.changed || k->live.n == was);
	HOLDS(key != NULL && strlen(key) == kv->key_len);
	entry->revision = kv->mod_revision;
	free(key);
}

static struct etcd_kv take_kv(struct fuzz_bytes *in, char **key, uint8_t **value)
{
	struct etcd_kv kv = { 0 };
	size_t len;

	*value = fuzz_take_bytes(in, fuzz_u8(in), &kv.value_len);
	uint8_t *rest = fuzz_take_bytes(in, fuzz_u8(in), &len);
	kv.key_len = strlen(PREFIX) + len;
	*key = malloc(kv.key_len);
	HOLDS(*key != NULL);
	memcpy(*key, PREFIX, strlen(PREFIX));
	memcpy(*key + strlen(PREFIX), rest, len);
	free(rest);
	kv.key = *key;
	kv.value = (const char *)*value;
	return kv;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	enum format format = fuzz_u8(&in) % N_FORMATS;
	struct entry entries[STEPS];
	struct known known = { 0 };
	size_t n = 0;

	for (int64_t revision = 1; revision <= STEPS && in.left > 0; revision++) {
		uint8_t step = fuzz_u8(&in), *value;
		char *key;
		struct etcd_kv kv = take_kv(&in, &key, &value);
		struct entry *entry = find(entries, &n, &kv);
		kv.mod_revision = revision;
		if (step % 4 == 0) {
			size_t was = known.live.n;
			HOLDS(known_remove(&known, &kv) == (known.live.n != was));
			entry->revision = 0;
		} else {
			put(&known, format, &kv, entry);
		}
		expect(&known, entries, n);
		free(key);
		free(value);
	}
	for (size_t i = 0; i < n; i++) {
		free(entries[i].key);
	}
	known_finish(&known);
	return 0;
}
