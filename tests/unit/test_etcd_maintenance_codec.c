/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/etcd_maintenance_codec.h"
#include "agent/util.h"

/* The bytes are written out by hand from etcd's protocol, not by the code under test. */

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void expect_body(struct etcd_body *body, const void *bytes, size_t len)
{
	assert_int_equal(body->len, len);
	assert_memory_equal(body->at, bytes, len);
	etcd_body_free(body);
}

static void questions_without_fields_are_empty(void **state)
{
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_status(&body), 0);
	expect_body(&body, "\0\0\0\0\0", 5);
	assert_int_equal(etcd_encode_alarms(&body), 0); /* GET, of all, of every kind */
	expect_body(&body, "\0\0\0\0\0", 5);
}

static void a_member_says_how_it_is(void **state)
{
	struct etcd_member m;
	UNUSED(state);
	assert_true(etcd_decode_status(BYTES("\x0a\x06\x08\x07\x10\x08\x20\x02" /* header */
					     "\x12\x06"
					     "3.4.23"
					     "\x18\x64"   /* size */
					     "\x20\x08"   /* leader */
					     "\x50\x01"), /* learner */
			&m));
	assert_int_equal(m.cluster, 7);
	assert_int_equal(m.member, 8);
	assert_int_equal(m.term, 2);
	assert_string_equal(m.version, "3.4.23");
	assert_int_equal(m.db_size, 100);
	assert_int_equal(m.leader, 8);
	assert_true(m.learner);
	assert_false(m.nospace || m.corrupt);
}

static void alarms_stand_among_its_errors(void **state)
{
	struct etcd_member m;
	UNUSED(state);
	assert_true(etcd_decode_status(BYTES("\x0a\x02\x08\x07"
					     "\x42\x18"
					     "memberID:8 alarm:CORRUPT"
					     "\x42\x15"
					     "etcdserver: no leader"),
			&m));
	assert_true(m.corrupt);
	assert_false(m.nospace);
	assert_int_equal(m.leader, 0);
	assert_true(etcd_decode_status(BYTES("\x0a\x02\x08\x07\x42\x0d"
					     "alarm:NOSPACE"),
			&m));
	assert_true(m.nospace && !m.corrupt);
}

static void a_status_without_a_cluster_is_none(void **state)
{
	struct etcd_member m;
	UNUSED(state);
	assert_false(etcd_decode_status(BYTES(""), &m));
	assert_false(etcd_decode_status(BYTES("\x0a"), &m));
}

static void alarms_name_their_members(void **state)
{
	struct etcd_alarms a;
	UNUSED(state);
	assert_true(etcd_decode_alarms(BYTES("\x12\x04\x08\x09\x10\x01\x12\x04\x08\x0a\x10\x02"
					     "\x12\x04\x08\x0b\x10\x07"), /* of a kind to come */
			&a));
	assert_true(a.any_nospace && a.any_corrupt);
	assert_int_equal(a.nospace, 9);
	assert_int_equal(a.corrupt, 10);
	assert_true(etcd_decode_alarms(BYTES(""), &a));
	assert_false(a.any_nospace || a.any_corrupt);
	assert_false(etcd_decode_alarms(BYTES("\x12"), &a));
}

static void a_lease_tells_its_keys(void **state)
{
	const struct etcd_entry ours[] = { { "/a", "" }, { "/b", "" } };
	struct etcd_lease_state s;
	struct etcd_body body;
	UNUSED(state);
	assert_int_equal(etcd_encode_lease_keys(&body, 5), 0);
	expect_body(&body, "\0\0\0\0\x04\x08\x05\x10\x01", 9);
	assert_true(etcd_decode_lease_keys(
			BYTES("\x10\x05\x18\x07\x20\x0a\x2a\x02/b\x2a\x02/a"), ours, 2, &s));
	assert_int_equal(s.ttl_s, 7);
	assert_int_equal(s.granted_s, 10);
	assert_int_equal(s.n_keys, 2);
	assert_string_equal(s.other, "");
	assert_true(etcd_decode_lease_keys(BYTES("\x2a\x02/a\x2a\x03/ab"), ours, 2, &s));
	assert_string_equal(s.other, "/ab");
	assert_false(etcd_decode_lease_keys(BYTES("\x2a"), ours, 2, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_without_fields_are_empty),
		cmocka_unit_test(a_member_says_how_it_is),
		cmocka_unit_test(alarms_stand_among_its_errors),
		cmocka_unit_test(a_status_without_a_cluster_is_none),
		cmocka_unit_test(alarms_name_their_members),
		cmocka_unit_test(a_lease_tells_its_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
