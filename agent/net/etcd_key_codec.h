/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_KEY_CODEC_H
#define AGENT_NET_ETCD_KEY_CODEC_H

/*
 * etcd_key_codec - what etcd says of the keys that one registers under. Pure.
 *
 * Who says something of another key than was asked for, or more or less of it, has said nothing
 * that can be read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/etcd_codec.h"

/* A key as etcd has it. */
struct etcd_key {
	bool present;
	bool same_value;      /* the value is the expected one */
	int64_t lease;        /* 0: the key hangs on no lease */
	int64_t mod_revision; /* above 0 when present */
};

/* The answer to a comparison. */
bool etcd_decode_compared(const uint8_t *data, size_t len, bool *same);

/* What there is of a key. False also when it says something of another key, or of more. */
bool etcd_decode_range(const uint8_t *data, size_t len, const struct etcd_entry *entry,
		struct etcd_key *key);

/* `seen` has room for each entry: what there is of it. As etcd_decode_range. */
bool etcd_decode_read_all(const uint8_t *data, size_t len, const struct etcd_entry *entries,
		size_t n, struct etcd_key *seen);

/* The same; valid when *succeeded is false: one of them stood in the way. */
bool etcd_decode_put_if(const uint8_t *data, size_t len, const struct etcd_entry *entries, size_t n,
		bool *succeeded, struct etcd_key *seen);

#endif
