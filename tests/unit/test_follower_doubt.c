/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "tests/unit/follower_stage.h"

/* ---- doubts ---------------------------------------------------------------------------------- */

/* It is read beside whoever told it, and told although nothing differs. */
static void expect_doubted(unsigned changes)
{
	assert_int_equal(follower.state, FOLLOW_READING);
	assert_int_equal(n_in_flight, 1);
	assert_int_equal(n_abandoned, 0);
	assert_int_not_equal(in_flight[the_read()].endpoint, follower.told_by);
	assert_int_equal(heard.changes, changes);
	finish_read(follower.revision);
	expect(changes + 1, true);
	assert_int_equal(follower.confirmed, 1);
	open_watch();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	finish_read(follower.revision);
	assert_int_equal(heard.changes, changes + 1); /* once */
	assert_int_equal(follower.confirmed, 1);
}

static void a_doubt_is_answered_by_another_member(void **state)
{
	UNUSED(state);
	go_live();
	follower_doubt(&follower);
	expect_doubted(0);
}

static void so_it_is_while_the_watch_opens(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	finish_read(20);
	follower_doubt(&follower);
	expect_doubted(1);
}

/* The read that is under way is told, and is no confirmation: the next one is. */
static void a_doubt_lasts_until_a_read_that_was_asked_for_because_of_it(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	follower_doubt(&follower);
	assert_int_equal(n_in_flight, 1);
	finish_read(20);
	expect(1, true);
	assert_int_equal(follower.confirmed, 0);
	follower_doubt(&follower); /* as whoever is told of it will say */
	expect_doubted(1);
}

static void so_it_does_when_that_read_fails(void **state)
{
	UNUSED(state);
	go_live();
	follower_doubt(&follower);
	for (unsigned i = 0; i < MEMBERS; i++) {
		play_end(the_read(), CARRIER_BROKEN, NULL, 0);
	}
	expect(1, false);
	follower_doubt(&follower); /* it rests: a read comes anyhow */
	end_wait(&follower.wake);
	assert_int_not_equal(in_flight[the_read()].endpoint, follower.told_by);
	finish_read(20);
	expect(2, true);
	assert_int_equal(follower.confirmed, 1);
}

/* By a read or by news, whichever was last; calls and watches go to members of their own. */
static void whoever_told_of_it_is_not_asked(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < MEMBERS; i++) {
		go_live();
		endpoint_ring_leave(&cluster.streams.ring, follower.watch.endpoint);
		now += 60.0;
		play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
		unsigned reader = in_flight[the_read()].endpoint;
		finish_read(20);
		follower_doubt(&follower);
		assert_int_not_equal(in_flight[the_read()].endpoint, reader);
		finish_read(20);
		open_watch();
		unsigned watcher = in_flight[the_watch()].endpoint % MEMBERS;
		tell(the_watch(), said_deleted(said_at(21), ONE, 21));
		follower_doubt(&follower);
		assert_int_not_equal(in_flight[the_read()].endpoint, watcher);
		endpoint_ring_leave(&cluster.etcd.channel.route.ring, reader);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
}

static void what_was_read_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	heard.doubt = true;
	say(the_read(), both_at(20));
	expect_doubted(1);
}

static void news_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	heard.doubt = true;
	struct said one = said_deleted(said_at(21), ONE, 21),
		    two = said_deleted(said_at(22), TWO, 22);
	memcpy(one.at + one.len, two.at, two.len); /* in one piece: the second is not read */
	one.len += two.len;
	tell(the_watch(), one);
	assert_int_equal(follower.revision, 21);
	assert_int_equal(heard.changes, 1);
	assert_int_equal(follower.state, FOLLOW_READING);
	assert_int_equal(n_in_flight, 1);
	say(the_read(), said_key(said_at(22), THREE, GOOD, 22));
	expect(2, true);
}

static void an_audit_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	fail_audit();
	end_wait(&follower.audit.look);
	heard.doubt = true;
	say(the_audit(), audited(20, 2, false));
	expect_doubted(2);
}

static void an_audit_without_an_answer_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	heard.doubt = true;
	fail_audit();
	expect_doubted(1);
}

static void what_was_missed_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	say(the_audit(), audited(21, 1, false));
	end_wait(&follower.audit.look);
	heard.doubt = true;
	say(the_audit(), audited(21, 1, false));
	assert_int_equal(n_in_flight, 1);
	finish_read(21);
	expect(2, true);
}

static void an_outage_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	heard.doubt = true;
	for (unsigned i = 0; i < MEMBERS; i++) {
		play_end(the_read(), CARRIER_BROKEN, NULL, 0);
	}
	assert_int_equal(follower.state, FOLLOW_RESTING);
	end_wait(&follower.wake);
	finish_read(20);
	expect(2, true);
}

/* A member that ends takes no watch any more, while the others do. */
static void a_watch_that_is_not_opened_is_asked_for_elsewhere_at_once(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	finish_read(30);
	unsigned was = in_flight[the_watch()].endpoint % MEMBERS;
	play_end(the_watch(), CARRIER_REFUSED, NULL, 0);
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) < 0.001);
	end_wait(&follower.wake);
	finish_read(30);
	assert_int_not_equal(in_flight[the_watch()].endpoint % MEMBERS, was);
	play_end(the_watch(), CARRIER_REFUSED, NULL, 0); /* the second in a row */
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) > 0.01);
	end_wait(&follower.wake);
	finish_read(30);
	end_wait(&follower.open); /* neither is it open in time */
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) > 0.01);
}

static void an_interruption_may_be_doubted_at_once(void **state)
{
	UNUSED(state);
	go_live();
	heard.doubt = true;
	follower_interrupted(&follower);
	assert_int_equal(n_in_flight, 0);
	end_wait(&follower.wake);
	finish_read(20);
	expect(2, true);
}

/* ---- interruptions and ends ------------------------------------------------------------------ */

static void after_an_interruption_all_is_read_again(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	follower_interrupted(&follower);
	expect(1, false);
	assert_int_equal(n_in_flight, 0);
	assert_false(ev_is_active(&follower.audit.look));
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) < 0.01);
	end_wait(&follower.wake);
	follower_interrupted(&follower); /* while it reads */
	assert_int_equal(n_in_flight, 0);
	end_wait(&follower.wake);
	finish_read(20);
	assert_true(follower.sure);
	follower_interrupted(&follower); /* while the watch opens */
	assert_int_equal(n_in_flight, 0);
	end_wait(&follower.wake);
	finish_read(20);
	open_watch();
	assert_int_equal(heard.troubles, 0);
}

static void expect_finished(void)
{
	(void)tear_down(NULL); /* nothing may be in flight */
	(void)set_up(NULL);
}

/* With all that it knows, and whatever is in flight. */
static void it_ends_in_any_state(void **state)
{
	UNUSED(state);
	expect_finished();
	follower_start(&follower);
	expect_finished();
	follower_start(&follower);
	say(the_read(), said_number(said_key(said_at(20), ONE, GOOD, 10), 3, 1));
	expect_finished();
	follower_start(&follower);
	finish_read(20);
	expect_finished();
	go_live();
	expect_finished();
	go_live();
	begin_audit();
	expect_finished();
	go_live();
	follower_doubt(&follower);
	expect_finished();
	go_live();
	follower_interrupted(&follower);
	expect_finished();
}

/* ---- a member that lies ------------------------------------------------------------ */

/* As a member says that compacts whatever it is asked for. */
static void what_is_compacted_again_and_again_is_not_asked_for_at_once(void **state)
{
	struct said compacted = said_number(said_number(said_at(40), 4, 1), 5, 35);
	double pauses = 0.0;
	UNUSED(state);
	follower_start(&follower);
	finish_read(20);
	tell(the_watch(), compacted);
	for (unsigned i = 0; i < 8; i++) {
		finish_read(40);
		tell(the_watch(), compacted);
		assert_int_equal(follower.state, FOLLOW_RESTING);
		pauses += ev_timer_remaining(cluster.loop, &follower.wake);
		end_wait(&follower.wake);
	}
	assert_true(pauses > 2.0);
}

/* Who tells of other keys than were asked for, or of what has not happened, is left. */
static void news_of_something_else_are_not_believed(void **state)
{
	const struct said lies[] = {
		said_put(said_at(30), "/s/b/c", "1", 30),
		said_put(said_at(30), "/s/", "1", 30),
		said_deleted(said_put(said_at(30), "/s/a/c", "1", 29), "/t", 30),
		said_put(said_at(30), "/s/a/c", "1", 31),
	};
	UNUSED(state);
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		go_live();
		now += 60.0;
		size_t n = known_count(&follower.known);
		tell(the_watch(), lies[i]);
		assert_int_equal(follower.state, FOLLOW_READING);
		assert_int_equal(known_count(&follower.known), n);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
}

static void pages_of_something_else_are_not_believed(void **state)
{
	const struct said lies[] = {
		said_key(said_at(20), "/s/b/c", "1", 10),
		said_key(said_key(said_at(20), "/s/a/d", "1", 10), "/s/a/c", "1", 10),
		said_key(said_key(said_at(20), "/s/a/c", "1", 10), "/s/a/c", "1", 10),
	};
	UNUSED(state);
	follower_start(&follower);
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		say(the_read(), lies[i]);
		assert_int_equal(follower.state, FOLLOW_RESTING);
		assert_non_null(strstr(heard.why, "cannot be read"));
		assert_int_equal(known_count(&follower.known), 0);
		end_wait(&follower.wake);
	}
}

/* There is more, each time, and it is the same. */
static void the_same_page_is_not_read_for_ever(void **state)
{
	struct said page = said_number(said_key(said_at(20), "/s/a/c", "1", 10), 3, 1);
	UNUSED(state);
	follower_start(&follower);
	say(the_read(), page);
	say(the_read(), page);
	assert_int_equal(follower.state, FOLLOW_RESTING);
	assert_int_equal(n_in_flight, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_doubt_is_answered_by_another_member),
		TEST(so_it_is_while_the_watch_opens),
		TEST(a_doubt_lasts_until_a_read_that_was_asked_for_because_of_it),
		TEST(so_it_does_when_that_read_fails),
		TEST(whoever_told_of_it_is_not_asked),
		TEST(what_was_read_may_be_doubted_at_once),
		TEST(news_may_be_doubted_at_once),
		TEST(an_audit_may_be_doubted_at_once),
		TEST(an_audit_without_an_answer_may_be_doubted_at_once),
		TEST(what_was_missed_may_be_doubted_at_once),
		TEST(an_outage_may_be_doubted_at_once),
		TEST(a_watch_that_is_not_opened_is_asked_for_elsewhere_at_once),
		TEST(an_interruption_may_be_doubted_at_once),
		TEST(after_an_interruption_all_is_read_again),
		TEST(it_ends_in_any_state),
		TEST(what_is_compacted_again_and_again_is_not_asked_for_at_once),
		TEST(news_of_something_else_are_not_believed),
		TEST(pages_of_something_else_are_not_believed),
		TEST(the_same_page_is_not_read_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
