/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "tests/unit/watch_stage.h"

/* ---- what is heard --------------------------------------------------------------------------- */

static void a_watch_asks_from_a_revision_on_and_is_told_when_it_is_open(void **state)
{
	UNUSED(state);
	open_watch();
	assert_int_equal(heard.created + heard.ends, 0); /* a start never calls back */
	(void)member();
	assert_int_equal(in_flight[0].len, 21);
	assert_memory_equal(in_flight[0].body,
			"\0\0\0\0\x10\x0a\x0e\x0a\x03/s/\x12\x03/s0\x18\x15\x40\x01", 21);
	assert_non_null(in_flight[0].on_heard); /* so that its deadline is for connecting alone */
	tell(0, created_at(20));
	assert_int_equal(heard.created, 1);
	assert_int_equal(heard.news, 0);
	tell(0, created_at(20));
	assert_int_equal(heard.created, 1);
}

static void news_come_in_their_order_with_their_revision(void **state)
{
	UNUSED(state);
	create_watch();
	tell(0, said_deleted(put_at(22), "/s/b", 22));
	assert_int_equal(heard.news, 1);
	assert_int_equal(heard.events, 2);
	assert_int_equal(heard.deleted, 1);
	assert_int_equal(heard.revision, 22);
	tell(0, put_at(30));
	assert_int_equal(heard.news, 2);
	assert_int_equal(heard.revision, 30);
}

static void a_part_of_the_news_has_no_revision_yet(void **state)
{
	UNUSED(state);
	create_watch();
	tell(0, said_number(put_at(22), 7, 1));
	assert_int_equal(heard.news, 1);
	assert_int_equal(heard.revision, 0);
	tell(0, put_at(22));
	assert_int_equal(heard.revision, 22);
}

static void news_may_be_cut_and_joined_anywhere(void **state)
{
	struct said all;
	UNUSED(state);
	create_watch();
	all = joined(put_at(22), joined(put_at(23), put_at(24)));
	for (size_t i = 0; i < all.len; i++) {
		play_heard(0, all.at + i, 1);
	}
	assert_int_equal(heard.news, 3);
	tell(0, joined(put_at(25), put_at(26)));
	assert_int_equal(heard.news, 5);
	assert_int_equal(heard.revision, 26);
}

/* What has come with the end is told before it. */
static void the_last_news_come_with_the_end(void **state)
{
	UNUSED(state);
	create_watch();
	struct said last = joined(put_at(22), put_at(23));
	play_heard(0, last.at, 10);
	play_end(0, CARRIER_BROKEN, last.at + 10, last.len - 10);
	assert_int_equal(heard.news, 2);
	expect_end("it did not go well");
}

/* Nothing is known of a watch that was not created: it may begin anywhere. */
static void news_before_the_creation_are_not_believed(void **state)
{
	UNUSED(state);
	open_watch();
	unsigned was = member();
	tell(0, put_at(22));
	assert_int_equal(heard.news, 0);
	expect_end("cannot be read");
	expect_next(true, was);
}

/* ---- whom to believe ------------------------------------------------------------------------- */

static void another_cluster_is_not_believed(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	tell(0, said_put(said_by(66, 30, SAID_TERM), "/s/a", "{}", 30));
	assert_int_equal(heard.news, 0);
	expect_end("another cluster");
	expect_counted(ETCD_CODE_DISBELIEVED, 1);
	expect_next(true, was);
}

static void a_member_of_an_earlier_term_is_not_believed(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	tell(0, said_put(said_by(SAID_CLUSTER, 30, SAID_TERM - 1), "/s/a", "{}", 30));
	assert_int_equal(heard.news, 0);
	expect_end("behind the others");
	expect_next(true, was);
}

/* A watch is served by each member for itself, as far as it has come. */
static void a_member_that_lags_is(void **state)
{
	UNUSED(state);
	create_watch();
	tell(0, put_at(40));
	tell(0, put_at(39));
	assert_int_equal(heard.news, 2);
	assert_int_equal(heard.ends, 0);
}

/* ---- from within ----------------------------------------------------------------------------- */

static void a_cancelled_watch_says_nothing(void **state)
{
	UNUSED(state);
	etcd_watch_cancel(&watch); /* never opened */
	open_watch();
	etcd_watch_cancel(&watch);
	etcd_watch_cancel(&watch);
	assert_int_equal(n_in_flight, 0);
	create_watch();
	etcd_watch_cancel(&watch);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(heard.ends, 0);
}

static void it_may_be_cancelled_when_it_is_created(void **state)
{
	UNUSED(state);
	open_watch();
	heard.on_created = REACTION_CANCEL;
	tell(0, joined(created_at(20), put_at(22)));
	assert_int_equal(heard.created, 1);
	assert_int_equal(heard.news + heard.ends, 0);
	assert_int_equal(n_in_flight, 0);
}

static void it_may_be_cancelled_by_its_news(void **state)
{
	UNUSED(state);
	create_watch();
	heard.on_news = REACTION_CANCEL;
	tell(0, joined(put_at(22), put_at(23)));
	assert_int_equal(heard.news, 1);
	assert_int_equal(heard.ends, 0);
	assert_int_equal(n_in_flight, 0);
}

static void what_is_left_of_an_end_may_cancel_it(void **state)
{
	UNUSED(state);
	create_watch();
	heard.on_news = REACTION_CANCEL;
	struct said last = joined(put_at(22), put_at(23));
	play_end(0, CARRIER_BROKEN, last.at, last.len);
	assert_int_equal(heard.news, 1);
	assert_int_equal(heard.ends, 0);
}

/* Nothing that came for the old one reaches the new one. */
static void it_may_be_opened_again_from_within(void **state)
{
	UNUSED(state);
	create_watch();
	heard.on_news = REACTION_AGAIN;
	tell(0, joined(put_at(22), joined(created_at(22), put_at(23))));
	assert_int_equal(heard.news, 1);
	assert_int_equal(heard.created, 1);
	(void)member();
	tell(0, created_at(23));
	assert_int_equal(heard.created, 2);
	tell(0, put_at(24));
	assert_int_equal(heard.news, 2);
	assert_int_equal(heard.ends, 0);
}

static void an_end_may_open_it_again_at_once(void **state)
{
	UNUSED(state);
	create_watch();
	heard.on_end = REACTION_AGAIN;
	tell(0, joined(said_number(said_at(22), 4, 1), joined(created_at(22), put_at(23))));
	assert_int_equal(heard.ends, 1);
	assert_int_equal(heard.created, 1);
	assert_int_equal(heard.news, 0);
	(void)member();
	heard.on_end = REACTION_AGAIN;
	struct said last = joined(created_at(23), said_number(said_at(23), 4, 1));
	play_end(0, CARRIER_BROKEN, last.at, last.len);
	assert_int_equal(heard.created, 2);
	assert_int_equal(heard.ends, 2);
	heard.on_end = REACTION_AGAIN;
	play_end(0, CARRIER_BROKEN, NULL, 0);
	assert_int_equal(heard.ends, 3);
	(void)member();
	tell(0, created_at(24));
	assert_int_equal(heard.created, 3);
}

/* Half a message of the old one is no beginning of the new one's. */
static void half_a_message_is_forgotten(void **state)
{
	UNUSED(state);
	create_watch();
	struct said half = said_text(said_at(22), 6,
			"long enough not to be kept within the reader of frames itself");
	play_heard(0, half.at, half.len - 1);
	etcd_watch_cancel(&watch);
	open_watch();
	tell(0, created_at(23));
	assert_int_equal(heard.created, 2);
}

static void an_abandoned_watch_leaves_its_member_and_its_connection(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	etcd_watch_abandon(&watch);
	assert_int_equal(n_abandoned, 1);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(heard.ends, 0);
	expect_next(true, was);
	etcd_watch_abandon(&watch); /* it is closed */
	assert_int_equal(n_abandoned, 1);
	heard.created = 0;
	create_watch();
	heard.on_news = REACTION_ABANDON;
	tell(0, joined(put_at(22), put_at(23)));
	assert_int_equal(n_abandoned, 2);
	expect_counted(ETCD_CODE_ABANDONED, 2);
	assert_int_equal(heard.news, 1);
	assert_int_equal(n_in_flight, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_watch_asks_from_a_revision_on_and_is_told_when_it_is_open),
		TEST(news_come_in_their_order_with_their_revision),
		TEST(a_part_of_the_news_has_no_revision_yet),
		TEST(news_may_be_cut_and_joined_anywhere),
		TEST(the_last_news_come_with_the_end),
		TEST(news_before_the_creation_are_not_believed),
		TEST(another_cluster_is_not_believed),
		TEST(a_member_of_an_earlier_term_is_not_believed),
		TEST(a_member_that_lags_is),
		TEST(a_cancelled_watch_says_nothing),
		TEST(it_may_be_cancelled_when_it_is_created),
		TEST(it_may_be_cancelled_by_its_news),
		TEST(what_is_left_of_an_end_may_cancel_it),
		TEST(it_may_be_opened_again_from_within),
		TEST(an_end_may_open_it_again_at_once),
		TEST(half_a_message_is_forgotten),
		TEST(an_abandoned_watch_leaves_its_member_and_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
