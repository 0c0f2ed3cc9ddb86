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

#include "agent/net/cluster_view.h"

#define ETCD_PATH_GRANT      "/etcdserverpb.Lease/LeaseGrant"
#define ETCD_PATH_REVOKE     "/etcdserverpb.Lease/LeaseRevoke"
#define ETCD_PATH_KEEP_ALIVE "/etcdserverpb.Lease/LeaseKeepAlive"
#define ETCD_PATH_RANGE      "/etcdserverpb.KV/Range"
#define ETCD_PATH_TXN        "/etcdserverpb.KV/Txn"
#define ETCD_PATH_LOG_IN     "/etcdserverpb.Auth/Authenticate"

/* A request body. `at` is owned by whoever holds the struct; free() it. */
struct etcd_body {
	uint8_t *at;
	size_t len;
};

/* Frees it, after its bytes are wiped out: it may hold a password. */
void etcd_body_free(struct etcd_body *body);

/* All return 0, or -1 without memory, *out untouched then. */

/* One message as a whole body. `message` is a ProtobufCMessage: for the codecs alone. */
int etcd_encode_message(struct etcd_body *out, const void *message);

/* Of the header of an answer, a ResponseHeader; NULL: there is none. For the codecs alone. */
struct cluster_mark etcd_mark_of(const void *header);

int etcd_encode_grant(struct etcd_body *out, int64_t ttl_s);
int etcd_encode_revoke(struct etcd_body *out, int64_t lease);

/* One message for each lease: etcd answers each in turn. */
int etcd_encode_keep_alive(struct etcd_body *out, const int64_t *leases, size_t n);

/* A key and what is to stand under it. Borrowed. */
struct etcd_entry {
	const char *key, *value;
};

#define ETCD_ENTRIES_MAX 8 /* of one call; etcd itself takes 128 */

#define ETCD_GUARDS_MAX 128 /* of one comparison; etcd takes no more */

/* A key and the mod_revision that it is to have. Borrowed. */
struct etcd_guard {
	const char *key;
	int64_t mod_revision;
};

/* A transaction that does nothing but say whether all of them are so. */
int etcd_encode_compare(struct etcd_body *out, const struct etcd_guard *guards, size_t n);

int etcd_encode_range(struct etcd_body *out, const char *key);

/* A transaction that does nothing but say what is there, of each of the keys. */
int etcd_encode_read_all(struct etcd_body *out, const struct etcd_entry *entries, size_t n);

/*
 * A transaction: when each key's mod_revision is the one given (0: the key does
 * not exist), put all of them on the lease; otherwise say what is there.
 */
int etcd_encode_put_if(struct etcd_body *out, const struct etcd_entry *entries, size_t n,
		const int64_t *mod_revisions, int64_t lease);

int etcd_encode_log_in(struct etcd_body *out, const char *name, const char *password);

/* What etcd granted. */
struct etcd_granted {
	int64_t lease;
	int64_t ttl_s;
	int64_t revision; /* of the whole store, when it granted; 0 when it did not say */
};

bool etcd_decode_grant(const uint8_t *data, size_t len, struct etcd_granted *granted);

/* The answer to a revoke says nothing, and is there. */
bool etcd_decode_revoked(const uint8_t *data, size_t len);

/* What etcd says to a renewal. */
struct etcd_renewed {
	int64_t lease;
	int64_t ttl_s;          /* 0: there is no such lease, of which grpc-proxy 3.4 says -1 */
	struct cluster_mark at; /* its revision may be behind in a healthy member */
};

bool etcd_decode_keep_alive(const uint8_t *data, size_t len, struct etcd_renewed *renewed);

/* *token is for the caller to free; its bytes are a secret. */
bool etcd_decode_log_in(const uint8_t *data, size_t len, char **token);

/*
 * The header of the first message of a whole body, whichever call it answers;
 * all zero when there is none.
 */
void etcd_decode_mark(const uint8_t *body, size_t len, struct cluster_mark *mark);

/* True when a whole body of renewals has one that says that its lease is gone. */
bool etcd_renewals_say_gone(const uint8_t *body, size_t len);

#endif
