/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/util.h"
#include "tests/unit/follower_stage.h"

static void expect_watch_from(int64_t revision)
{
	struct etcd_body body;
	const struct played *sent = &in_flight[the_watch()];

	assert_int_equal(etcd_encode_watch(&body, PREFIX, revision), 0);
	assert_int_equal(sent->len, body.len);
	assert_memory_equal(sent->body, body.at, body.len);
	etcd_body_free(&body);
}

static bool knows(const char *key)
{
	return instances_find(&follower.known.live, key) != NULL;
}

/* ---- in step --------------------------------------------------------------------------------- */

static void begins_with_a_read_and_goes_on_from_there(void **state)
{
	UNUSED(state);
	assert_int_equal(n_in_flight, 0); /* nothing before it is started */
	follower_start(&follower);
	expect(0, false);
	now += 0.5;
	say(the_read(), both_at(20));
	expect(1, true);
	assert_int_equal(follower.known.live.n, 2);
	assert_int_equal(follower.revision, 20);
	assert_int_equal(follower.reads, 1);
	assert_true(follower.confirmed_at < now); /* it was so when it was asked */
	assert_int_equal(n_in_flight, 1);
	expect_watch_from(21);
	open_watch();
	expect(1, true);
	assert_int_equal(heard.troubles, 0);
}

static void nothing_at_all_is_told_too(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	say(the_read(), said_at(20));
	expect(1, true);
	assert_int_equal(follower.known.live.n, 0);
}

static void a_put_and_a_deletion_are_changes(void **state)
{
	UNUSED(state);
	go_live();
	now += 1.0;
	tell(the_watch(), said_put(said_at(21), THREE, GOOD, 21));
	expect(1, true);
	assert_true(knows(THREE));
	assert_true(follower.confirmed_at == now);
	tell(the_watch(), said_put(said_at(22), THREE, OTHER, 22));
	expect(2, true);
	tell(the_watch(), said_deleted(said_at(23), ONE, 23));
	expect(3, true);
	assert_false(knows(ONE));
	assert_int_equal(follower.revision, 23);
	assert_int_equal(n_in_flight, 1); /* nothing had to be asked */
}

static void what_happens_at_once_is_told_once(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_deleted(said_put(said_at(21), THREE, GOOD, 21), ONE, 21));
	expect(1, true);
	assert_true(knows(THREE) && !knows(ONE));
}

static void the_same_with_a_new_lease_is_no_change(void **state)
{
	UNUSED(state);
	go_live();
	now += 1.0;
	tell(the_watch(), said_put_by(said_at(21), ONE, GOOD, 21, 99));
	expect(0, true);
	assert_int_equal(instances_find(&follower.known.live, ONE)->lease, 99);
	assert_int_equal(follower.revision, 21);
	assert_true(follower.confirmed_at == now);
}

static void a_deletion_of_what_is_not_known_is_no_change(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_deleted(said_at(21), THREE, 21));
	expect(0, true);
	assert_int_equal(follower.revision, 21);
}

/* What the read has seen comes once more where a watch begins too early. */
static void news_older_than_the_read_are_passed_over(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_deleted(said_at(20), ONE, 20));
	tell(the_watch(), said_put(said_at(15), THREE, GOOD, 15));
	expect(0, true);
	assert_true(knows(ONE) && !knows(THREE));
	assert_int_equal(follower.revision, 20);
}

static void news_in_parts_are_all_taken(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_number(said_put(said_at(21), THREE, GOOD, 21), 7, 1));
	assert_int_equal(follower.revision, 20); /* what follows is of the same revision */
	tell(the_watch(), said_deleted(said_at(21), ONE, 21));
	assert_true(knows(THREE) && !knows(ONE));
	assert_int_equal(follower.revision, 21);
}

static void a_read_takes_the_place_of_what_was_known(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	say(the_read(), said_key(said_at(30), THREE, GOOD, 25));
	expect(1, true);
	assert_true(knows(THREE) && !knows(ONE) && !knows(TWO));
	assert_int_equal(follower.reads, 2);
	expect_watch_from(31);
}

/* ---- values that are none -------------------------------------------------------------------- */

static void a_bad_value_is_named_once(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	say(the_read(), said_key(said_key(said_at(20), ONE, GOOD, 10), TWO, "bad", 11));
	expect(1, true);
	assert_int_equal(heard.skips, 1);
	assert_string_equal(heard.key, TWO);
	assert_true(strlen(heard.why) > 5);
	open_watch();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	say(the_read(), said_key(said_key(said_at(22), ONE, GOOD, 10), TWO, "bad", 11));
	assert_int_equal(heard.skips, 1);
	open_watch();
	tell(the_watch(), said_put(said_at(23), TWO, "bad", 23)); /* written anew */
	assert_int_equal(heard.skips, 2);
	expect(1, true);
	tell(the_watch(), said_put(said_at(24), TWO, GOOD, 24));
	expect(2, true);
	tell(the_watch(), said_put(said_at(25), TWO, "bad", 25));
	expect(3, true);
	assert_false(knows(TWO));
}

/* ---- out of step ----------------------------------------------------------------------------- */

static void a_watch_that_ends_is_followed_by_a_read_at_once(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	(void)the_read();
	expect(0, true); /* as long as nothing speaks against it */
	assert_int_equal(heard.troubles, 0);
	now += 1.0;
	finish_read(30);
	expect(0, true);
	assert_int_equal(follower.revision, 30);
	assert_true(follower.confirmed_at == now - 1.0);
	expect_watch_from(31);
}

/* Something on the way ends every stream: it is not asked a thousand times a second. */
static void a_watch_that_does_not_last_is_paused(void **state)
{
	double pauses = 0.0;
	UNUSED(state);
	go_live();
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	finish_read(30); /* a member may have been started anew just then */
	open_watch();
	for (unsigned i = 0; i < 20; i++) {
		now += 0.001;
		play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
		assert_int_equal(follower.state, FOLLOW_RESTING);
		pauses += ev_timer_remaining(cluster.loop, &follower.wake);
		end_wait(&follower.wake);
		finish_read(30);
		open_watch();
	}
	assert_true(pauses > 10.0); /* it grows, although reads and creations succeed */
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	play_end(the_read(), CARRIER_BROKEN, NULL, 0);
	play_end(the_read(), CARRIER_BROKEN, NULL, 0);
	play_end(the_read(), CARRIER_BROKEN, NULL, 0);
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) < 0.31); /* as at first */
}

static void what_was_compacted_is_read_again_at_once(void **state)
{
	struct said compacted = said_number(said_number(said_at(40), 4, 1), 5, 35);
	UNUSED(state);
	follower_start(&follower);
	finish_read(20);
	tell(the_watch(), compacted);
	assert_int_equal(follower.state, FOLLOW_READING);
	finish_read(40);
	expect_watch_from(41);
	open_watch();
	now += 1.0;
	tell(the_watch(), compacted);
	assert_int_equal(follower.state, FOLLOW_READING);
	finish_read(50);
	expect(1, true);
	assert_int_equal(heard.troubles, 0);
}

static void a_watch_that_cannot_be_opened_is_trouble(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	for (unsigned i = 1; i <= 5; i++) {
		finish_read(20);
		expect(2 * i - 1, true);
		play_answer(the_watch(), 14, "etcdserver: no leader", NULL, 0);
		assert_int_equal(n_in_flight, 0);
		expect(2 * i, false);
		assert_int_equal(heard.tries, i); /* in a row: a read alone is not all of it */
		assert_non_null(strstr(heard.why, "no leader"));
		end_wait(&follower.wake);
	}
	finish_read(20);
	assert_int_equal(heard.tries, 5);
	open_watch();
	assert_int_equal(heard.tries, 0);
	assert_int_equal(heard.troubles, 6);
	expect(11, true);
}

static void a_watch_is_opened_in_time_or_another_member_is_asked(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	finish_read(20);
	unsigned was = in_flight[the_watch()].endpoint;
	assert_true(ev_timer_remaining(cluster.loop, &follower.open) <= TIMEOUT + 0.01);
	end_wait(&follower.open);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(n_abandoned, 1);
	assert_int_equal(heard.tries, 1);
	expect(2, false);
	end_wait(&follower.wake);
	finish_read(20);
	assert_int_not_equal(in_flight[the_watch()].endpoint, was);
}

/* ---- no answer ------------------------------------------------------------------------------- */

static void fail_read(void)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		play_end(the_read(), CARRIER_REFUSED, NULL, 0);
	}
	assert_int_equal(n_in_flight, 0);
}

static void what_is_known_is_kept_through_an_outage(void **state)
{
	UNUSED(state);
	go_live();
	double confirmed_at = follower.confirmed_at;
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	for (unsigned i = 1; i <= 3; i++) {
		fail_read();
		expect(1, false); /* told once */
		assert_int_equal(heard.tries, i);
		assert_int_equal(heard.troubles, i);
		end_wait(&follower.wake);
	}
	assert_true(knows(ONE) && knows(TWO));
	assert_int_equal(follower.revision, 20);
	assert_true(follower.confirmed_at == confirmed_at);
	finish_read(20);
	expect(2, true); /* the same, but sure again */
	open_watch();
	assert_int_equal(heard.tries, 0);
}

/* Half a read is no read. */
static void a_page_that_is_lost_changes_nothing(void **state)
{
	UNUSED(state);
	go_live();
	now += 60.0;
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	say(the_read(), said_number(said_key(said_at(30), THREE, GOOD, 25), 3, 1));
	fail_read();
	expect(1, false);
	assert_true(knows(ONE) && knows(TWO) && !knows(THREE));
	end_wait(&follower.wake);
	finish_read(31);
	assert_int_equal(follower.known.live.n, 2);
}

static void pauses_grow_to_a_bound_and_differ(void **state)
{
	double last = -1.0, most = 0.0;
	unsigned same = 0;
	UNUSED(state);
	follower_start(&follower);
	for (unsigned i = 0; i < 30; i++) {
		fail_read();
		double pause = ev_timer_remaining(cluster.loop, &follower.wake);
		assert_true(i > 0 || pause < 0.31);
		assert_true(pause > 0.09 && pause < 5.01);
		same += pause == last ? 1 : 0;
		most = pause > most ? pause : most;
		last = pause;
		end_wait(&follower.wake);
	}
	assert_true(most > 2.0);
	assert_true(same < 20);
}

static void what_only_a_person_can_mend_is_given_time(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	play_answer(the_read(), 7, "etcdserver: permission denied", NULL, 0);
	assert_int_equal(n_in_flight, 0);
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) > 0.5);
	assert_non_null(strstr(heard.why, "may not read " PREFIX));
}

static void a_member_that_was_silent_is_followed_by_the_next_at_once(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	unsigned was = in_flight[the_read()].endpoint;
	now += TIMEOUT;
	play_end(the_read(), CARRIER_TIMEOUT, NULL, 0);
	assert_int_equal(n_in_flight, 0);
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) < 0.01);
	end_wait(&follower.wake);
	assert_int_not_equal(in_flight[the_read()].endpoint, was);
	etcd_read_cancel(&follower.read);
}

/* ---- more than can be followed --------------------------------------------------------------- */

static void fill(struct known *known)
{
	struct err err;
	char key[20];

	while (known_count(known) < KNOWN_MAX) {
		(void)snprintf(key, sizeof key, PREFIX "%06zu", known_count(known));
		struct etcd_kv kv = {
			.key = key, .key_len = strlen(key), .value = "", .mod_revision = 1
		};
		(void)known_put(known, known, FORMAT_SERVICES, &kv, &err);
	}
}

static void more_keys_than_can_be_followed_are_no_list(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	fill(&follower.arriving);
	say(the_read(), both_at(20));
	expect(0, false);
	assert_int_equal(heard.tries, 1);
	assert_non_null(strstr(heard.why, "more keys"));
	assert_int_equal(known_count(&follower.known), 0);
	assert_int_equal(known_count(&follower.arriving), 0);
	assert_true(ev_timer_remaining(cluster.loop, &follower.wake) > 0.5);
	end_wait(&follower.wake);
	finish_read(20); /* they are gone */
	expect(1, true);
}

static void news_that_are_more_than_that_lead_to_a_read(void **state)
{
	UNUSED(state);
	go_live();
	fill(&follower.known);
	tell(the_watch(), said_put(said_at(21), THREE, GOOD, 21));
	expect(1, false);
	assert_int_equal(follower.state, FOLLOW_READING);
	assert_non_null(strstr(heard.why, "more keys"));
	finish_read(21);
	expect(2, true);
	assert_int_equal(follower.known.live.n, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(begins_with_a_read_and_goes_on_from_there),
		TEST(nothing_at_all_is_told_too),
		TEST(a_put_and_a_deletion_are_changes),
		TEST(what_happens_at_once_is_told_once),
		TEST(the_same_with_a_new_lease_is_no_change),
		TEST(a_deletion_of_what_is_not_known_is_no_change),
		TEST(news_older_than_the_read_are_passed_over),
		TEST(news_in_parts_are_all_taken),
		TEST(a_read_takes_the_place_of_what_was_known),
		TEST(a_bad_value_is_named_once),
		TEST(a_watch_that_ends_is_followed_by_a_read_at_once),
		TEST(a_watch_that_does_not_last_is_paused),
		TEST(what_was_compacted_is_read_again_at_once),
		TEST(a_watch_that_cannot_be_opened_is_trouble),
		TEST(a_watch_is_opened_in_time_or_another_member_is_asked),
		TEST(what_is_known_is_kept_through_an_outage),
		TEST(a_page_that_is_lost_changes_nothing),
		TEST(pauses_grow_to_a_bound_and_differ),
		TEST(what_only_a_person_can_mend_is_given_time),
		TEST(a_member_that_was_silent_is_followed_by_the_next_at_once),
		TEST(more_keys_than_can_be_followed_are_no_list),
		TEST(news_that_are_more_than_that_lead_to_a_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
