/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/guard.h"
#include "agent/util.h"
#include "tests/unit/reader_stage.h"

static bool near(double a, double b)
{
	return a - b < 0.2 && b - a < 0.2;
}

/* ---- what etcd says -------------------------------------------------------------------------- */

static void nothing_is_published_before_etcd_has_spoken(void **state)
{
	UNUSED(state);
	reader_start(&reader);
	expect(0, false, false);
	for (unsigned i = 0; i < 3; i++) {
		end_wait(&reader.age);
		expect(0, false, true);
	}
	assert_true(reader.view.age == 0.0);
	read_finds(2);
	expect(2, true, false);
	assert_int_equal(reader.view.revision, 20);
	assert_true(reader.view.confirmed_at == reader.follower.confirmed_at);
}

static void a_service_without_instances_is_published_too(void **state)
{
	UNUSED(state);
	reader_start(&reader);
	read_finds(0);
	expect(0, true, false);
	open_watch();
	expect(0, false, false);
}

static void changes_are_published_as_they_come(void **state)
{
	UNUSED(state);
	go_live(3);
	tell(0, said_put(said_at(21), PREFIX "new", "{\"host\":\"n\",\"port\":9}", 21));
	expect(4, true, false);
	assert_int_equal(reader.view.revision, 21);
	tell(0, said_deleted(said_at(22), PREFIX "new", 22));
	expect(3, true, false);
	assert_int_equal(reader.view.revision, 22);
}

static void the_same_set_touches_nothing(void **state)
{
	UNUSED(state);
	go_live(3);
	tell(0, said_put_by(said_at(21), PREFIX "h:001", "{\"host\":\"h\",\"port\":1}", 21, 99));
	expect(3, false, false);
	tell(0, said_put(said_at(22), PREFIX "odd", "bad", 22));
	expect(3, false, false);
	now += 60.0;
	play_end(0, CARRIER_BROKEN, NULL, 0);
	say(0, list(3, 23));
	expect(3, false, false);
	open_watch();
	follower_doubt(&reader.follower); /* told, although nothing differs */
	say(0, list(3, 24));
	expect(3, false, false);
	assert_int_equal(reader.view.revision, 24); /* so it was then */
}

/* ---- away ------------------------------------------------------------------------------------ */

static void what_was_published_is_stale_after_a_second(void **state)
{
	UNUSED(state);
	go_live(3);
	double confirmed_at = reader.view.confirmed_at;
	go_away();
	expect(3, false, false);
	assert_true(is_left(&reader.age, 1.0));
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(near(reader.view.age, now - confirmed_at));
	assert_true(is_left(&reader.age, 10.0));
	end_wait(&reader.age);
	expect(3, true, true); /* its age is written anew */
	assert_true(near(reader.view.age, now - confirmed_at));
	come_back(3);
	expect(3, true, false);
	assert_false(ev_is_active(&reader.age));
}

static void a_moment_is_nothing(void **state)
{
	UNUSED(state);
	go_live(3);
	go_away();
	come_back(3);
	expect(3, false, false);
	assert_false(ev_is_active(&reader.age));
}

/* Its age is counted from the last audit, not from the last change. */
static void age_is_counted_from_the_last_confirmation(void **state)
{
	UNUSED(state);
	go_live(3);
	end_wait(&reader.follower.audit.look);
	say(1, said_number(said_at(20), 4, 3));
	double audited_at = now;
	now += 5.0;
	go_away();
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(near(reader.view.age, now - audited_at));
}

static void after_an_interruption_it_is_confirmed_or_stale(void **state)
{
	UNUSED(state);
	go_live(3);
	reader_interrupted(&reader);
	expect(3, false, false);
	end_wait(&reader.age);
	expect(3, true, true);
	come_back(3);
	expect(3, true, false);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static void a_sudden_loss_is_confirmed_by_another_member_first(void **state)
{
	UNUSED(state);
	go_live(5);
	lose(1, 3);
	expect(5, false, false);
	assert_int_not_equal(in_flight[0].endpoint, reader.follower.told_by);
	say(0, said_number(said_key(said_key(said_at(22), PREFIX "h:004",
						    "{\"host\":\"h\",\"port\":4}", 10),
					   PREFIX "h:005", "{\"host\":\"h\",\"port\":5}", 10),
			       4, 2));
	expect(2, true, false);
	open_watch();
}

static void a_loss_that_another_member_does_not_see_is_none(void **state)
{
	UNUSED(state);
	go_live(5);
	lose(1, 5);
	expect(5, false, false);
	read_finds(5);
	expect(5, false, false);
	open_watch();
	assert_false(ev_is_active(&reader.age));
	lose(1, 5); /* the next one is confirmed anew */
	expect(5, false, false);
	assert_int_equal(reader.follower.state, FOLLOW_READING);
}

static void a_loss_that_nobody_confirms_is_stale(void **state)
{
	UNUSED(state);
	go_live(5);
	double lost_at = now;
	lose(1, 5);
	end_wait(&reader.age);
	expect(5, true, true);
	assert_true(near(reader.view.age, now - lost_at));
	read_finds(0);
	expect(0, true, false);
}

/* Those that register need a TTL to come back. */
static void after_an_outage_a_loss_is_held_for_one_ttl(void **state)
{
	UNUSED(state);
	go_live(5);
	go_away();
	end_wait(&reader.age);
	expect(5, true, true);
	come_back(1);
	expect(5, false, true);
	assert_int_equal(reader.follower.state, FOLLOW_OPENING); /* to doubt it is too early */
	open_watch();
	assert_true(is_left(&reader.hold, GUARD_TTL));
	end_wait(&reader.hold);
	expect(5, false, true);
	read_finds(1);
	expect(1, true, false);
}

static void those_that_come_back_meanwhile_are_published(void **state)
{
	UNUSED(state);
	go_live(5);
	go_away();
	end_wait(&reader.age);
	come_back(0);
	expect(5, true, true);
	open_watch();
	for (unsigned i = 1; i <= 5; i++) {
		char key[] = PREFIX "h:00x", value[] = "{\"host\":\"h\",\"port\":x}";
		key[sizeof key - 2] = (char)('0' + i);
		value[sizeof value - 3] = (char)('0' + i);
		now += 0.5;
		tell(0, said_put(said_at(20 + i), key, value, 20 + i));
		expect(i < 3 ? 5 : i, i >= 3, i < 3); /* half of them are no loss */
	}
	end_wait(&reader.hold);
	expect(5, false, false);
	assert_int_equal(reader.follower.state, FOLLOW_LIVE);
}

static void so_it_is_when_the_cluster_was_made_anew(void **state)
{
	UNUSED(state);
	go_live(5);
	cluster.etcd.channel.route.view.epoch++;
	play_end(0, CARRIER_BROKEN, NULL, 0);
	read_finds(0);
	expect(5, false, false);
	assert_true(ev_is_active(&reader.hold));
	open_watch();
	now += 1.0;
	follower_doubt(&reader.follower);
	read_finds(0);
	expect(5, false, false); /* no read is enough */
	end_wait(&reader.hold);
	read_finds(0);
	expect(0, true, false);
}

/* It may end while all is read. */
static void a_hold_that_ends_while_all_is_read_is_not_forgotten(void **state)
{
	UNUSED(state);
	go_live(5);
	go_away();
	end_wait(&reader.age);
	expect(5, true, true);
	come_back(1);
	open_watch();
	now += 5.0;
	play_end(0, CARRIER_BROKEN, NULL, 0);
	end_wait(&reader.hold);
	read_finds(1); /* it was begun before */
	expect(5, false, true);
	read_finds(1);
	expect(1, true, false);
}

/* ---- on_empty: keep -------------------------------------------------------------------------- */

static void go_live_and_keep(unsigned n)
{
	reader.on_empty = ON_EMPTY_KEEP;
	go_live(n);
	lose(1, n);
	read_finds(0);
	expect(n, false, false);
	open_watch();
}

static void the_last_ones_are_kept_when_they_are_to_be(void **state)
{
	UNUSED(state);
	go_live_and_keep(3);
	double lost_at = now;
	end_wait(&reader.age);
	expect(3, true, true);
	now += 7.0;
	end_wait(&reader.age);
	expect(3, true, true);
	assert_true(near(reader.view.age, now - lost_at));
	tell(0, said_put(said_at(30), PREFIX "h:001", "{\"host\":\"h\",\"port\":1}", 30));
	expect(1, true, false);
}

static void without_instances_from_the_beginning_there_is_nothing_to_keep(void **state)
{
	UNUSED(state);
	reader.on_empty = ON_EMPTY_KEEP;
	reader_start(&reader);
	read_finds(0);
	expect(0, true, false);
}

/* It was stale already when etcd went away. */
static void an_outage_is_noticed_while_they_are_kept(void **state)
{
	UNUSED(state);
	go_live_and_keep(3);
	end_wait(&reader.age);
	expect(3, true, true);
	now += 3.0;
	go_away();
	now += 5.0;
	come_back(1);
	expect(3, false, true);
	assert_true(ev_is_active(&reader.hold));
}

/* But a moment is none, then as ever. */
static void a_moment_is_no_outage_while_they_are_kept(void **state)
{
	UNUSED(state);
	go_live_and_keep(3);
	end_wait(&reader.age);
	expect(3, true, true);
	now += 3.0;
	go_away();
	come_back(1);
	expect(1, true, false); /* that the others are gone was confirmed long ago */
	assert_false(ev_is_active(&reader.hold));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_published_before_etcd_has_spoken),
		TEST(a_service_without_instances_is_published_too),
		TEST(changes_are_published_as_they_come),
		TEST(the_same_set_touches_nothing),
		TEST(what_was_published_is_stale_after_a_second),
		TEST(a_moment_is_nothing),
		TEST(age_is_counted_from_the_last_confirmation),
		TEST(after_an_interruption_it_is_confirmed_or_stale),
		TEST(a_sudden_loss_is_confirmed_by_another_member_first),
		TEST(a_loss_that_another_member_does_not_see_is_none),
		TEST(a_loss_that_nobody_confirms_is_stale),
		TEST(after_an_outage_a_loss_is_held_for_one_ttl),
		TEST(those_that_come_back_meanwhile_are_published),
		TEST(so_it_is_when_the_cluster_was_made_anew),
		TEST(a_hold_that_ends_while_all_is_read_is_not_forgotten),
		TEST(the_last_ones_are_kept_when_they_are_to_be),
		TEST(without_instances_from_the_beginning_there_is_nothing_to_keep),
		TEST(an_outage_is_noticed_while_they_are_kept),
		TEST(a_moment_is_no_outage_while_they_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
