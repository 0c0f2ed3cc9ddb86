/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_key_codec.h"
#include "agent/util.h"

/* The bytes are written out by hand from etcd's protocol, not by the code under test. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct etcd_entry one = { "/k", "v" }, other = { "/k", "w" }, empty = { "/k", "" };
static const struct etcd_entry two[] = { { "/k", "v" }, { "/l", "w" } };

static void decodes_a_comparison(void **state)
{
	bool same;
	UNUSED(state);
	assert_true(etcd_decode_compared(BYTES("\x0a\x02\x18\x09\x10\x01"), &same));
	assert_true(same);
	assert_true(etcd_decode_compared(BYTES("\x0a\x02\x18\x09"), &same));
	assert_false(same);
	assert_false(etcd_decode_compared(BYTES("\x10"), &same));
}

static void decodes_a_range(void **state)
{
	struct etcd_key key;
	UNUSED(state);
	assert_true(etcd_decode_range(
			BYTES("\x12\x0c\x0a\x02/k\x18\x07\x2a\x01v\x30\xac\x02"), &one, &key));
	assert_true(key.present && key.same_value);
	assert_int_equal(key.lease, 300);
	assert_int_equal(key.mod_revision, 7);
	assert_true(etcd_decode_range(
			BYTES("\x12\x0c\x0a\x02/k\x18\x07\x2a\x01v\x30\xac\x02"), &other, &key));
	assert_false(key.same_value);
	assert_true(etcd_decode_range(BYTES("\x12\x06\x0a\x02/k\x18\x07"), &empty, &key));
	assert_true(key.present && key.same_value);
	assert_int_equal(key.lease, 0);
	assert_true(etcd_decode_range(BYTES(""), &one, &key));
	assert_false(key.present);
	assert_false(etcd_decode_range(BYTES("\x12\x0d\x0a"), &one, &key));
	/* Of another key, of one that begins with it, or of two. */
	assert_false(etcd_decode_range(BYTES("\x12\x06\x0a\x02/l\x18\x07"), &one, &key));
	assert_false(etcd_decode_range(BYTES("\x12\x07\x0a\x03/kk\x18\x07"), &one, &key));
	assert_false(etcd_decode_range(BYTES("\x12\x02\x18\x07"), &one, &key));
	assert_false(etcd_decode_range(BYTES("\x12\x04\x0a\x02/k\x12\x04\x0a\x02/k"), &one, &key));
}

static void decodes_a_put(void **state)
{
	struct etcd_key seen;
	bool succeeded = false;
	UNUSED(state);
	assert_true(etcd_decode_put_if(
			BYTES("\x10\x01\x1a\x02\x12\x00"), &one, 1, &succeeded, &seen));
	assert_true(succeeded);
	assert_true(etcd_decode_put_if(
			BYTES("\x1a\x0f\x0a\x0d\x12\x0b\x0a\x02/k\x18\x07\x2a\x01v\x30\x05"), &one,
			1, &succeeded, &seen));
	assert_false(succeeded);
	assert_true(seen.present && seen.same_value);
	assert_int_equal(seen.lease, 5);
	assert_int_equal(seen.mod_revision, 7);
	assert_true(etcd_decode_put_if(BYTES("\x1a\x02\x0a\x00"), &one, 1, &succeeded, &seen));
	assert_false(succeeded || seen.present);
	/* A guard that failed and nothing said of what is there: not an answer. */
	assert_false(etcd_decode_put_if(BYTES(""), &one, 1, &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x1a\x02\x12\x00"), &one, 1, &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x1a\x7f"), &one, 1, &succeeded, &seen));
	/* It has succeeded, and says nothing of a put, too much, or something of another kind. */
	assert_false(etcd_decode_put_if(BYTES("\x10\x01"), &one, 1, &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x10\x01\x1a\x02\x12\x00\x1a\x02\x12\x00"), &one, 1,
			&succeeded, &seen));
	assert_false(etcd_decode_put_if(
			BYTES("\x10\x01\x1a\x02\x0a\x00"), &one, 1, &succeeded, &seen));
	assert_false(etcd_decode_put_if(BYTES("\x10\x01\x1a\x00"), &one, 1, &succeeded, &seen));
}

#define ABSENT  "\x1a\x02\x0a\x00"
#define K_ON_5  "\x1a\x0f\x0a\x0d\x12\x0b\x0a\x02/k\x18\x07\x2a\x01w\x30\x05"
#define L_ON_5  "\x1a\x0f\x0a\x0d\x12\x0b\x0a\x02/l\x18\x07\x2a\x01w\x30\x05"
#define WRITTEN "\x1a\x02\x12\x00"

/* What etcd says of several keys stands in the order in which it was asked. */
static void decodes_what_is_seen_of_two_keys(void **state)
{
	struct etcd_key seen[2];
	bool succeeded = false;
	UNUSED(state);
	assert_true(etcd_decode_put_if(BYTES(ABSENT L_ON_5), two, 2, &succeeded, seen));
	assert_false(succeeded || seen[0].present);
	assert_true(seen[1].present && seen[1].same_value);
	assert_int_equal(seen[1].lease, 5);
	assert_true(etcd_decode_put_if(
			BYTES("\x10\x01" WRITTEN WRITTEN), two, 2, &succeeded, seen));
	assert_true(succeeded);
	assert_true(etcd_decode_read_all(BYTES("\x10\x01" K_ON_5 ABSENT), two, 2, seen));
	assert_true(seen[0].present && !seen[0].same_value && !seen[1].present);

	assert_false(etcd_decode_put_if(BYTES(ABSENT), two, 2, &succeeded, seen));
	assert_false(etcd_decode_put_if(BYTES(ABSENT WRITTEN), two, 2, &succeeded, seen));
	assert_false(etcd_decode_read_all(BYTES(ABSENT), two, 2, seen));
	assert_false(etcd_decode_read_all(BYTES(ABSENT ABSENT ABSENT), two, 2, seen));
	assert_false(etcd_decode_read_all(BYTES("\x10\x01" WRITTEN WRITTEN), two, 2, seen));
	assert_false(etcd_decode_read_all(BYTES("\x1a\x7f"), two, 2, seen));
	assert_false(etcd_decode_read_all(BYTES(L_ON_5 ABSENT), two, 2, seen));
}

/* Two bytes on the wire, and fifty when they are read. */
static void nobody_makes_it_grow(void **state)
{
	const size_t size = 200000;
	uint8_t *bomb = malloc(size);
	struct etcd_key seen;
	bool same = false;
	UNUSED(state);
	for (size_t i = 0; i < size; i += 2) {
		memcpy(bomb + i, "\x1a\x00", 2);
	}
	assert_false(etcd_decode_compared(bomb, size, &same));
	for (size_t i = 0; i < size; i += 2) {
		bomb[i] = 0x12;
	}
	assert_false(etcd_decode_range(bomb, size, &one, &seen));
	free(bomb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_a_comparison),
		cmocka_unit_test(decodes_a_range),
		cmocka_unit_test(decodes_a_put),
		cmocka_unit_test(decodes_what_is_seen_of_two_keys),
		cmocka_unit_test(nobody_makes_it_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
