/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_key_codec.h"

#include <etcd.pb-c.h>
#include <string.h>

#include "agent/net/scratch.h"

static bool is_text(const ProtobufCBinaryData *data, const char *text)
{
	return data->len == strlen(text) &&
	       (data->len == 0 || memcmp(data->data, text, data->len) == 0);
}

/* False when it is about something else than this one key. */
static bool read_key(const Etcdserverpb__RangeResponse *range, const struct etcd_entry *entry,
		struct etcd_key *key)
{
	memset(key, 0, sizeof *key);
	if (range->n_kvs == 0) {
		return true;
	}
	const Etcdserverpb__KeyValue *kv = range->kvs[0];
	key->present = true;
	key->lease = kv->lease;
	key->mod_revision = kv->mod_revision;
	key->same_value = is_text(&kv->value, entry->value);
	return range->n_kvs == 1 && is_text(&kv->key, entry->key);
}

bool etcd_decode_range(const uint8_t *data, size_t len, const struct etcd_entry *entry,
		struct etcd_key *key)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__RangeResponse *m =
			etcdserverpb__range_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	bool readable = read_key(m, entry, key);
	etcdserverpb__range_response__free_unpacked(m, NULL);
	return readable;
}

/* One answer of a transaction; NULL when it is not about a range. */
static const Etcdserverpb__RangeResponse *range_of(const Etcdserverpb__ResponseOp *op)
{
	return op->response_case == ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_RANGE
			       ? op->response_range
			       : NULL;
}

/* False when the answers are not one range for each key. */
static bool read_keys(const Etcdserverpb__TxnResponse *m, const struct etcd_entry *entries,
		size_t n, struct etcd_key *seen)
{
	if (m->n_responses != n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const Etcdserverpb__RangeResponse *range = range_of(m->responses[i]);
		if (range == NULL || !read_key(range, &entries[i], &seen[i])) {
			return false;
		}
	}
	return true;
}

/* False when the answers are not one put for each key. */
static bool were_put(const Etcdserverpb__TxnResponse *m, size_t n)
{
	for (size_t i = 0; i < m->n_responses; i++) {
		if (m->responses[i]->response_case !=
				ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_PUT) {
			return false;
		}
	}
	return m->n_responses == n;
}

bool etcd_decode_read_all(const uint8_t *data, size_t len, const struct etcd_entry *entries,
		size_t n, struct etcd_key *seen)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__TxnResponse *m =
			etcdserverpb__txn_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	bool readable = read_keys(m, entries, n, seen);
	etcdserverpb__txn_response__free_unpacked(m, NULL);
	return readable;
}

bool etcd_decode_put_if(const uint8_t *data, size_t len, const struct etcd_entry *entries, size_t n,
		bool *succeeded, struct etcd_key *seen)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__TxnResponse *m =
			etcdserverpb__txn_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	bool readable = m->succeeded ? were_put(m, n) : read_keys(m, entries, n, seen);
	*succeeded = m->succeeded;
	etcdserverpb__txn_response__free_unpacked(m, NULL);
	return readable;
}

bool etcd_decode_compared(const uint8_t *data, size_t len, bool *same)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__TxnResponse *m =
			etcdserverpb__txn_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	*same = m->succeeded;
	etcdserverpb__txn_response__free_unpacked(m, NULL);
	return true;
}
