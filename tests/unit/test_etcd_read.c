/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_read.h"
#include "agent/util.h"
#include "tests/unit/reading_stage.h"

#define PREFIX "/s/"
#define PAGE   256

static struct etcd_read read_;

/* What was heard. */
static struct {
	unsigned pages, keys, ends;
	char last[20]; /* key */
	struct etcd_read_reply reply;
	char why[ETCD_SENTENCE_MAX];
	bool again; /* the end begins the same once more */
} heard;

static bool on_page(struct etcd_read *r, const struct etcd_kv *kvs, size_t n)
{
	assert_true(r == &read_ && heard.ends == 0);
	heard.pages++;
	heard.keys += (unsigned)n;
	if (n > 0) {
		(void)snprintf(heard.last, sizeof heard.last, "%.*s", (int)kvs[n - 1].key_len,
				kvs[n - 1].key);
	}
	return true;
}

static void on_done(struct etcd_read *r, const struct etcd_read_reply *reply)
{
	assert_ptr_equal(r, &read_);
	assert_null(r->etcd); /* detached before */
	assert_int_equal(reply->ok, reply->why[0] == '\0');
	heard.ends++;
	heard.reply = *reply;
	(void)snprintf(heard.why, sizeof heard.why, "%s", reply->why);
	if (heard.again) {
		heard.again = false;
		etcd_read_all(&cluster.etcd, r, PREFIX, on_page, on_done);
	}
}

static void read_all(void)
{
	etcd_read_all(&cluster.etcd, &read_, PREFIX, on_page, on_done);
	assert_int_equal(heard.ends, 0); /* a start never calls back */
}

/* A read that goes well at once, from whichever member is in use. */
static unsigned read_once(void)
{
	read_all();
	unsigned member = expect_sent(0, ETCD_PATH_RANGE, "");
	say(0, said_at(20));
	assert_int_equal(heard.ends, 1);
	memset(&heard, 0, sizeof heard);
	return member;
}

static void expect_asked(const struct etcd_scope *scope)
{
	struct etcd_body body;

	assert_int_equal(etcd_encode_scope(&body, scope), 0);
	(void)expect_sent(0, ETCD_PATH_RANGE, "");
	assert_int_equal(in_flight[0].len, body.len);
	assert_memory_equal(in_flight[0].body, body.at, body.len);
	assert_true(in_flight[0].deadline > now + TIMEOUT - 0.01 &&
			in_flight[0].deadline < now + TIMEOUT + 0.01);
	etcd_body_free(&body);
}

static void expect_failed(const char *why)
{
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(heard.ends, 1);
	assert_false(heard.reply.ok);
	if (strstr(heard.why, why) == NULL) {
		fail_msg("\"%s\" says nothing of \"%s\"", heard.why, why);
	}
}

/* ---- without memory -------------------------------------------------------------------------- */

static bool no_memory;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int set_up(void **state)
{
	UNUSED(state);
	memset(&heard, 0, sizeof heard);
	memset(&read_, 0, sizeof read_);
	cluster_start(false);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_read_cancel(&read_);
	cluster_stop();
	return 0;
}

/* ---- a prefix -------------------------------------------------------------------------------- */

static void all_of_a_prefix_is_one_page(void **state)
{
	const struct etcd_scope scope = { .prefix = PREFIX, .limit = PAGE };
	UNUSED(state);
	read_all();
	expect_asked(&scope);
	say(0, said_number(said_key(said_key(said_at(20), "/s/a", "1", 5), "/s/b", "2", 6), 4, 2));
	assert_int_equal(heard.ends, 1);
	assert_true(heard.reply.ok);
	assert_int_equal(heard.reply.revision, 20);
	assert_int_equal(heard.reply.count, 2);
	assert_int_equal(heard.pages, 1);
	assert_int_equal(heard.keys, 2);
	assert_string_equal(heard.last, "/s/b");
	assert_int_equal(n_in_flight, 0);
}

static void nothing_may_stand_there(void **state)
{
	UNUSED(state);
	read_all();
	say(0, said_at(20));
	assert_true(heard.reply.ok);
	assert_int_equal(heard.reply.count, 0);
	assert_int_equal(heard.reply.revision, 20);
	assert_int_equal(heard.keys, 0);
}

/* Etcd counts what is asked for, so on later pages it counts fewer; it goes on meanwhile. */
static void all_pages_are_as_of_the_first(void **state)
{
	struct etcd_scope scope = { .prefix = PREFIX, .limit = PAGE, .revision = 20 };
	UNUSED(state);
	read_all();
	say(0, said_number(said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1), 4, 3));
	assert_int_equal(heard.ends, 0);
	scope.after = "/s/a";
	scope.after_len = 4;
	expect_asked(&scope);
	now += 1.0; /* each page has its own time */
	say(0, said_number(said_number(said_bytes_key(said_at(25), "/s/\xff\0z", 6, 5), 3, 1), 4,
			       2));
	scope.after = "/s/\xff\0z";
	scope.after_len = 6;
	expect_asked(&scope);
	say(0, said_number(said_key(said_at(30), "/s/\xff\x01", "3", 7), 4, 1));
	assert_int_equal(heard.ends, 1);
	assert_true(heard.reply.ok);
	assert_int_equal(heard.reply.revision, 20);
	assert_int_equal(heard.reply.count, 3);
	assert_int_equal(heard.pages, 3);
	assert_int_equal(heard.keys, 3);
}

/* Or it would ask for the same for ever. */
static void more_without_a_key_is_the_end(void **state)
{
	UNUSED(state);
	read_all();
	say(0, said_number(said_at(20), 3, 1));
	assert_int_equal(heard.ends, 1);
	assert_int_equal(n_in_flight, 0);
}

static void a_page_that_fails_ends_all(void **state)
{
	UNUSED(state);
	read_all();
	say(0, said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1));
	play_answer(0, 2, "etcdserver: it is a bad day", NULL, 0);
	expect_failed("it is a bad day");
	assert_int_equal(heard.pages, 1);
	assert_int_equal(heard.reply.count, 0);
}

/* What was compacted between two pages is whole again at the next try, soon. */
static void a_revision_that_is_compacted_meanwhile_is_no_reason_to_wait(void **state)
{
	UNUSED(state);
	read_all();
	say(0, said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1));
	play_answer(0, 11, "etcdserver: mvcc: required revision has been compacted", NULL, 0);
	expect_failed("compacted");
	assert_false(heard.reply.patient);
	assert_null(strstr(heard.why, "will again"));
}

static void who_may_not_read_is_told_what_to_grant(void **state)
{
	UNUSED(state);
	read_all();
	play_answer(0, 7, "etcdserver: permission denied", NULL, 0);
	expect_failed("may not read /s/: give its role read on it");
	assert_true(heard.reply.patient);
}

/* A server that says yes to everything is no etcd, and has not said that nothing is there. */
static void an_answer_without_a_revision_is_none(void **state)
{
	UNUSED(state);
	read_all();
	say(0, said_nothing());
	expect_failed("cannot be read");
}

static void garbage_is_no_answer(void **state)
{
	static const char *const answers[] = { "", "\x01", "\0\0\0\0\x02\x0a\x7f",
		"\0\0\0\0\x09\x0a", "\x01\0\0\0\0", "\0\0\0\0\0\0\0\0\0\0" };
	static const size_t lens[] = { 0, 1, 7, 6, 5, 10 };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		memset(&heard, 0, sizeof heard);
		read_all();
		play_answer(0, 0, "", answers[i], lens[i]);
		expect_failed("cannot be read");
	}
	assert_int_equal(heard.pages, 0);
}

/* ---- members --------------------------------------------------------------------------------- */

static void a_member_that_breaks_is_left_for_the_next(void **state)
{
	bool asked[MEMBERS] = { false };
	UNUSED(state);
	read_all();
	for (unsigned i = 0; i < MEMBERS; i++) {
		asked[expect_sent(0, ETCD_PATH_RANGE, "")] = true;
		play_end(0, CARRIER_REFUSED, NULL, 0);
	}
	for (unsigned i = 0; i < MEMBERS; i++) {
		assert_true(asked[i]);
	}
	expect_failed("it did not go well");
}

static void a_member_that_is_behind_is_not_believed(void **state)
{
	UNUSED(state);
	unsigned first = read_once();
	read_all();
	say(0, said_key(said_at(19), "/s/old", "", 5));
	assert_int_equal(heard.pages, 0);
	assert_int_not_equal(expect_sent(0, ETCD_PATH_RANGE, ""), first);
	say(0, said_at(20));
	assert_true(heard.reply.ok);
}

static void read_beside(unsigned member)
{
	etcd_read_all_beside(&cluster.etcd, &read_, PREFIX, member, on_page, on_done);
}

static void beside_a_member_is_from_another(void **state)
{
	UNUSED(state);
	unsigned in_use = read_once();
	read_beside(in_use);
	assert_int_not_equal(expect_sent(0, ETCD_PATH_RANGE, ""), in_use);
	say(0, said_at(20));
	assert_true(heard.reply.ok);
	memset(&heard, 0, sizeof heard);
	assert_int_equal(read_once(), in_use); /* which stays the one in use */
	read_beside((in_use + 1) % MEMBERS);
	assert_int_equal(expect_sent(0, ETCD_PATH_RANGE, ""), in_use);
	say(0, said_at(20));
}

/* All others first; and when none of them works, the one that there is. */
static void beside_a_member_every_other_is_tried_before_it(void **state)
{
	UNUSED(state);
	unsigned in_use = read_once();
	for (unsigned member = 0; member < MEMBERS; member++) {
		unsigned asked = 0;
		memset(&heard, 0, sizeof heard);
		read_beside(member);
		for (; asked < MEMBERS - 1; asked++) {
			assert_int_not_equal(expect_sent(0, ETCD_PATH_RANGE, ""), member);
			play_end(0, CARRIER_BROKEN, NULL, 0);
		}
		assert_int_equal(expect_sent(0, ETCD_PATH_RANGE, ""), member);
		say(0, said_at(20));
		assert_true(heard.reply.ok);
	}
	UNUSED(in_use);
}

static void so_is_every_page_of_it(void **state)
{
	UNUSED(state);
	unsigned in_use = read_once();
	read_beside(in_use);
	say(0, said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1));
	assert_int_not_equal(expect_sent(0, ETCD_PATH_RANGE, ""), in_use);
	say(0, said_key(said_at(20), "/s/b", "1", 5));
	assert_true(heard.reply.ok);
	assert_int_equal(heard.keys, 2);
}

/* ---- other questions ------------------------------------------------------------------------- */

static void asks_whether_something_was_written_since(void **state)
{
	const struct etcd_scope scope = {
		.prefix = PREFIX, .newer_than = 15, .limit = 1, .keys_only = true
	};
	UNUSED(state);
	etcd_read_newer(&cluster.etcd, &read_, PREFIX, 15, on_done);
	expect_asked(&scope);
	say(0, said_number(said_at(20), 4, 12));
	assert_true(heard.reply.ok && !heard.reply.newer);
	assert_int_equal(heard.reply.count, 12);
	memset(&heard, 0, sizeof heard);
	etcd_read_newer(&cluster.etcd, &read_, PREFIX, 15, on_done);
	say(0, said_number(said_number(said_key(said_at(20), "/s/a", "", 16), 3, 1), 4, 12));
	assert_true(heard.reply.ok && heard.reply.newer);
	assert_int_equal(heard.ends, 1); /* more is not asked for */
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(heard.pages, 0);
}

static void asks_how_long_a_lease_has_left(void **state)
{
	UNUSED(state);
	etcd_read_lease(&cluster.etcd, &read_, 300, on_done);
	(void)expect_sent(0, ETCD_PATH_TIME_TO_LIVE, "");
	assert_int_equal(in_flight[0].len, 8);
	assert_memory_equal(in_flight[0].body, "\0\0\0\0\x03\x08\xac\x02", 8);
	say(0, said_number(said_number(said_at(20), 2, 300), 3, 9));
	assert_true(heard.reply.ok);
	assert_int_equal(heard.reply.ttl_s, 9);
	memset(&heard, 0, sizeof heard);
	etcd_read_lease(&cluster.etcd, &read_, 300, on_done);
	say(0, said_number(said_number(said_at(20), 2, 300), 3, -1));
	assert_true(heard.reply.ok); /* that there is none is an answer */
	assert_int_equal(heard.reply.ttl_s, -1);
	memset(&heard, 0, sizeof heard);
	etcd_read_lease(&cluster.etcd, &read_, 300, on_done);
	say(0, said_number(said_number(said_at(20), 2, 301), 3, 9));
	expect_failed("cannot be read");
	memset(&heard, 0, sizeof heard);
	etcd_read_lease(&cluster.etcd, &read_, 300, on_done);
	play_answer(0, 7, "etcdserver: permission denied", NULL, 0);
	expect_failed("may not read");
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void a_cancelled_read_says_nothing(void **state)
{
	UNUSED(state);
	etcd_read_cancel(&read_); /* never begun */
	read_all();
	etcd_read_cancel(&read_);
	assert_int_equal(n_in_flight, 0);
	read_all();
	say(0, said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1));
	assert_int_equal(n_in_flight, 1);
	etcd_read_cancel(&read_);
	etcd_read_cancel(&read_);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(heard.ends, 0);
}

static void an_end_may_begin_the_next(void **state)
{
	UNUSED(state);
	read_all();
	heard.again = true;
	say(0, said_key(said_at(20), "/s/a", "1", 5));
	assert_int_equal(heard.ends, 1);
	assert_int_equal(n_in_flight, 1);
	heard.ends = 0;
	say(0, said_at(21));
	assert_int_equal(heard.reply.revision, 21);
}

static void without_memory_nothing_is_asked_for(void **state)
{
	UNUSED(state);
	no_memory = true;
	read_all();
	no_memory = false;
	assert_int_equal(in_flight[0].len, 0); /* the carrier ends such a call by itself */
	etcd_read_cancel(&read_);
	read_all();
	struct said page = said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1);
	say(0, page);
	etcd_read_cancel(&read_);
	assert_int_equal(heard.ends, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(all_of_a_prefix_is_one_page),
		TEST(nothing_may_stand_there),
		TEST(all_pages_are_as_of_the_first),
		TEST(more_without_a_key_is_the_end),
		TEST(a_page_that_fails_ends_all),
		TEST(a_revision_that_is_compacted_meanwhile_is_no_reason_to_wait),
		TEST(who_may_not_read_is_told_what_to_grant),
		TEST(an_answer_without_a_revision_is_none),
		TEST(garbage_is_no_answer),
		TEST(a_member_that_breaks_is_left_for_the_next),
		TEST(a_member_that_is_behind_is_not_believed),
		TEST(beside_a_member_is_from_another),
		TEST(beside_a_member_every_other_is_tried_before_it),
		TEST(so_is_every_page_of_it),
		TEST(asks_whether_something_was_written_since),
		TEST(asks_how_long_a_lease_has_left),
		TEST(a_cancelled_read_says_nothing),
		TEST(an_end_may_begin_the_next),
		TEST(without_memory_nothing_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
