/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/known.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/util.h"

#define KEY  "/s/a/h:1"
#define GOOD "{\"host\":\"h\",\"port\":1,\"protocol\":\"grpc\"}"

static struct known known;
static struct err err;

static struct etcd_kv kv(const char *key, const char *value, int64_t revision)
{
	return (struct etcd_kv){ .key = key,
		.key_len = strlen(key),
		.value = value,
		.value_len = strlen(value),
		.lease = 7,
		.create_revision = 2,
		.mod_revision = revision };
}

static struct known_put put(const char *key, const char *value, int64_t revision)
{
	struct etcd_kv one = kv(key, value, revision);

	err = (struct err){ 0 };
	return known_put(&known, &known, FORMAT_SERVICES, &one, &err);
}

static void expect(struct known_put done, bool changed, bool skipped)
{
	assert_false(done.failed);
	assert_int_equal(done.changed, changed);
	assert_int_equal(done.skipped, skipped);
	assert_true(!skipped || err.text[0] != '\0');
}

static int tear_down(void **state)
{
	UNUSED(state);
	known_finish(&known);
	assert_int_equal(known_count(&known), 0);
	return 0;
}

static void an_instance_is_known_with_all_that_etcd_says_of_it(void **state)
{
	UNUSED(state);
	expect(put(KEY, GOOD, 5), true, false);
	assert_int_equal(known_count(&known), 1);
	const struct instance *is = instances_find(&known.live, KEY);
	assert_non_null(is);
	assert_string_equal(is->host, "h");
	assert_int_equal(is->lease, 7);
	assert_int_equal(is->create_revision, 2);
	assert_int_equal(is->mod_revision, 5);
}

static void the_same_again_is_no_change(void **state)
{
	UNUSED(state);
	(void)put(KEY, GOOD, 5);
	expect(put(KEY, GOOD, 9), false, false);
	assert_int_equal(known_count(&known), 1);
	assert_int_equal(instances_find(&known.live, KEY)->mod_revision, 9);
	expect(put(KEY, "{\"host\":\"h\",\"port\":2}", 10), true, false);
	assert_int_equal(known_count(&known), 1);
}

static void what_is_no_instance_is_counted_and_said_once(void **state)
{
	UNUSED(state);
	expect(put(KEY, "no JSON", 5), false, true);
	assert_int_equal(known_count(&known), 1);
	assert_int_equal(known.live.n, 0);
	expect(put(KEY, "no JSON", 5), false, false);
	expect(put(KEY, "no JSON", 6), false, true); /* somebody has written it again */
	assert_int_equal(known_count(&known), 1);
}

static void so_it_is_across_two_reads(void **state)
{
	struct known arriving = { 0 };
	struct etcd_kv one = kv(KEY, "no JSON", 5);
	UNUSED(state);
	(void)put(KEY, "no JSON", 5);
	struct known_put done = known_put(&arriving, &known, FORMAT_SERVICES, &one, &err);
	assert_false(done.skipped || done.failed || done.changed);
	assert_int_equal(known_count(&arriving), 1);
	known_finish(&arriving);
}

static void an_instance_that_is_spoilt_is_gone_and_comes_back(void **state)
{
	UNUSED(state);
	(void)put(KEY, GOOD, 5);
	expect(put(KEY, "{}", 6), true, true);
	assert_int_equal(known.live.n, 0);
	assert_int_equal(known_count(&known), 1);
	expect(put(KEY, GOOD, 7), true, false);
	assert_int_equal(known.live.n, 1);
	assert_int_equal(known_count(&known), 1);
	expect(put(KEY, "{}", 6), true, true); /* it was good in between: said again */
}

static void what_is_removed_is_a_change_if_it_was_an_instance(void **state)
{
	struct etcd_kv gone = kv(KEY, "", 8), other = kv("/s/a/bad", "", 8);
	UNUSED(state);
	(void)put(KEY, GOOD, 5);
	(void)put("/s/a/bad", "{}", 6);
	assert_int_equal(known_count(&known), 2);
	assert_false(known_remove(&known, &other));
	assert_int_equal(known_count(&known), 1);
	assert_true(known_remove(&known, &gone));
	assert_int_equal(known_count(&known), 0);
	assert_false(known_remove(&known, &gone));
}

/* A key of etcd is any bytes. */
static void a_key_with_a_nul_is_no_instance(void **state)
{
	struct etcd_kv odd = kv(KEY, GOOD, 5);
	UNUSED(state);
	odd.key = "/s/a/h\0:1";
	odd.key_len = 9;
	struct known_put done = known_put(&known, &known, FORMAT_SERVICES, &odd, &err);
	assert_true(done.skipped && !done.failed && !done.changed);
	assert_string_equal(err.text, "the key holds a NUL");
	char *key = known_key(&odd);
	assert_string_equal(key, "/s/a/h?:1");
	free(key);
	assert_int_equal(known_count(&known), 1);
	assert_false(known_remove(&known, &odd));
	assert_int_equal(known_count(&known), 0);
}

/* Or etcd would be counted as having more than we know, for ever. */
static void a_key_with_a_nul_is_another_than_the_one_it_looks_like(void **state)
{
	struct etcd_kv odd = kv(KEY, GOOD, 5), twin = kv("/s/a/h?1", "{}", 5);
	UNUSED(state);
	odd.key = "/s/a/h\0"
		  "1";
	odd.key_len = 8;
	(void)known_put(&known, &known, FORMAT_SERVICES, &odd, &err);
	(void)known_put(&known, &known, FORMAT_SERVICES, &twin, &err);
	assert_int_equal(known_count(&known), 2);
	(void)known_remove(&known, &odd);
	assert_int_equal(known_count(&known), 1);
	assert_non_null(instances_find(&known.broken, "/s/a/h?1"));
}

static void an_empty_key_and_value_are_taken(void **state)
{
	struct etcd_kv none = { .key = "", .value = "", .mod_revision = 1 };
	UNUSED(state);
	assert_true(known_put(&known, &known, FORMAT_SERVICES, &none, &err).skipped);
	assert_int_equal(known_count(&known), 1);
}

static void there_is_an_end_to_it(void **state)
{
	char key[20];
	UNUSED(state);
	for (unsigned i = 0; i < KNOWN_MAX; i++) {
		(void)snprintf(key, sizeof key, "/s/a/%06u", i);
		assert_false(put(key, "", 5).failed);
	}
	assert_true(put("/s/a/x", "", 6).failed);
	assert_non_null(strstr(err.text, "more keys"));
}

#define LONG 60000 /* characters of metadata; a value may have 64 KiB */

static void what_is_kept_is_bounded_however_long_values_are(void **state)
{
	static char value[LONG + 100];
	char key[20];
	unsigned n = 0;
	UNUSED(state);
	int begun = snprintf(value, sizeof value, "{\"host\":\"a\",\"port\":1,\"note\":\"");
	memset(value + begun, 'x', LONG);
	(void)snprintf(value + begun + LONG, 10, "\"}");
	do {
		(void)snprintf(key, sizeof key, "/s/a/%06u", n++);
		assert_true(n < 2000);
	} while (!put(key, value, 5).failed);
	assert_non_null(strstr(err.text, "64 MiB"));
	assert_true(known.live.bytes > KNOWN_BYTES_MAX);
	assert_true(known.live.bytes - KNOWN_BYTES_MAX < 2UL * LONG);

	struct etcd_kv last = kv(key, "", 6);
	assert_true(known_remove(&known, &last)); /* what is gone makes room ... */
	expect(put("/s/a/000000", value, 7), false,
			false); /* ... and what is put again takes none */
	assert_true(put(key, value, 8).failed);
	expect(put(key, "{\"host\":\"a\",\"port\":1}", 9), true, false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_instance_is_known_with_all_that_etcd_says_of_it),
		TEST(the_same_again_is_no_change),
		TEST(what_is_no_instance_is_counted_and_said_once),
		TEST(so_it_is_across_two_reads),
		TEST(an_instance_that_is_spoilt_is_gone_and_comes_back),
		TEST(what_is_removed_is_a_change_if_it_was_an_instance),
		TEST(a_key_with_a_nul_is_no_instance),
		TEST(a_key_with_a_nul_is_another_than_the_one_it_looks_like),
		TEST(an_empty_key_and_value_are_taken),
		TEST(there_is_an_end_to_it),
		TEST(what_is_kept_is_bounded_however_long_values_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
