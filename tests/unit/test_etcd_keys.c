/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd.h"
#include "agent/util.h"
#include "played_carrier.h"

/* Several keys on one lease: what goes out, and what the answers mean together. */

#define LEASE 7
#define KEYS  6

static double now;
static struct random dice;
static struct endpoint endpoints[1] = { { "a", 1, false } };
static char nothing[] = "";
static struct etcd_settings settings;
static struct etcd etcd;
static struct etcd_call call;

static const struct etcd_entry entries[KEYS] = { { "/a", "v" }, { "/b", "v" }, { "/c", "v" },
	{ "/d", "v" }, { "/e", "v" }, { "/f", "v" } };

static struct {
	unsigned n;
	struct etcd_reply reply;
	char why[ETCD_SENTENCE_MAX];
} told;

static double fake_now(void)
{
	return now;
}

static void on_told(struct etcd_call *c, const struct etcd_reply *reply)
{
	assert_ptr_equal(c, &call);
	assert_null(c->etcd); /* detached before */
	told.n++;
	told.reply = *reply;
	(void)snprintf(told.why, sizeof told.why, "%s", reply->why);
}

static void expect(enum outcome outcome, const char *key)
{
	assert_int_equal(told.n, 1);
	assert_int_equal(told.reply.outcome, outcome);
	if (key == NULL) {
		assert_null(told.reply.key);
	} else {
		assert_string_equal(told.reply.key, key);
	}
	assert_int_equal(n_in_flight, 0);
	told.n = 0;
}

static int set_up(void **state)
{
	UNUSED(state);
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 3);
	played_carrier_reset();
	memset(&told, 0, sizeof told);
	memset(&call, 0, sizeof call);
	settings = (struct etcd_settings){
		.endpoints = { endpoints, 1 },
		.username = nothing,
		.password = nothing,
		.password_file = nothing,
		.request_timeout_ms = 2000,
	};
	return etcd_init(&etcd, ev_default_loop(0), NULL, &settings, &dice);
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_finish(&etcd);
	clock_replace(NULL);
	assert_int_equal(n_in_flight, 0);
	return 0;
}

/* A claim on the first n keys that takes over what is older than revision 5. */
static struct etcd_claim claim_of(size_t n)
{
	return (struct etcd_claim){ .entries = entries,
		.n = n,
		.terms = { .lease = LEASE, .take_over_up_to = 5 },
		.ttl = 10.0 };
}

static void put(size_t n)
{
	struct etcd_claim claim = claim_of(n);

	etcd_put(&etcd, &call, &claim, on_told);
	assert_int_equal(n_in_flight, 1);
	assert_string_equal(in_flight[0].path, ETCD_PATH_TXN);
}

static void verify(size_t n)
{
	struct etcd_claim claim = claim_of(n);

	etcd_verify(&etcd, &call, &claim, on_told);
	assert_int_equal(n_in_flight, 1);
	assert_string_equal(in_flight[0].path, n == 1 ? ETCD_PATH_RANGE : ETCD_PATH_TXN);
}

#define EXPECT_SENT(bytes) expect_sent(bytes, sizeof(bytes) - 1)

static void expect_sent(const char *bytes, size_t len)
{
	assert_int_equal(in_flight[0].len, len);
	assert_memory_equal(in_flight[0].body, bytes, len);
}

/* What etcd has of a key: lease 0: nothing, else with this value and mod_revision. */
struct has {
	uint8_t lease;
	char value;
	uint8_t mod_revision;
};

#define OURS                                                                                       \
	{                                                                                          \
		LEASE, 'v', 9                                                                      \
	}
#define ABSENT                                                                                     \
	{                                                                                          \
		0, 0, 0                                                                            \
	}
#define PREDECESSOR                                                                                \
	{                                                                                          \
		4, 'v', 3                                                                          \
	}
#define ANOTHER                                                                                    \
	{                                                                                          \
		8, 'v', 6                                                                          \
	}

/* The answer of a transaction that has looked at n keys. */
static void play_seen(const struct has *has, size_t n)
{
	uint8_t body[5 + KEYS * 32] = { 0 };
	size_t at = 5;

	for (size_t i = 0; i < n; i++) {
		if (has[i].lease == 0) {
			memcpy(body + at, "\x1a\x02\x0a\x00", 4);
			at += 4;
			continue;
		}
		uint8_t kv[] = { 0x1a, 0x0f, 0x0a, 0x0d, 0x12, 0x0b, 0x0a, 0x02, '/',
			(uint8_t)('a' + i), 0x18, has[i].mod_revision, 0x2a, 0x01,
			(uint8_t)has[i].value, 0x30, has[i].lease };
		memcpy(body + at, kv, sizeof kv);
		at += sizeof kv;
	}
	body[4] = (uint8_t)(at - 5);
	play_answer(0, 0, "", body, at);
}

static void play_written(size_t n)
{
	uint8_t body[7 + KEYS * 4] = { 0, 0, 0, 0, (uint8_t)(2 + 4 * n), 0x10, 0x01 };

	for (size_t i = 0; i < n; i++) {
		memcpy(body + 7 + 4 * i, "\x1a\x02\x12\x00", 4);
	}
	play_answer(0, 0, "", body, 7 + 4 * n);
}

/* Each guard stands in the request as it is here: the key's name, and its mod_revision. */
static void expect_guards(const uint8_t *revisions, size_t n)
{
	const uint8_t *at = in_flight[0].body + 5;

	for (size_t i = 0; i < n; i++, at += 10) {
		const uint8_t guard[] = { 0x0a, 0x08, 0x10, 0x02, 0x1a, 0x02, '/',
			(uint8_t)('a' + i), 0x30, revisions[i] };
		assert_memory_equal(at, guard, sizeof guard);
	}
	assert_int_equal(*at, 0x12); /* the first put: no guard is left */
}

static const uint8_t new_keys[KEYS];

/* ---- one key --------------------------------------------------------------------------------- */

/* What goes out for one key has been the same ever since. */
static void one_key_is_sent_as_ever(void **state)
{
	static const struct has theirs[] = { PREDECESSOR };
	UNUSED(state);
	put(1);
	EXPECT_SENT("\0\0\0\0\x1f"
		    "\x0a\x08\x10\x02\x1a\x02/a\x30\x00"
		    "\x12\x0b\x12\x09\x0a\x02/a\x12\x01v\x18\x07"
		    "\x1a\x06\x0a\x04\x0a\x02/a");
	play_seen(theirs, 1);
	EXPECT_SENT("\0\0\0\0\x1f"
		    "\x0a\x08\x10\x02\x1a\x02/a\x30\x03"
		    "\x12\x0b\x12\x09\x0a\x02/a\x12\x01v\x18\x07"
		    "\x1a\x06\x0a\x04\x0a\x02/a");
	play_written(1);
	expect(OUTCOME_OK, NULL);
	assert_true(told.reply.took_over);
	assert_int_equal(told.reply.other, 4);
	verify(1);
	EXPECT_SENT("\0\0\0\0\x04\x0a\x02/a");
	play_answer(0, 0, "", "\0\0\0\0\x00", 5);
	expect(OUTCOME_DETACHED, "/a");
}

/* ---- a put of several ------------------------------------------------------------------------ */

static void new_keys_take_one_transaction(void **state)
{
	UNUSED(state);
	for (size_t n = 2; n <= KEYS; n += 4) {
		unsigned before = n_sent;
		put(n);
		expect_guards(new_keys, n);
		play_written(n);
		expect(OUTCOME_OK, NULL);
		assert_false(told.reply.took_over);
		assert_int_equal(n_sent - before, 1);
	}
}

static void all_of_a_predecessor_are_taken_over(void **state)
{
	static const struct has theirs[KEYS] = { PREDECESSOR, PREDECESSOR, PREDECESSOR, PREDECESSOR,
		PREDECESSOR, PREDECESSOR };
	static const uint8_t threes[KEYS] = { 3, 3, 3, 3, 3, 3 };
	UNUSED(state);
	put(KEYS);
	play_seen(theirs, KEYS);
	expect_guards(threes, KEYS);
	play_written(KEYS);
	expect(OUTCOME_OK, NULL);
	assert_true(told.reply.took_over);
	assert_int_equal(told.reply.other, 4);
}

/* Each key is guarded by what was seen of it, also those that are right already. */
static void what_is_there_in_part_is_put_whole(void **state)
{
	static const struct has part[KEYS] = { OURS, ABSENT, { LEASE, 'w', 8 }, OURS, PREDECESSOR,
		ABSENT };
	static const uint8_t seen[KEYS] = { 9, 0, 8, 9, 3, 0 };
	static const struct has two[] = { OURS, ABSENT };
	UNUSED(state);
	put(KEYS);
	play_seen(part, KEYS);
	expect_guards(seen, KEYS);
	play_written(KEYS);
	expect(OUTCOME_OK, NULL);
	assert_int_equal(told.reply.other, 4);

	put(2);
	play_seen(two, 2);
	expect_guards((const uint8_t[]){ 9, 0 }, 2);
	play_written(2);
	expect(OUTCOME_OK, NULL);
	assert_false(told.reply.took_over);
}

static void one_key_of_another_keeps_all_away(void **state)
{
	static const struct has one[KEYS] = { OURS, PREDECESSOR, ABSENT, ABSENT, ANOTHER, ABSENT };
	static const struct has two[] = { ABSENT, ANOTHER };
	UNUSED(state);
	put(KEYS);
	play_seen(one, KEYS);
	expect(OUTCOME_TAKEN, "/e");
	assert_int_equal(told.reply.other, 8);
	put(2);
	play_seen(two, 2);
	expect(OUTCOME_TAKEN, "/b");
}

/* An earlier try has arrived, although its answer did not. */
static void what_is_there_already_is_not_put_again(void **state)
{
	static const struct has ours[KEYS] = { OURS, OURS, OURS, OURS, OURS, OURS };
	UNUSED(state);
	put(KEYS);
	play_seen(ours, KEYS);
	expect(OUTCOME_OK, NULL);
	assert_false(told.reply.took_over);
}

/* What was taken over in a round that failed counts no more. */
static void each_round_sees_anew(void **state)
{
	static const struct has first[] = { PREDECESSOR, ABSENT }, second[] = { ABSENT, ABSENT };
	UNUSED(state);
	put(2);
	play_seen(first, 2);
	expect_guards((const uint8_t[]){ 3, 0 }, 2);
	play_seen(second, 2);
	expect_guards(new_keys, 2);
	play_written(2);
	expect(OUTCOME_OK, NULL);
	assert_false(told.reply.took_over);
}

static void keys_that_never_rest_are_left_to_the_back_off(void **state)
{
	static const struct has moved[] = { ABSENT, PREDECESSOR };
	UNUSED(state);
	put(2);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(n_in_flight, 1);
		play_seen(moved, 2);
	}
	expect(OUTCOME_UNSURE, NULL);
	assert_non_null(strstr(told.why, "faster than it can be written"));
}

static void a_put_that_is_denied_names_what_is_needed(void **state)
{
	UNUSED(state);
	put(KEYS);
	play_answer(0, 7, "etcdserver: permission denied", NULL, 0);
	expect(OUTCOME_UNSURE, NULL);
	assert_non_null(strstr(told.why, "may not write /a and 5 more, or one of them"));
}

/* ---- a look at several ----------------------------------------------------------------------- */

static void reads_all_of_them_back(void **state)
{
	static const struct has ours[KEYS] = { OURS, OURS, OURS, OURS, OURS, OURS };
	UNUSED(state);
	verify(2);
	EXPECT_SENT("\0\0\0\0\x10"
		    "\x12\x06\x0a\x04\x0a\x02/a"
		    "\x12\x06\x0a\x04\x0a\x02/b");
	play_seen(ours, 2);
	expect(OUTCOME_OK, NULL);
	verify(KEYS);
	play_seen(ours, KEYS);
	expect(OUTCOME_OK, NULL);
}

static void one_that_is_missing_detaches_all(void **state)
{
	static const struct has missing[KEYS] = { OURS, OURS, OURS, OURS, OURS, ABSENT };
	static const struct has altered[KEYS] = { OURS, OURS, { LEASE, 'w', 9 }, OURS, OURS, OURS };
	static const struct has first[] = { ABSENT, OURS }, none[] = { ABSENT, ABSENT };
	UNUSED(state);
	verify(KEYS);
	play_seen(missing, KEYS);
	expect(OUTCOME_DETACHED, "/f");
	verify(KEYS);
	play_seen(altered, KEYS);
	expect(OUTCOME_DETACHED, "/c");
	verify(2);
	play_seen(first, 2);
	expect(OUTCOME_DETACHED, "/a");
	verify(2);
	play_seen(none, 2);
	expect(OUTCOME_DETACHED, "/a");
}

static void one_that_is_taken_counts_more(void **state)
{
	static const struct has both[KEYS] = { ABSENT, OURS, OURS, ANOTHER, OURS, OURS };
	UNUSED(state);
	verify(KEYS);
	play_seen(both, KEYS);
	expect(OUTCOME_TAKEN, "/d");
	assert_int_equal(told.reply.other, 8);
}

static void an_answer_about_fewer_keys_is_none(void **state)
{
	static const struct has ours[KEYS] = { OURS, OURS, OURS, OURS, OURS, OURS };
	UNUSED(state);
	verify(KEYS);
	play_seen(ours, KEYS - 1);
	expect(OUTCOME_UNSURE, NULL);
	put(KEYS);
	play_seen(ours, KEYS - 1);
	expect(OUTCOME_UNSURE, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_key_is_sent_as_ever),
		TEST(new_keys_take_one_transaction),
		TEST(all_of_a_predecessor_are_taken_over),
		TEST(what_is_there_in_part_is_put_whole),
		TEST(one_key_of_another_keeps_all_away),
		TEST(what_is_there_already_is_not_put_again),
		TEST(each_round_sees_anew),
		TEST(keys_that_never_rest_are_left_to_the_back_off),
		TEST(a_put_that_is_denied_names_what_is_needed),
		TEST(reads_all_of_them_back),
		TEST(one_that_is_missing_detaches_all),
		TEST(one_that_is_taken_counts_more),
		TEST(an_answer_about_fewer_keys_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
