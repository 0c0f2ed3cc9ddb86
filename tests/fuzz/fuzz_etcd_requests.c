/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every question to etcd says what was meant by it: it is read back, and a range holds all keys
 * that begin with its prefix, and no others.
 *
 * The input: a prefix or key, a value, the rest of a key, some other key; numbers.
 */
#include <etcd.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_maintenance_codec.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/net/grpc_frame.h"
#include "tests/fuzz/fuzz.h"

/* The one message of a body. */
static const uint8_t *only(const struct etcd_body *body, size_t *len)
{
	const uint8_t *message = NULL;

	HOLDS(grpc_only_message(body->at, body->len, &message, len));
	return message;
}

static bool same(const ProtobufCBinaryData *bytes, const char *text)
{
	return bytes->len == strlen(text) &&
	       (bytes->len == 0 || memcmp(bytes->data, text, bytes->len) == 0);
}

/* ---- leases --------------------------------------------------------------------------- */

static void ask_leases(int64_t number)
{
	const int64_t leases[] = { number, 1, -number / 2 };
	struct etcd_body body = { NULL, 0 };
	const uint8_t *at, *message;
	size_t len, n = 0, left;

	HOLDS(etcd_encode_grant(&body, number) == 0);
	at = only(&body, &len);
	Etcdserverpb__LeaseGrantRequest *g =
			etcdserverpb__lease_grant_request__unpack(NULL, len, at);
	HOLDS(g != NULL && g->ttl == number && g->id == 0);
	etcdserverpb__lease_grant_request__free_unpacked(g, NULL);
	etcd_body_free(&body);

	HOLDS(etcd_encode_keep_alive(&body, leases, 3) == 0);
	at = body.at;
	left = body.len;
	while (grpc_next_message(&at, &left, &message, &len)) {
		Etcdserverpb__LeaseKeepAliveRequest *k =
				etcdserverpb__lease_keep_alive_request__unpack(NULL, len, message);
		HOLDS(k != NULL && n < 3 && k->id == leases[n++]);
		etcdserverpb__lease_keep_alive_request__free_unpacked(k, NULL);
	}
	HOLDS(n == 3 && left == 0);
	etcd_body_free(&body);

	HOLDS(etcd_encode_revoke(&body, number) == 0);
	at = only(&body, &len);
	Etcdserverpb__LeaseRevokeRequest *r =
			etcdserverpb__lease_revoke_request__unpack(NULL, len, at);
	HOLDS(r != NULL && r->id == number);
	etcdserverpb__lease_revoke_request__free_unpacked(r, NULL);
	etcd_body_free(&body);
}

static void ask_lease_state(int64_t lease)
{
	struct etcd_body body = { NULL, 0 };
	size_t len;

	HOLDS(etcd_encode_lease_keys(&body, lease) == 0);
	const uint8_t *at = only(&body, &len);
	Etcdserverpb__LeaseTimeToLiveRequest *m =
			etcdserverpb__lease_time_to_live_request__unpack(NULL, len, at);
	HOLDS(m != NULL && m->id == lease && m->keys);
	etcdserverpb__lease_time_to_live_request__free_unpacked(m, NULL);
	etcd_body_free(&body);
}

/* ---- keys ------------------------------------------------------------------------------ */

static void ask_put(const struct etcd_entry *entries, size_t n, int64_t lease)
{
	int64_t revisions[ETCD_ENTRIES_MAX];
	struct etcd_body body = { NULL, 0 };
	size_t len;

	for (size_t i = 0; i < n; i++) {
		revisions[i] = lease - (int64_t)i;
	}
	HOLDS(etcd_encode_put_if(&body, entries, n, revisions, lease) == 0);
	const uint8_t *at = only(&body, &len);
	Etcdserverpb__TxnRequest *m = etcdserverpb__txn_request__unpack(NULL, len, at);
	HOLDS(m != NULL && m->n_compare == n && m->n_success == n && m->n_failure == n);
	for (size_t i = 0; i < n; i++) {
		const Etcdserverpb__Compare *guard = m->compare[i];
		const Etcdserverpb__PutRequest *put = m->success[i]->request_put;
		HOLDS(same(&guard->key, entries[i].key) && guard->mod_revision == revisions[i]);
		HOLDS(guard->target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD);
		HOLDS(guard->result == ETCDSERVERPB__COMPARE__COMPARE_RESULT__EQUAL);
		HOLDS(same(&put->key, entries[i].key) && same(&put->value, entries[i].value));
		HOLDS(put->lease == lease);
		HOLDS(same(&m->failure[i]->request_range->key, entries[i].key));
	}
	etcdserverpb__txn_request__free_unpacked(m, NULL);
	etcd_body_free(&body);
}

static void log_in(const char *name, const char *password)
{
	struct etcd_body body = { NULL, 0 };
	size_t len;

	HOLDS(etcd_encode_log_in(&body, name, password) == 0);
	const uint8_t *at = only(&body, &len);
	Etcdserverpb__AuthenticateRequest *m =
			etcdserverpb__authenticate_request__unpack(NULL, len, at);
	HOLDS(m != NULL && strcmp(m->name, name) == 0 && strcmp(m->password, password) == 0);
	etcdserverpb__authenticate_request__free_unpacked(m, NULL);
	etcd_body_free(&body);
}

/* ---- prefixes -------------------------------------------------------------------------- */

/* As etcd orders keys. */
static int compare(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b)
{
	size_t n = n_a < n_b ? n_a : n_b;
	int order = n == 0 ? 0 : memcmp(a, b, n);

	return order != 0 ? order : (n_a > n_b) - (n_a < n_b);
}

static bool holds(const ProtobufCBinaryData *first, const ProtobufCBinaryData *end, const char *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	size_t len = strlen(key);

	return compare(bytes, len, first->data, first->len) >= 0 &&
	       compare(bytes, len, end->data, end->len) < 0;
}

static void expect_range(const ProtobufCBinaryData *first, const ProtobufCBinaryData *end,
		const char *prefix, const char *within, const char *other)
{
	HOLDS(holds(first, end, within));
	HOLDS(holds(first, end, other) == (strncmp(other, prefix, strlen(prefix)) == 0));
}

static void ask_prefix(const char *prefix, const char *within, const char *other, int64_t number)
{
	const struct etcd_scope scope = { .prefix = prefix, .limit = 256, .newer_than = number };
	struct etcd_body body = { NULL, 0 };
	const uint8_t *at;
	size_t len;

	HOLDS(etcd_encode_scope(&body, &scope) == 0);
	at = only(&body, &len);
	Etcdserverpb__RangeRequest *r = etcdserverpb__range_request__unpack(NULL, len, at);
	HOLDS(r != NULL && r->limit == 256 && r->min_mod_revision >= number);
	HOLDS((r->min_mod_revision > number) == (number > 0 && number < INT64_MAX));
	expect_range(&r->key, &r->range_end, prefix, within, other);
	etcdserverpb__range_request__free_unpacked(r, NULL);
	etcd_body_free(&body);

	HOLDS(etcd_encode_watch(&body, prefix, number) == 0);
	at = only(&body, &len);
	Etcdserverpb__WatchRequest *w = etcdserverpb__watch_request__unpack(NULL, len, at);
	HOLDS(w != NULL && w->create_request != NULL);
	HOLDS(w->create_request->start_revision == number);
	expect_range(&w->create_request->key, &w->create_request->range_end, prefix, within, other);
	etcdserverpb__watch_request__free_unpacked(w, NULL);
	etcd_body_free(&body);
}

/* The page behind a key begins with the next that there can be. */
static void ask_after(const char *prefix, const char *within)
{
	const struct etcd_scope scope = {
		.prefix = prefix, .after = within, .after_len = strlen(within)
	};
	struct etcd_body body = { NULL, 0 };
	size_t len;

	HOLDS(etcd_encode_scope(&body, &scope) == 0);
	const uint8_t *at = only(&body, &len);
	Etcdserverpb__RangeRequest *r = etcdserverpb__range_request__unpack(NULL, len, at);
	HOLDS(r != NULL && r->key.len == strlen(within) + 1);
	HOLDS(memcmp(r->key.data, within, r->key.len) == 0);
	etcdserverpb__range_request__free_unpacked(r, NULL);
	etcd_body_free(&body);
}

static char *join(const char *a, const char *b)
{
	size_t n = strlen(a), size = n + strlen(b) + 1;
	char *both = malloc(size);

	HOLDS(both != NULL);
	memcpy(both, a, n);
	memcpy(both + n, b, size - n);
	return both;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	uint8_t n = (uint8_t)(fuzz_u8(&in) % ETCD_ENTRIES_MAX + 1);
	int64_t number = (int64_t)(fuzz_u64(&in) >> 1);
	char *prefix = fuzz_take_text(&in), *value = fuzz_take_text(&in);
	char *rest = fuzz_take_text(&in), *other = fuzz_take_text(&in);
	char *within = join(prefix, rest);
	struct etcd_entry entries[ETCD_ENTRIES_MAX];

	for (size_t i = 0; i < n; i++) {
		entries[i] = (struct etcd_entry){ i % 2 == 0 ? prefix : within, value };
	}
	ask_leases(number);
	ask_lease_state(number);
	ask_put(entries, n, number);
	log_in(prefix, value);
	if (prefix[0] != '\0' && (uint8_t)prefix[0] != 0xff) {
		ask_prefix(prefix, within, other, number);
		ask_after(prefix, within);
	}
	free(prefix);
	free(value);
	free(rest);
	free(other);
	free(within);
	return 0;
}
