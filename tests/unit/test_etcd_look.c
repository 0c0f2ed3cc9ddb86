/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd.h"
#include "agent/util.h"
#include "played_carrier.h"

/* Looks at keys of which is known what was written: what goes out, and what the answers mean. */

#define LOOKERS 40

static double now;
static struct random dice;
static struct endpoint endpoints[1] = { { "a", 1, false } };
static char nothing[] = "";
static struct etcd_settings settings;
static struct etcd etcd;

static const struct etcd_entry entries[] = { { "/a", "v" }, { "/b", "v" }, { "/c", "v" },
	{ "/d", "v" } };

static struct looker {
	struct etcd_call call;
	unsigned told;
	struct etcd_reply reply;
} lookers[LOOKERS];

static double fake_now(void)
{
	return now;
}

static void on_told(struct etcd_call *c, const struct etcd_reply *reply)
{
	struct looker *l = CONTAINER_OF(c, struct looker, call);

	assert_null(c->etcd); /* detached before */
	l->told++;
	l->reply = *reply;
}

static int set_up(void **state)
{
	UNUSED(state);
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 3);
	played_carrier_reset();
	memset(lookers, 0, sizeof lookers);
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

/* Looker i has the i-th key, or the first n of them, written at revision 9 + i. */
static void look(unsigned i, size_t n)
{
	struct etcd_claim claim = { .entries = n == 1 ? &entries[i % ARRAY_LEN(entries)] : entries,
		.n = n,
		.terms = { .lease = 7, .take_over_up_to = 5 },
		.ttl = 10.0,
		.written = 9 + i };

	etcd_verify(&etcd, &lookers[i].call, &claim, on_told);
	assert_int_equal(lookers[i].told, 0);
}

static void gather(void)
{
	(void)ev_run(etcd.loop, EVRUN_ONCE);
}

#define EXPECT_SENT(i, bytes) expect_sent(i, bytes, sizeof(bytes) - 1)

static void expect_sent(unsigned i, const char *bytes, size_t len)
{
	assert_string_equal(in_flight[i].path, ETCD_PATH_TXN);
	assert_int_equal(in_flight[i].len, len);
	assert_memory_equal(in_flight[i].body, bytes, len);
}

static void expect(unsigned i, enum outcome outcome)
{
	assert_int_equal(lookers[i].told, 1);
	assert_int_equal(lookers[i].reply.outcome, outcome);
}

/* header { cluster_id: 5, member_id: 6, revision: 20, raft_term: 2 } */
#define HEADER "\x0a\x08\x08\x05\x10\x06\x18\x14\x20\x02"
#define SAME   "\0\0\0\0\x0c" HEADER "\x10\x01", 17
#define OTHER  "\0\0\0\0\x0a" HEADER, 15
/* ... a range: mod_revision 12, value v, on lease 7 or 8; or nothing */
#define HELD   "\0\0\0\0\x17" HEADER "\x12\x0b\x0a\x02/a\x18\x0c\x2a\x01v\x30\x07", 28
#define TAKEN  "\0\0\0\0\x17" HEADER "\x12\x0b\x0a\x02/a\x18\x0c\x2a\x01v\x30\x08", 28
#define ABSENT OTHER

#define GUARD(key, revision) "\x0a\x08\x10\x02\x1a\x02" key "\x30" revision

static void one_key_is_only_compared(void **state)
{
	UNUSED(state);
	look(0, 1);
	assert_int_equal(n_in_flight, 0); /* it waits for others */
	gather();
	assert_int_equal(n_in_flight, 1);
	EXPECT_SENT(0, "\0\0\0\0\x0a" GUARD("/a", "\x09"));
	play_answer(0, 0, "", SAME);
	expect(0, OUTCOME_OK);
	assert_int_equal(lookers[0].reply.written, 9);
	assert_int_equal(lookers[0].reply.at.cluster, 5);
	assert_int_equal(lookers[0].reply.at.member, 6);
	assert_int_equal(lookers[0].reply.at.revision, 20);
	assert_int_equal(lookers[0].reply.at.term, 2);
}

static void what_is_not_as_it_was_is_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum outcome outcome;
		int64_t written;
	} cases[] = {
		{ HELD, OUTCOME_OK, 12 }, /* a late copy of our own put */
		{ TAKEN, OUTCOME_TAKEN, 0 },
		{ ABSENT, OUTCOME_DETACHED, 0 },
	};

	UNUSED(state);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		memset(lookers, 0, sizeof lookers);
		look(0, 1);
		gather();
		play_answer(0, 0, "", OTHER);
		assert_int_equal(lookers[0].told, 0);
		assert_int_equal(n_in_flight, 1);
		assert_string_equal(in_flight[0].path, ETCD_PATH_RANGE);
		play_answer(0, 0, "", cases[i].bytes, cases[i].len);
		expect(0, cases[i].outcome);
		assert_int_equal(lookers[0].reply.written, cases[i].written);
	}
}

/* Calls stand in a batch as they come off a list: the last one first, the others as they were. */
static void those_that_look_together_share_one_call(void **state)
{
	UNUSED(state);
	look(0, 1);
	look(1, 1);
	look(2, 1);
	gather();
	assert_int_equal(n_in_flight, 1);
	assert_int_equal(in_flight[0].len, 5 + 3 * 10);
	play_answer(0, 0, "", SAME);
	for (unsigned i = 0; i < 3; i++) {
		expect(i, OUTCOME_OK);
		assert_int_equal(lookers[i].reply.written, 9 + i);
	}
}

static void of_several_each_is_asked_for_alone(void **state)
{
	UNUSED(state);
	look(0, 1);
	look(1, 1);
	gather();
	now += 0.5;
	play_answer(0, 0, "", OTHER);
	assert_int_equal(n_in_flight, 2);
	assert_true(in_flight[0].deadline <= 1002.001); /* as long as they had */
	unsigned of_b = in_flight[0].body[12] == 'b' ? 0 : 1;
	assert_int_equal(in_flight[of_b].body[12], 'b');
	EXPECT_SENT(of_b, "\0\0\0\0\x0a" GUARD("/b", "\x0a"));
	play_answer(of_b, 0, "", SAME);
	expect(1, OUTCOME_OK);
	EXPECT_SENT(0, "\0\0\0\0\x0a" GUARD("/a", "\x09"));
	play_answer(0, 0, "", OTHER);
	assert_string_equal(in_flight[0].path, ETCD_PATH_RANGE);
	play_answer(0, 0, "", ABSENT);
	expect(0, OUTCOME_DETACHED);
	assert_int_equal(lookers[1].told, 1);
}

static void all_keys_of_a_claim_are_compared(void **state)
{
	UNUSED(state);
	look(0, 4);
	gather();
	EXPECT_SENT(0, "\0\0\0\0\x28" GUARD("/a", "\x09") GUARD("/b", "\x09") GUARD("/c", "\x09")
					GUARD("/d", "\x09"));
	play_answer(0, 0, "", SAME);
	expect(0, OUTCOME_OK);
}

/* etcd takes 128 in one transaction. */
static void more_than_etcd_takes_are_several_calls(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < LOOKERS; i++) {
		look(i, 4);
	}
	gather();
	assert_int_equal(n_in_flight, 2);
	assert_int_equal(in_flight[1].len, 5 + (LOOKERS * 4 - 128) * 10);
	play_answer(0, 0, "", SAME);
	play_answer(0, 0, "", SAME);
	for (unsigned i = 0; i < LOOKERS; i++) {
		expect(i, OUTCOME_OK);
	}
}

static void a_call_that_fails_is_unsure_for_all(void **state)
{
	UNUSED(state);
	look(0, 1);
	look(1, 1);
	look(2, 1);
	gather();
	etcd_cancel(&lookers[1].call);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	expect(0, OUTCOME_UNSURE);
	assert_int_equal(lookers[1].told, 0);
	expect(2, OUTCOME_UNSURE);
}

static void one_that_is_denied_is_not_the_others_trouble(void **state)
{
	UNUSED(state);
	look(0, 1);
	look(1, 1);
	gather();
	play_answer(0, 7, "etcdserver: permission denied", NULL, 0);
	assert_int_equal(n_in_flight, 2);
	unsigned of_b = in_flight[0].body[12] == 'b' ? 0 : 1;
	play_answer(of_b, 7, "etcdserver: permission denied", NULL, 0);
	play_answer(0, 0, "", SAME);
	expect(0, OUTCOME_OK);
	expect(1, OUTCOME_UNSURE);
	assert_true(lookers[1].reply.patient);
}

static void what_cannot_be_read_is_unsure(void **state)
{
	UNUSED(state);
	look(0, 1);
	gather();
	play_answer(0, 0, "", "\0\0\0\0\x02\x10", 6);
	expect(0, OUTCOME_UNSURE);
	lookers[0].told = 0;
	look(0, 1);
	gather();
	etcd_cancel(&lookers[0].call);
	play_answer(0, 0, "", OTHER); /* for nobody any more */
	assert_int_equal(lookers[0].told, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_key_is_only_compared),
		TEST(what_is_not_as_it_was_is_read),
		TEST(those_that_look_together_share_one_call),
		TEST(of_several_each_is_asked_for_alone),
		TEST(all_keys_of_a_claim_are_compared),
		TEST(more_than_etcd_takes_are_several_calls),
		TEST(a_call_that_fails_is_unsure_for_all),
		TEST(one_that_is_denied_is_not_the_others_trouble),
		TEST(what_cannot_be_read_is_unsure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
