/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "tests/unit/follower_stage.h"

static void an_audit_that_finds_nothing_confirms(void **state)
{
	UNUSED(state);
	go_live();
	for (unsigned i = 0; i < 3; i++) {
		begin_audit();
		double asked_at = now;
		now += 0.5;
		say(the_audit(), audited(1000 + i, 2, false));
		assert_true(follower.confirmed_at == asked_at);
	}
	expect(0, true); /* nothing to tell */
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_int_equal(n_in_flight, 1);
	assert_int_equal(follower.reads, 1);
}

static void keys_that_are_no_instances_are_counted(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_put(said_at(21), THREE, "bad", 21));
	begin_audit();
	say(the_audit(), audited(21, 3, false));
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.look) > 5.0);
	expect(0, true);
}

static void what_an_audit_finds_may_be_on_its_way(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	say(the_audit(), audited(21, 3, true));
	expect(0, true);
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.look) < 1.01);
	tell(the_watch(), said_put(said_at(21), THREE, GOOD, 21));
	expect(1, true);
	begin_audit(); /* it is looked at again in its own time */
	say(the_audit(), audited(21, 3, false));
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_int_equal(n_abandoned, 0);
	assert_int_equal(heard.troubles, 0);
}

/* A change that is late is not a change that is missed: each is waited for anew. */
static void what_is_late_twice_is_not_missed(void **state)
{
	UNUSED(state);
	go_live();
	for (int64_t i = 21; i < 25; i++) {
		begin_audit();
		say(the_audit(), audited(i, 2, true));
		tell(the_watch(), said_put(said_at(i), ONE, GOOD, i));
	}
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_int_equal(n_abandoned, 0);
}

static void miss(struct said first, struct said second)
{
	go_live();
	unsigned was = in_flight[the_watch()].endpoint % MEMBERS;
	begin_audit();
	say(the_audit(), first);
	end_wait(&follower.audit.look);
	say(the_audit(), second);
	assert_int_equal(n_abandoned, 1);
	assert_int_equal(n_in_flight, 1);
	assert_int_not_equal(in_flight[the_read()].endpoint, was);
	expect(1, false);
	assert_int_equal(heard.tries, 1);
	assert_non_null(strstr(heard.why, "missed"));
	say(the_read(), said_key(both_at(30), THREE, GOOD, 21));
	expect(2, true);
	assert_int_not_equal(in_flight[the_watch()].endpoint % MEMBERS, was);
}

static void what_is_found_twice_was_missed_and_the_member_is_left(void **state)
{
	UNUSED(state);
	miss(audited(21, 3, true), audited(21, 3, true));
}

static void a_key_that_is_gone_is_found_by_their_number(void **state)
{
	UNUSED(state);
	miss(audited(21, 1, false), audited(21, 1, false));
}

static void so_is_one_that_was_written_anew(void **state)
{
	UNUSED(state);
	miss(audited(21, 2, true), audited(25, 3, true));
}

/* By one that was in step, between two that were not. */
static void a_doubt_that_passes_is_forgotten(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	say(the_audit(), audited(21, 1, false));
	end_wait(&follower.audit.look);
	say(the_audit(), audited(22, 2, false));
	begin_audit();
	say(the_audit(), audited(23, 1, false));
	assert_int_equal(follower.state, FOLLOW_LIVE);
	expect(0, true);
}

static void without_an_answer_to_an_audit_nothing_is_sure(void **state)
{
	UNUSED(state);
	go_live();
	double confirmed_at = follower.confirmed_at;
	begin_audit();
	fail_audit();
	expect(1, false);
	assert_int_equal(heard.tries, 1);
	assert_int_equal(follower.state, FOLLOW_LIVE); /* the watch is as good as it was */
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.look) < 0.51);
	end_wait(&follower.audit.look);
	fail_audit();
	expect(1, false);
	assert_int_equal(heard.tries, 2);
	assert_true(follower.confirmed_at == confirmed_at);
	end_wait(&follower.audit.look);
	say(the_audit(), audited(20, 2, false));
	expect(2, true);
	assert_int_equal(heard.tries, 0);
	assert_int_equal(n_in_flight, 1);
}

static void a_member_that_is_silent_is_left_at_once(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	unsigned silent = in_flight[the_audit()].endpoint % MEMBERS;
	now += 60.0; /* its deadline has come */
	play_end(the_audit(), CARRIER_TIMEOUT, NULL, 0);
	expect(1, false);
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.look) < 0.01);
	end_wait(&follower.audit.look);
	assert_int_not_equal(in_flight[the_audit()].endpoint % MEMBERS, silent);
	say(the_audit(), audited(20, 2, false));
	expect(2, true);
	assert_int_equal(heard.tries, 0);
}

static void news_are_as_good_as_an_audit(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	fail_audit();
	end_wait(&follower.audit.look);
	(void)the_audit();
	tell(the_watch(), said_put(said_at(21), ONE, GOOD, 21)); /* nothing to see */
	expect(2, true);
	assert_int_equal(heard.tries, 0);
	assert_int_equal(n_in_flight, 1); /* the audit is of no use any more */
	begin_audit();
	say(the_audit(), audited(21, 2, false));
}

static void an_audit_ends_with_its_watch(void **state)
{
	UNUSED(state);
	go_live();
	begin_audit();
	play_end(the_watch(), CARRIER_BROKEN, NULL, 0);
	assert_int_equal(n_in_flight, 1);
	finish_read(20);
	open_watch();
	begin_audit();
	say(the_audit(), audited(20, 2, false));
	expect(0, true);
}

/* ---- while there is news ----------------------------------------------------------- */

/* A watch that has much to make up for gets a part at a time, all with etcd's revision of now. */
static void news_in_batches_are_all_taken(void **state)
{
	UNUSED(state);
	go_live();
	tell(the_watch(), said_put(said_at(5000), ONE, OTHER, 1021));
	tell(the_watch(), said_put(said_at(5000), THREE, GOOD, 2021));
	expect(2, true);
	assert_int_equal(follower.known.live.n, 3);
	assert_int_equal(follower.revision, 2021); /* up to which it is whole */
}

static unsigned the_count(void)
{
	for (unsigned i = 0; i < n_in_flight; i++) {
		if (in_flight[i].request == &follower.audit.count.request.routed.carried) {
			return i;
		}
	}
	fail_msg("nothing is counted");
	return 0;
}

/* ONE is there, TWO, and what news have brought; the keys are counted. */
static void count_after_news(int64_t revision)
{
	go_live();
	tell(the_watch(), said_put(said_at(revision), THREE, GOOD, revision));
	end_wait(&follower.audit.tally);
}

static void with_news_the_keys_are_counted_as_of_our_revision(void **state)
{
	const struct etcd_scope scope = {
		.prefix = PREFIX, .revision = 21, .limit = 1, .keys_only = true
	};
	struct etcd_body wanted;
	UNUSED(state);
	count_after_news(21);
	assert_int_equal(etcd_encode_scope(&wanted, &scope), 0);
	assert_int_equal(in_flight[the_count()].len, wanted.len);
	assert_memory_equal(in_flight[the_count()].body, wanted.at, wanted.len);
	etcd_body_free(&wanted);
	tell(the_watch(), said_deleted(said_at(22), THREE, 22)); /* is no matter */
	say(the_count(), audited(25, 3, true));
	expect(2, true);
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.tally) > 5.0);
}

static void what_is_not_among_the_news_was_missed(void **state)
{
	UNUSED(state);
	count_after_news(21);
	say(the_count(), audited(25, 4, true));
	assert_int_equal(follower.state, FOLLOW_READING);
	assert_int_equal(n_abandoned, 1);
	expect(2, false);
	assert_non_null(strstr(heard.why, "missed"));
	say(the_read(), both_at(30));
}

static void a_count_that_cannot_be_had_says_nothing(void **state)
{
	UNUSED(state);
	count_after_news(21);
	play_answer(the_count(), GRPC_OUT_OF_RANGE,
			"etcdserver: mvcc: required revision has been compacted", NULL, 0);
	expect(1, true);
	assert_int_equal(heard.troubles, 0);
	assert_int_equal(follower.state, FOLLOW_LIVE);
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.tally) > 5.0);
}

static void nothing_is_counted_without_news_or_within_some(void **state)
{
	UNUSED(state);
	go_live();
	end_wait(&follower.audit.tally);
	assert_null(follower.audit.count.etcd);
	tell(the_watch(), said_number(said_put(said_at(21), THREE, GOOD, 21), 7, 1)); /* a part */
	end_wait(&follower.audit.tally);
	assert_null(follower.audit.count.etcd);
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.tally) < 1.01);
	tell(the_watch(), said_deleted(said_at(21), ONE, 21));
	end_wait(&follower.audit.tally);
	say(the_count(), audited(21, 2, true));
	assert_int_equal(follower.state, FOLLOW_LIVE);
}

/* An etcd that lies may have no next one, for a watch or an audit to begin with. */
static void the_last_revision_is_no_end(void **state)
{
	UNUSED(state);
	follower_start(&follower);
	finish_read(INT64_MAX);
	open_watch();
	begin_audit();
	expect(1, true);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_last_revision_is_no_end),
		TEST(an_audit_that_finds_nothing_confirms),
		TEST(keys_that_are_no_instances_are_counted),
		TEST(what_an_audit_finds_may_be_on_its_way),
		TEST(what_is_late_twice_is_not_missed),
		TEST(what_is_found_twice_was_missed_and_the_member_is_left),
		TEST(a_key_that_is_gone_is_found_by_their_number),
		TEST(so_is_one_that_was_written_anew),
		TEST(a_doubt_that_passes_is_forgotten),
		TEST(without_an_answer_to_an_audit_nothing_is_sure),
		TEST(a_member_that_is_silent_is_left_at_once),
		TEST(news_are_as_good_as_an_audit),
		TEST(an_audit_ends_with_its_watch),
		TEST(news_in_batches_are_all_taken),
		TEST(with_news_the_keys_are_counted_as_of_our_revision),
		TEST(what_is_not_among_the_news_was_missed),
		TEST(a_count_that_cannot_be_had_says_nothing),
		TEST(nothing_is_counted_without_news_or_within_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
