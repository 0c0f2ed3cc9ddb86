/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_read_codec.h"
#include "agent/util.h"

/* The bytes are written out by hand from etcd's protocol, not by the code under test. */

static void expect_body(struct etcd_body *body, const void *bytes, size_t len)
{
	assert_int_equal(body->len, len);
	assert_memory_equal(body->at, bytes, len);
	etcd_body_free(body);
}

#define EXPECT(body, text) expect_body((body), (text), sizeof(text) - 1)

/* ---- asking ---------------------------------------------------------------------------------- */

static void a_prefix_is_a_range(void **state)
{
	const struct etcd_scope scope = { .prefix = "/s/" };
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_scope(&body, &scope), 0);
	EXPECT(&body, "\0\0\0\0\x0a\x0a\x03/s/\x12\x03/s0");
}

static void a_scope_is_narrowed(void **state)
{
	const struct etcd_scope scope = {
		.prefix = "/s/", .revision = 7, .newer_than = 5, .limit = 256, .keys_only = true
	};
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_scope(&body, &scope), 0);
	EXPECT(&body, "\0\0\0\0\x13\x0a\x03/s/\x12\x03/s0"
		      "\x18\x80\x02" /* limit */
		      "\x20\x07"     /* revision */
		      "\x40\x01"     /* keys_only */
		      "\x50\x06" /* min_mod_revision: the first that is newer */);
}

/* Directly behind a key is the same with a NUL more, whatever its bytes are. */
static void the_next_page_begins_behind_the_last_key(void **state)
{
	const struct etcd_scope scope = { .prefix = "/s/", .after = "/s/\xff\0a", .after_len = 6 };
	const struct etcd_scope empty = { .prefix = "/s/", .after = "", .after_len = 0 };
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_scope(&body, &scope), 0);
	EXPECT(&body, "\0\0\0\0\x0e\x0a\x07/s/\xff\0a\0\x12\x03/s0");
	assert_int_equal(etcd_encode_scope(&body, &empty), 0);
	EXPECT(&body, "\0\0\0\0\x08\x0a\x01\0\x12\x03/s0");
}

/* No byte comes behind 0xff; the end of all keys is etcd's NUL. */
static void a_prefix_may_end_in_the_last_byte(void **state)
{
	const struct etcd_scope one = { .prefix = "a\xff" }, two = { .prefix = "ab\xff\xff" },
				all = { .prefix = "\xff" }, more = { .prefix = "\xff\xff" };
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_scope(&body, &one), 0);
	EXPECT(&body, "\0\0\0\0\x07\x0a\x02"
		      "a\xff\x12\x01"
		      "b");
	assert_int_equal(etcd_encode_scope(&body, &two), 0);
	EXPECT(&body, "\0\0\0\0\x0a\x0a\x04"
		      "ab\xff\xff\x12\x02"
		      "ac");
	assert_int_equal(etcd_encode_scope(&body, &all), 0);
	EXPECT(&body, "\0\0\0\0\x06\x0a\x01\xff\x12\x01\0");
	assert_int_equal(etcd_encode_scope(&body, &more), 0);
	EXPECT(&body, "\0\0\0\0\x07\x0a\x02\xff\xff\x12\x01\0");
}

static void a_watch_is_asked_for_from_a_revision_on_and_in_parts(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_watch(&body, "/s/", 300), 0);
	EXPECT(&body, "\0\0\0\0\x11\x0a\x0f\x0a\x03/s/\x12\x03/s0"
		      "\x18\xac\x02" /* start_revision */
		      "\x40\x01" /* fragment */);
}

static void a_lease_is_asked_for_by_its_number(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_time_to_live(&body, 300), 0);
	EXPECT(&body, "\0\0\0\0\x03\x08\xac\x02");
}

/* ---- answers --------------------------------------------------------------------------------- */

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* header { cluster_id: 5, member_id: 6, revision: 9, raft_term: 2 } */
#define HEADER "\x0a\x08\x08\x05\x10\x06\x18\x09\x20\x02"
/* key "/s/a", create_revision 3, mod_revision 7, version 2, value "v", lease 300 */
#define KV      "\x0a\x04/s/a\x10\x03\x18\x07\x20\x02\x2a\x01v\x30\xac\x02"
#define KV_SIZE "\x12"

static void expect_kv(const struct etcd_kv *kv)
{
	assert_int_equal(kv->key_len, 4);
	assert_memory_equal(kv->key, "/s/a", 4);
	assert_int_equal(kv->value_len, 1);
	assert_memory_equal(kv->value, "v", 1);
	assert_int_equal(kv->lease, 300);
	assert_int_equal(kv->create_revision, 3);
	assert_int_equal(kv->mod_revision, 7);
}

static void reads_a_page(void **state)
{
	struct etcd_page page;
	UNUSED(state);
	assert_true(etcd_decode_page(
			BYTES(HEADER "\x12" KV_SIZE KV "\x12\x00\x18\x01\x20\x0c"), &page));
	assert_int_equal(page.mark.cluster, 5);
	assert_int_equal(page.mark.revision, 9);
	assert_int_equal(page.mark.term, 2);
	assert_true(page.more);
	assert_int_equal(page.count, 12);
	assert_int_equal(page.n, 2);
	expect_kv(&page.kvs[0]);
	assert_int_equal(page.kvs[1].key_len, 0); /* and may be read all the same */
	assert_string_equal(page.kvs[1].key, "");
	assert_string_equal(page.kvs[1].value, "");
	etcd_page_free(&page);
	assert_null(page.kvs);
	assert_null(page.message);
}

static void reads_a_page_without_keys(void **state)
{
	struct etcd_page page;
	UNUSED(state);
	assert_true(etcd_decode_page(BYTES(HEADER), &page));
	assert_int_equal(page.n, 0);
	assert_false(page.more);
	etcd_page_free(&page);
	assert_true(etcd_decode_page(BYTES(""), &page));
	assert_int_equal(page.mark.cluster, 0);
	assert_int_equal(page.mark.revision, 0);
	etcd_page_free(&page);
}

static void reads_that_a_watch_is_created(void **state)
{
	struct etcd_news news;
	UNUSED(state);
	assert_true(etcd_decode_news(BYTES(HEADER "\x18\x01"), &news));
	assert_true(news.created);
	assert_false(news.canceled || news.partial);
	assert_int_equal(news.n, 0);
	assert_int_equal(news.mark.revision, 9);
	assert_string_equal(news.cancel_reason, "");
	etcd_news_free(&news);
	assert_null(news.events);
}

/* An event is 11; its type is not written when it is a PUT. */
static void reads_what_was_put_and_deleted(void **state)
{
	struct etcd_news news;
	UNUSED(state);
	assert_true(etcd_decode_news(BYTES(HEADER "\x5a\x14\x12" KV_SIZE KV
						  "\x5a\x0c\x08\x01\x12\x08\x0a\x04/s/b\x18\x08"
						  "\x5a\x00"),
			&news));
	assert_int_equal(news.n, 3);
	assert_false(news.events[0].deleted);
	expect_kv(&news.events[0].kv);
	assert_true(news.events[1].deleted);
	assert_int_equal(news.events[1].kv.key_len, 4);
	assert_memory_equal(news.events[1].kv.key, "/s/b", 4);
	assert_int_equal(news.events[1].kv.value_len, 0);
	assert_int_equal(news.events[1].kv.mod_revision, 8);
	assert_int_equal(news.events[2].kv.key_len, 0); /* no kv at all */
	assert_string_equal(news.events[2].kv.key, "");
	assert_false(news.created || news.canceled || news.partial);
	etcd_news_free(&news);
}

static void reads_that_more_of_a_revision_follows(void **state)
{
	struct etcd_news news;
	UNUSED(state);
	assert_true(etcd_decode_news(BYTES(HEADER "\x38\x01\x5a\x14\x12" KV_SIZE KV), &news));
	assert_true(news.partial);
	assert_int_equal(news.n, 1);
	etcd_news_free(&news);
}

static void reads_why_a_watch_is_cancelled(void **state)
{
	struct etcd_news news;
	UNUSED(state);
	assert_true(etcd_decode_news(BYTES(HEADER "\x18\x01\x20\x01\x32\x02no"), &news));
	assert_true(news.created && news.canceled);
	assert_string_equal(news.cancel_reason, "no");
	assert_int_equal(news.compact_revision, 0);
	etcd_news_free(&news);
	assert_true(etcd_decode_news(BYTES(HEADER "\x20\x01\x28\xac\x02"), &news));
	assert_true(news.canceled);
	assert_int_equal(news.compact_revision, 300);
	assert_string_equal(news.cancel_reason, "");
	etcd_news_free(&news);
}

static void reads_how_long_a_lease_has_left(void **state)
{
	int64_t lease = 0, ttl = 0;
	UNUSED(state);
	assert_true(etcd_decode_time_to_live(
			BYTES(HEADER "\x10\xac\x02\x18\x09\x20\x0a"), &lease, &ttl));
	assert_int_equal(lease, 300);
	assert_int_equal(ttl, 9);
	assert_true(etcd_decode_time_to_live(
			BYTES(HEADER "\x10\xac\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
			&lease, &ttl));
	assert_int_equal(ttl, -1);
	assert_false(etcd_decode_time_to_live(BYTES("\x10"), &lease, &ttl));
}

/* ---- what is none ---------------------------------------------------------------------------- */

static bool readable(const uint8_t *data, size_t len)
{
	struct etcd_page page;
	struct etcd_news news;
	bool is_page = etcd_decode_page(data, len, &page);
	bool is_news = etcd_decode_news(data, len, &news);

	if (is_page) {
		etcd_page_free(&page);
	}
	if (is_news) {
		etcd_news_free(&news);
	}
	return is_page || is_news;
}

static void garbage_is_refused(void **state)
{
	UNUSED(state);
	assert_false(readable(BYTES("\xff\xff\xff\xff")));
	assert_false(readable(BYTES("\x0a")));
	assert_false(readable(BYTES("\x0a\x7f\x08\x05")));
	assert_false(readable(BYTES("\x0a\xff\xff\xff\xff\x0f")));
	assert_false(readable(BYTES("<html>not found</html>")));
}

/* Cut anywhere but between two members, and whatever is read stays inside. */
static void cut_messages_are_refused(void **state)
{
	static const uint8_t whole[] = HEADER "\x12" KV_SIZE KV "\x5a\x14\x12" KV_SIZE KV;
	static const size_t between[] = { 0, sizeof HEADER - 1, sizeof HEADER - 1 + sizeof KV + 1,
		sizeof whole - 1 };
	UNUSED(state);
	for (size_t len = 0, next = 0; len < sizeof whole; len++) {
		uint8_t *cut = malloc(len + 1); /* a copy: a read beyond its end is seen */
		assert_non_null(cut);
		memcpy(cut, whole, len);
		uint8_t *exact = realloc(cut, len > 0 ? len : 1);
		assert_non_null(exact);
		bool ends_well = between[next] == len;
		next += ends_well ? 1 : 0;
		assert_int_equal(readable(exact, len), ends_well);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_is_a_range),
		cmocka_unit_test(a_scope_is_narrowed),
		cmocka_unit_test(the_next_page_begins_behind_the_last_key),
		cmocka_unit_test(a_prefix_may_end_in_the_last_byte),
		cmocka_unit_test(a_watch_is_asked_for_from_a_revision_on_and_in_parts),
		cmocka_unit_test(a_lease_is_asked_for_by_its_number),
		cmocka_unit_test(reads_a_page),
		cmocka_unit_test(reads_a_page_without_keys),
		cmocka_unit_test(reads_that_a_watch_is_created),
		cmocka_unit_test(reads_what_was_put_and_deleted),
		cmocka_unit_test(reads_that_more_of_a_revision_follows),
		cmocka_unit_test(reads_why_a_watch_is_cancelled),
		cmocka_unit_test(reads_how_long_a_lease_has_left),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(cut_messages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
