/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_CODEC_H
#define AGENT_NET_ETCD_CODEC_H

/*
 * etcd_codec - etcd's messages (etcd.proto) as bytes and back. Pure.
 *
 * Encoders give the whole body of a call, gRPC prefixes included. Decoders
 * take one message without its prefix and answer false when it cannot be read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETCD_PATH_GRANT      "/etcdserverpb.Lease/LeaseGrant"
#define ETCD_PATH_REVOKE     "/etcdserverpb.Lease/LeaseRevoke"
#define ETCD_PATH_KEEP_ALIVE "/etcdserverpb.Lease/LeaseKeepAlive"
#define ETCD_PATH_RANGE      "/etcdserverpb.KV/Range"
#define ETCD_PATH_TXN        "/etcdserverpb.KV/Txn"

/* A request body. `at` is owned by whoever holds the struct; free() it. */
struct etcd_body {
	uint8_t *at;
	size_t len;
};

/* All return 0, or -1 without memory, *out untouched then. */
int etcd_encode_grant(struct etcd_body *out, int64_t ttl_s);
int etcd_encode_revoke(struct etcd_body *out, int64_t lease);

/* One message for each lease: etcd answers each in turn. */
int etcd_encode_keep_alive(struct etcd_body *out, const int64_t *leases, size_t n);

int etcd_encode_range(struct etcd_body *out, const char *key);

/*
 * A transaction: when the key's mod_revision is the one given (0: the key does
 * not exist), put it on the lease; otherwise say what is there.
 */
int etcd_encode_put_if(struct etcd_body *out, const char *key, const char *value, int64_t lease,
		int64_t mod_revision);

/* A key as etcd has it. */
struct etcd_key {
	bool present;
	bool same_value;      /* the value is the expected one */
	int64_t lease;        /* 0: the key hangs on no lease */
	int64_t mod_revision; /* above 0 when present */
};

bool etcd_decode_grant(const uint8_t *data, size_t len, int64_t *lease, int64_t *ttl_s);
bool etcd_decode_keep_alive(const uint8_t *data, size_t len, int64_t *lease, int64_t *ttl_s);
bool etcd_decode_range(
		const uint8_t *data, size_t len, const char *expected_value, struct etcd_key *key);

/* `*seen` is what stood in the way; valid when *succeeded is false. */
bool etcd_decode_put_if(const uint8_t *data, size_t len, const char *expected_value,
		bool *succeeded, struct etcd_key *seen);

#endif
