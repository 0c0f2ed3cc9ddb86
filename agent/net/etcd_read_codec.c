/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_read_codec.h"

#include <etcd.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/scratch.h"

/* ---- asking ------------------------------------------------------------------------ */

/* A range of keys: from the first that is meant to the first that is not. */
struct range {
	ProtobufCBinaryData first, end; /* owned */
};

static void range_finish(struct range *range)
{
	free(range->first.data);
	free(range->end.data);
}

/* With the byte that comes behind every key that begins so: etcd's own way to say "prefix". */
static ProtobufCBinaryData end_of(const char *prefix)
{
	size_t len = strlen(prefix);
	uint8_t *end = malloc(len);

	if (end == NULL) {
		return (ProtobufCBinaryData){ 0, NULL };
	}
	memcpy(end, prefix, len);
	while (len > 1 && end[len - 1] == UINT8_MAX) {
		len--;
	}
	end[len - 1]++;
	return (ProtobufCBinaryData){ len, end };
}

/* The prefix itself, or the key that comes directly behind the last one: with a NUL more. */
static ProtobufCBinaryData first_of(const struct etcd_scope *scope)
{
	const char *from = scope->after == NULL ? scope->prefix : scope->after;
	size_t len = scope->after == NULL ? strlen(from) : scope->after_len;
	uint8_t *first = calloc(1, len + 1);

	if (first == NULL) {
		return (ProtobufCBinaryData){ 0, NULL };
	}
	memcpy(first, from, len);
	return (ProtobufCBinaryData){ scope->after == NULL ? len : len + 1, first };
}

static int range_make(struct range *range, const struct etcd_scope *scope)
{
	range->first = first_of(scope);
	range->end = end_of(scope->prefix);
	if (range->first.data == NULL || range->end.data == NULL) {
		range_finish(range);
		return -1;
	}
	return 0;
}

/* The first revision that is newer; 0: any. A last one has none: an etcd may lie about it. */
static int64_t newer_than(int64_t revision)
{
	return revision <= 0 ? 0 : revision < INT64_MAX ? revision + 1 : INT64_MAX;
}

int etcd_encode_scope(struct etcd_body *out, const struct etcd_scope *scope)
{
	Etcdserverpb__RangeRequest m = ETCDSERVERPB__RANGE_REQUEST__INIT;
	struct range range;

	if (range_make(&range, scope) < 0) {
		return -1;
	}
	m.key = range.first;
	m.range_end = range.end;
	m.limit = scope->limit;
	m.revision = scope->revision;
	m.keys_only = scope->keys_only;
	m.min_mod_revision = newer_than(scope->newer_than);
	int result = etcd_encode_message(out, &m.base);
	range_finish(&range);
	return result;
}

int etcd_encode_watch(struct etcd_body *out, const char *prefix, int64_t revision)
{
	Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
	Etcdserverpb__WatchRequest m = ETCDSERVERPB__WATCH_REQUEST__INIT;
	const struct etcd_scope scope = { .prefix = prefix };
	struct range range;

	if (range_make(&range, &scope) < 0) {
		return -1;
	}
	create.key = range.first;
	create.range_end = range.end;
	create.start_revision = revision;
	create.fragment = true;
	m.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
	m.create_request = &create;
	int result = etcd_encode_message(out, &m.base);
	range_finish(&range);
	return result;
}

int etcd_encode_time_to_live(struct etcd_body *out, int64_t lease)
{
	Etcdserverpb__LeaseTimeToLiveRequest m = ETCDSERVERPB__LEASE_TIME_TO_LIVE_REQUEST__INIT;

	m.id = lease;
	return etcd_encode_message(out, &m.base);
}

/* ---- answers ----------------------------------------------------------------------- */

static struct etcd_kv kv_of(const Etcdserverpb__KeyValue *kv)
{
	if (kv == NULL) {
		return (struct etcd_kv){ .key = "", .value = "" };
	}
	return (struct etcd_kv){
		.key = kv->key.len > 0 ? (const char *)kv->key.data : "",
		.key_len = kv->key.len,
		.value = kv->value.len > 0 ? (const char *)kv->value.data : "",
		.value_len = kv->value.len,
		.lease = kv->lease,
		.create_revision = kv->create_revision,
		.mod_revision = kv->mod_revision,
	};
}

bool etcd_decode_page(const uint8_t *data, size_t len, struct etcd_page *page)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__RangeResponse *m =
			etcdserverpb__range_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	*page = (struct etcd_page){
		.mark = etcd_mark_of(m->header),
		.count = m->count,
		.more = m->more,
		.kvs = calloc(m->n_kvs + 1, sizeof(struct etcd_kv)),
		.n = m->n_kvs,
		.message = m,
	};
	if (page->kvs == NULL) {
		etcd_page_free(page);
		return false;
	}
	for (size_t i = 0; i < m->n_kvs; i++) {
		page->kvs[i] = kv_of(m->kvs[i]);
	}
	return true;
}

void etcd_page_free(struct etcd_page *page)
{
	free(page->kvs);
	etcdserverpb__range_response__free_unpacked(page->message, NULL);
	*page = (struct etcd_page){ 0 };
}

static bool begins_with(const struct etcd_kv *kv, const char *prefix)
{
	size_t len = strlen(prefix);

	return kv->key_len >= len && memcmp(kv->key, prefix, len) == 0;
}

/* As etcd orders them. */
static bool comes_behind(const struct etcd_kv *kv, const char *key, size_t len)
{
	int order = memcmp(kv->key, key, kv->key_len < len ? kv->key_len : len);

	return order > 0 || (order == 0 && kv->key_len > len);
}

bool etcd_page_is_of(const struct etcd_page *page, const struct etcd_scope *scope)
{
	const char *before = scope->after;
	size_t len = scope->after_len;

	if (scope->limit > 0 && page->n > (size_t)scope->limit) {
		return false;
	}
	for (size_t i = 0; i < page->n; i++) {
		const struct etcd_kv *kv = &page->kvs[i];
		if (!begins_with(kv, scope->prefix) ||
				(before != NULL && !comes_behind(kv, before, len))) {
			return false;
		}
		before = kv->key;
		len = kv->key_len;
	}
	return true;
}

bool etcd_decode_news(const uint8_t *data, size_t len, struct etcd_news *news)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__WatchResponse *m =
			etcdserverpb__watch_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	*news = (struct etcd_news){
		.mark = etcd_mark_of(m->header),
		.created = m->created,
		.canceled = m->canceled,
		.partial = m->fragment,
		.compact_revision = m->compact_revision,
		.cancel_reason = m->cancel_reason,
		.events = calloc(m->n_events + 1, sizeof(struct etcd_event)),
		.n = m->n_events,
		.message = m,
	};
	if (news->events == NULL) {
		etcd_news_free(news);
		return false;
	}
	for (size_t i = 0; i < m->n_events; i++) {
		news->events[i].deleted =
				m->events[i]->type == ETCDSERVERPB__EVENT__EVENT_TYPE__DELETE;
		news->events[i].kv = kv_of(m->events[i]->kv);
	}
	return true;
}

void etcd_news_free(struct etcd_news *news)
{
	free(news->events);
	etcdserverpb__watch_response__free_unpacked(news->message, NULL);
	*news = (struct etcd_news){ 0 };
}

bool etcd_news_are_of(const struct etcd_news *news, const char *prefix)
{
	for (size_t i = 0; i < news->n; i++) {
		const struct etcd_kv *kv = &news->events[i].kv;
		if (!begins_with(kv, prefix) || kv->mod_revision > news->mark.revision) {
			return false;
		}
	}
	return true;
}

bool etcd_decode_time_to_live(const uint8_t *data, size_t len, int64_t *lease, int64_t *ttl_s)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__LeaseTimeToLiveResponse *m =
			etcdserverpb__lease_time_to_live_response__unpack(
					&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	*lease = m->id;
	*ttl_s = m->ttl;
	etcdserverpb__lease_time_to_live_response__free_unpacked(m, NULL);
	return true;
}
