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

/*
 * compare { target: MOD, key: "/k", mod_revision: 7 }
 * success { put { "/k", "v", lease 5 } }   failure { range { "/k" } }
 */
static void encodes_a_guarded_put(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_put_if(&body, "/k", "v", 5, 7), 0);
	EXPECT(&body, "\0\0\0\0\x1f"
		      "\x0a\x08\x10\x02\x1a\x02/k\x30\x07"
		      "\x12\x0b\x12\x09\x0a\x02/k\x12\x01v\x18\x05"
		      "\x1a\x06\x0a\x04\x0a\x02/k");
}

/* mod_revision 0 must be on the wire: it is the member of a oneof. */
static void a_put_of_a_new_key_says_so(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_put_if(&body, "/k", "v", 5, 0), 0);
	assert_true(body.len > 15);
	assert_memory_equal(body.at + 5, "\x0a\x08\x10\x02\x1a\x02/k\x30\x00", 10);
	free(body.at);
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void decodes_a_grant(void **state)
{
	int64_t lease = 0, ttl = 0;
	UNUSED(state);
	assert_true(etcd_decode_grant(BYTES("\x0a\x02\x18\x09\x10\xac\x02\x18\x0a"), &lease, &ttl));
	assert_int_equal(lease, 300);
	assert_int_equal(ttl, 10);
	assert_false(etcd_decode_grant(BYTES("\x18\x0a"), &lease, &ttl)); /* no id */
	assert_false(etcd_decode_grant(BYTES("\x10\x01"), &lease, &ttl)); /* no TTL */
	assert_false(etcd_decode_grant(BYTES("\x10"), &lease, &ttl));
	assert_false(etcd_decode_grant(BYTES("\xff\xff\xff"), &lease, &ttl));
}

static void decodes_a_renewal(void **state)
{
	int64_t lease = 0, ttl = 9;
	UNUSED(state);
	assert_true(etcd_decode_keep_alive(BYTES("\x10\x07\x18\x0a"), &lease, &ttl));
	assert_int_equal(lease, 7);
	assert_int_equal(ttl, 10);
	assert_true(etcd_decode_keep_alive(BYTES("\x10\x07"), &lease, &ttl));
	assert_int_equal(ttl, 0); /* there is no such lease */
	assert_false(etcd_decode_keep_alive(BYTES("\x10"), &lease, &ttl));
}

static void decodes_a_range(void **state)
{
	struct etcd_key key;
	UNUSED(state);
	assert_true(etcd_decode_range(
			BYTES("\x12\x0c\x0a\x02/k\x18\x07\x2a\x01v\x30\xac\x02"), "v", &key));
	assert_true(key.present && key.same_value);
	assert_int_equal(key.lease, 300);
	assert_int_equal(key.mod_revision, 7);
	assert_true(etcd_decode_range(
			BYTES("\x12\x0c\x0a\x02/k\x18\x07\x2a\x01v\x30\xac\x02"), "w", &key));
	assert_false(key.same_value);
	assert_true(etcd_decode_range(BYTES("\x12\x06\x0a\x02/k\x18\x07"), "", &key));
	assert_true(key.present && key.same_value);
	assert_int_equal(key.lease, 0);
	assert_true(etcd_decode_range(BYTES(""), "v", &key));
	assert_false(key.present);
	assert_false(etcd_decode_range(BYTES("\x12\x0d\x0a"), "v", &key));
}

static void decodes_a_put(void **state)
{
	struct etcd_key seen;
	bool succeeded = false;
	UNUSED(state);
	assert_true(etcd_decode_put_if(BYTES("\x10\x01\x1a\x02\x12\x00"), "v", &succeeded, &seen));
	assert_true(succeeded);
	assert_true(etcd_decode_put_if(
			BYTES("\x1a\x0f\x0a\x0d\x12\x0b\x0a\x02/k\x18\x07\x2a\x01v\x30\x05"), "v",
			&succeeded, &seen));
	assert_false(succeeded);
	assert_true(seen.present && seen.same_value);
	assert_int_equal(seen.lease, 5);
	assert_int_equal(seen.mod_revision, 7);
	assert_true(etcd_decode_put_if(BYTES("\x1a\x02\x0a\x00"), "v", &succeeded, &seen));
	assert_false(succeeded || seen.present);
	/* A guard that failed and nothing said of what is there: not an answer. */
	assert_false(etcd_decode_put_if(BYTES(""), "v", &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x1a\x02\x12\x00"), "v", &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x1a\x7f"), "v", &succeeded, &seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_lease_calls),
		cmocka_unit_test(encodes_a_range),
		cmocka_unit_test(encodes_a_guarded_put),
		cmocka_unit_test(a_put_of_a_new_key_says_so),
		cmocka_unit_test(decodes_a_grant),
		cmocka_unit_test(decodes_a_renewal),
		cmocka_unit_test(decodes_a_range),
		cmocka_unit_test(decodes_a_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
