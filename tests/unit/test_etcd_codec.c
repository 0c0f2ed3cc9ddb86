/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_codec.h"
#include "agent/util.h"

/* The bytes are written out by hand from etcd's protocol, not by the code under test. */

static void expect_body(struct etcd_body *body, const void *bytes, size_t len)
{
	assert_int_equal(body->len, len);
	assert_memory_equal(body->at, bytes, len);
	free(body->at);
}

#define EXPECT(body, text) expect_body((body), (text), sizeof(text) - 1)

static void encodes_lease_calls(void **state)
{
	static const int64_t leases[] = { 1, 300 };
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_grant(&body, 10), 0);
	EXPECT(&body, "\0\0\0\0\x02\x08\x0a");
	assert_int_equal(etcd_encode_revoke(&body, 300), 0);
	EXPECT(&body, "\0\0\0\0\x03\x08\xac\x02");
	assert_int_equal(etcd_encode_keep_alive(&body, leases, 2), 0);
	EXPECT(&body, "\0\0\0\0\x02\x08\x01\0\0\0\0\x03\x08\xac\x02");
}

static void encodes_a_range(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_range(&body, "/k"), 0);
	EXPECT(&body, "\0\0\0\0\x04\x0a\x02/k");
}

static const struct etcd_entry one = { "/k", "v" };
static const struct etcd_entry two[] = { { "/k", "v" }, { "/l", "w" } };

/*
 * compare { target: MOD, key: "/k", mod_revision: 7 }
 * success { put { "/k", "v", lease 5 } }   failure { range { "/k" } }
 */
static void encodes_a_guarded_put(void **state)
{
	static const int64_t seven = 7;
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_put_if(&body, &one, 1, &seven, 5), 0);
	EXPECT(&body, "\0\0\0\0\x1f"
		      "\x0a\x08\x10\x02\x1a\x02/k\x30\x07"
		      "\x12\x0b\x12\x09\x0a\x02/k\x12\x01v\x18\x05"
		      "\x1a\x06\x0a\x04\x0a\x02/k");
}

/* The same for each key: all guards, all puts, all ranges. */
static void encodes_a_guarded_put_of_two_keys(void **state)
{
	static const int64_t revisions[] = { 7, 0 };
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_put_if(&body, two, 2, revisions, 5), 0);
	EXPECT(&body, "\0\0\0\0\x3e"
		      "\x0a\x08\x10\x02\x1a\x02/k\x30\x07"
		      "\x0a\x08\x10\x02\x1a\x02/l\x30\x00"
		      "\x12\x0b\x12\x09\x0a\x02/k\x12\x01v\x18\x05"
		      "\x12\x0b\x12\x09\x0a\x02/l\x12\x01w\x18\x05"
		      "\x1a\x06\x0a\x04\x0a\x02/k"
		      "\x1a\x06\x0a\x04\x0a\x02/l");
}

static void encodes_a_look_at_several_keys(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_read_all(&body, two, 2), 0);
	EXPECT(&body, "\0\0\0\0\x10"
		      "\x12\x06\x0a\x04\x0a\x02/k"
		      "\x12\x06\x0a\x04\x0a\x02/l");
}

/* mod_revision 0 must be on the wire: it is the member of a oneof. */
static void a_put_of_a_new_key_says_so(void **state)
{
	static const int64_t none = 0;
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_put_if(&body, &one, 1, &none, 5), 0);
	assert_true(body.len > 15);
	assert_memory_equal(body.at + 5, "\x0a\x08\x10\x02\x1a\x02/k\x30\x00", 10);
	free(body.at);
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void decodes_a_grant(void **state)
{
	struct etcd_granted granted = { 0 };
	UNUSED(state);
	assert_true(etcd_decode_grant(BYTES("\x0a\x02\x18\x09\x10\xac\x02\x18\x0a"), &granted));
	assert_int_equal(granted.lease, 300);
	assert_int_equal(granted.ttl_s, 10);
	assert_int_equal(granted.revision, 9);
	assert_true(etcd_decode_grant(BYTES("\x10\xac\x02\x18\x0a"), &granted));
	assert_int_equal(granted.revision, 0);
	assert_false(etcd_decode_grant(BYTES("\x18\x0a"), &granted)); /* no id */
	assert_false(etcd_decode_grant(BYTES("\x10\x01"), &granted)); /* no TTL */
	assert_false(etcd_decode_grant(BYTES("\x10"), &granted));
	assert_false(etcd_decode_grant(BYTES("\xff\xff\xff"), &granted));
	assert_false(etcd_decode_grant(
			BYTES("\x10\x01\x18\x0a\x22\x02no"), &granted)); /* an error */
}

static void logs_in(void **state)
{
	struct etcd_body body;
	char *token = NULL;
	UNUSED(state);
	assert_int_equal(etcd_encode_log_in(&body, "me", "pw"), 0);
	assert_int_equal(body.len, 13);
	assert_memory_equal(body.at, "\0\0\0\0\x08\x0a\x02me\x12\x02pw", 13);
	etcd_body_free(&body);
	assert_null(body.at);
	etcd_body_free(&body);
	assert_true(etcd_decode_log_in(BYTES("\x0a\x02\x18\x09\x12\x03tok"), &token));
	assert_string_equal(token, "tok");
	free(token);
	assert_false(etcd_decode_log_in(BYTES("\x0a\x02\x18\x09"), &token)); /* no token */
	assert_false(etcd_decode_log_in(BYTES("\x12"), &token));
	assert_false(etcd_decode_log_in(
			BYTES("\x12\x05t\r\nx:"), &token)); /* it goes into a header */
	assert_false(etcd_decode_log_in(BYTES("\x12\x03t\xc3\xa9"), &token));
	assert_false(etcd_decode_log_in(BYTES("\x12\x02t\x7f"), &token));
	assert_false(etcd_decode_log_in(BYTES("\x12\x02t "), &token));
}

/* header { cluster_id: 5, member_id: 6, revision: 9, raft_term: 2 }, ID 7, TTL 10 */
#define HEADER  "\x0a\x08\x08\x05\x10\x06\x18\x09\x20\x02"
#define RENEWED "\0\0\0\0\x0e" HEADER "\x10\x07\x18\x0a"
#define GONE    "\0\0\0\0\x0c" HEADER "\x10\x07"

static void reads_the_mark_of_any_answer(void **state)
{
	struct cluster_mark mark;
	UNUSED(state);
	etcd_decode_mark(BYTES(RENEWED GONE), &mark);
	assert_int_equal(mark.cluster, 5);
	assert_int_equal(mark.revision, 9);
	assert_int_equal(mark.term, 2);
	assert_int_equal(mark.member, 6);
	etcd_decode_mark(NULL, 0, &mark);
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x09" HEADER), &mark); /* cut in the middle */
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x02\x18\x0a"), &mark); /* no header */
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x03\x0a\x7f\x08"), &mark); /* longer than the message */
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x02\x0a\xff"), &mark); /* its length is cut off */
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x06\x0a\xff\xff\xff\xff\xff"), &mark);
	assert_int_equal(mark.cluster, 0);
	etcd_decode_mark(BYTES("\0\0\0\0\x0c" HEADER "\x12\x7f"),
			&mark); /* what follows is not read */
	assert_int_equal(mark.cluster, 5);
}

static void finds_a_lease_that_is_gone(void **state)
{
	UNUSED(state);
	assert_false(etcd_renewals_say_gone(NULL, 0));
	assert_false(etcd_renewals_say_gone(BYTES(RENEWED RENEWED)));
	assert_true(etcd_renewals_say_gone(BYTES(RENEWED GONE RENEWED)));
	assert_false(etcd_renewals_say_gone(BYTES(RENEWED "\0\0\0\0\x0c")));
	assert_false(etcd_renewals_say_gone(BYTES("\0\0\0\0\x01\x10" GONE)));
}

static void decodes_a_renewal(void **state)
{
	struct etcd_renewed renewed = { .ttl_s = 9 };
	UNUSED(state);
	assert_true(etcd_decode_keep_alive(BYTES(HEADER "\x10\x07\x18\x0a"), &renewed));
	assert_int_equal(renewed.lease, 7);
	assert_int_equal(renewed.ttl_s, 10);
	assert_int_equal(renewed.at.cluster, 5);
	assert_int_equal(renewed.at.member, 6);
	assert_int_equal(renewed.at.revision, 9);
	assert_int_equal(renewed.at.term, 2);
	assert_true(etcd_decode_keep_alive(BYTES("\x10\x07"), &renewed));
	assert_int_equal(renewed.ttl_s, 0); /* there is no such lease */
	assert_int_equal(renewed.at.cluster, 0);
	assert_true(etcd_decode_keep_alive(
			BYTES("\x10\x07\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &renewed));
	assert_int_equal(renewed.ttl_s, 0); /* -1: so says a proxy */
	assert_false(etcd_decode_keep_alive(BYTES("\x10"), &renewed));
}

static void compares(void **state)
{
	const struct etcd_guard guards[] = { { "/k", 7 }, { "/l", 300 } };
	struct etcd_body body;

	UNUSED(state);
	assert_int_equal(etcd_encode_compare(&body, guards, 2), 0);
	assert_int_equal(body.len, 26);
	assert_memory_equal(body.at,
			"\0\0\0\0\x15"
			"\x0a\x08\x10\x02\x1a\x02/k\x30\x07"
			"\x0a\x09\x10\x02\x1a\x02/l\x30\xac\x02",
			26);
	etcd_body_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_lease_calls),
		cmocka_unit_test(encodes_a_range),
		cmocka_unit_test(encodes_a_guarded_put),
		cmocka_unit_test(encodes_a_guarded_put_of_two_keys),
		cmocka_unit_test(encodes_a_look_at_several_keys),
		cmocka_unit_test(a_put_of_a_new_key_says_so),
		cmocka_unit_test(decodes_a_grant),
		cmocka_unit_test(logs_in),
		cmocka_unit_test(reads_the_mark_of_any_answer),
		cmocka_unit_test(finds_a_lease_that_is_gone),
		cmocka_unit_test(decodes_a_renewal),
		cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
