/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_READ_CODEC_H
#define AGENT_NET_ETCD_READ_CODEC_H

/*
 * etcd_read_codec - the messages of etcd that reading takes, as bytes and back.
 * Pure; as etcd_codec otherwise.
 *
 * What is decoded points into the message that protobuf-c has made of it, and
 * lives until it is freed with the matching function.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/cluster_view.h"
#include "agent/net/etcd_codec.h"

#define ETCD_PATH_WATCH        "/etcdserverpb.Watch/Watch"
#define ETCD_PATH_TIME_TO_LIVE "/etcdserverpb.Lease/LeaseTimeToLive"

/* A key and its value: any bytes, without a NUL at the end. */
struct etcd_kv {
	const char *key, *value;
	size_t key_len, value_len;
	int64_t lease, create_revision, mod_revision;
};

/* What of a prefix is asked for. */
struct etcd_scope {
	const char *prefix; /* every key that begins with it; not empty */
	const char *after;  /* only keys behind this one, of any bytes; NULL: all */
	size_t after_len;
	int64_t revision;   /* as it was then; 0: now */
	int64_t newer_than; /* only keys that were written after this revision; 0: all */
	int64_t limit;      /* at most so many; 0: all */
	bool keys_only;
};

/* 0, or -1 without memory. */
int etcd_encode_scope(struct etcd_body *out, const struct etcd_scope *scope);

struct etcd_page {
	struct cluster_mark mark;
	int64_t count; /* keys under the prefix, whatever the limit and `newer_than` */
	bool more;     /* the limit has cut */
	struct etcd_kv *kvs;
	size_t n;
	void *message; /* owned */
};

/* False when it cannot be read, or without memory; nothing is to be freed then. */
bool etcd_decode_page(const uint8_t *data, size_t len, struct etcd_page *page);
void etcd_page_free(struct etcd_page *page);

/* False when it has other keys than were asked for, more, or not in their order. */
bool etcd_page_is_of(const struct etcd_page *page, const struct etcd_scope *scope);

/* All that happens under the prefix from `revision` on. 0, or -1 without memory. */
int etcd_encode_watch(struct etcd_body *out, const char *prefix, int64_t revision);

struct etcd_event {
	bool deleted; /* kv has no value then, and mod_revision is that of the deletion */
	struct etcd_kv kv;
};

struct etcd_news {
	struct cluster_mark mark;
	bool created, canceled;
	bool partial;              /* more of the same revision follows */
	int64_t compact_revision;  /* above 0: what was asked for is not kept any more */
	const char *cancel_reason; /* "" when there is none */
	struct etcd_event *events;
	size_t n;
	void *message; /* owned */
};

/* As etcd_decode_page. */
bool etcd_decode_news(const uint8_t *data, size_t len, struct etcd_news *news);
void etcd_news_free(struct etcd_news *news);

/* False when it tells of other keys, or of what has not happened yet. */
bool etcd_news_are_of(const struct etcd_news *news, const char *prefix);

int etcd_encode_time_to_live(struct etcd_body *out, int64_t lease);

/* *ttl_s: seconds left; negative when there is no such lease. */
bool etcd_decode_time_to_live(const uint8_t *data, size_t len, int64_t *lease, int64_t *ttl_s);

#endif
