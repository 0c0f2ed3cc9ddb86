/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/guard.h"
#include "agent/util.h"

/* A guard, and what is outside: the test plays the reader. */
static struct guard guard;
static struct instances outside, live;
static unsigned reads;
static double now;

/* `live` holds the instances first to last, and nothing else. */
static void see(unsigned first, unsigned last)
{
	instances_finish(&live);
	for (unsigned i = first; i <= last; i++) {
		char key[20];
		(void)snprintf(key, sizeof key, "/s/a/%03u", i);
		struct instance *made = instance_make(key, "host", 1, "", "{}");
		assert_non_null(made);
		assert_int_equal(instances_put(&live, made), 0);
		instance_unref(made);
	}
}

static enum guard_verdict judge(void)
{
	return guard_judge(&guard, &outside, &live, reads, now);
}

static void publish(void)
{
	assert_int_equal(judge(), GUARD_PUBLISH);
	assert_int_equal(guard_published(&guard, &outside, &live, now), 0);
	assert_int_equal(instances_copy(&outside, &live), 0);
}

/* What is seen from now on is published as it is. */
static void publishes(unsigned first, unsigned last)
{
	see(first, last);
	publish();
}

static int set_up(void **state)
{
	UNUSED(state);
	guard = (struct guard){ 0 };
	now = 1000.0;
	reads = 1;
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	guard_finish(&guard);
	instances_finish(&outside);
	instances_finish(&live);
	return 0;
}

static void the_first_and_all_that_is_more_is_published(void **state)
{
	UNUSED(state);
	see(1, 0);
	publish();
	publishes(1, 1);
	publishes(1, 20);
	publishes(1, 100);
}

static void half_may_go_at_once_and_not_more(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	see(1, 4);
	assert_int_equal(judge(), GUARD_CONFIRM);
	publishes(1, 5);
}

static void the_last_one_is_a_loss(void **state)
{
	UNUSED(state);
	publishes(1, 1);
	see(1, 0);
	assert_int_equal(judge(), GUARD_CONFIRM);
}

static void a_loss_is_believed_after_one_more_read(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	see(1, 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(judge(), GUARD_CONFIRM);
	}
	now += 100.0; /* no time is long enough */
	assert_int_equal(judge(), GUARD_CONFIRM);
	reads++;
	publish();
}

static void losses_within_one_ttl_count_together(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	now += 1.0;
	publishes(1, 8);
	now += 1.0;
	publishes(1, 6);
	now += 1.0;
	see(1, 4);
	assert_int_equal(judge(), GUARD_CONFIRM);
}

/* What was outside until now is what is lost from, however long it had been there. */
static void so_they_do_after_a_long_rest(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	now += 1000.0;
	publishes(1, 6);
	now += 0.1;
	see(1, 3);
	assert_int_equal(judge(), GUARD_CONFIRM);
}

static void losses_that_take_their_time_are_believed(void **state)
{
	UNUSED(state);
	for (unsigned n = 10; n > 1; n -= n / 2) {
		publishes(1, n);
		now += GUARD_TTL + 0.1;
	}
}

static void a_loss_after_growth_is_one_of_all_that_was_there(void **state)
{
	UNUSED(state);
	publishes(1, 4);
	now += 1.0;
	publishes(1, 20);
	now += 1.0;
	see(1, 9);
	assert_int_equal(judge(), GUARD_CONFIRM);
	see(1, 10);
	assert_int_equal(judge(), GUARD_PUBLISH);
}

static void to_be_replaced_by_others_is_a_loss(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	see(101, 110);
	assert_int_equal(judge(), GUARD_CONFIRM);
	see(6, 25); /* half of them are there yet */
	assert_int_equal(judge(), GUARD_PUBLISH);
}

static void a_rolling_update_is_no_loss(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	for (unsigned i = 1; i <= 10; i++) {
		publishes(i, i + 10); /* the new one comes before an old one goes */
		publishes(i + 1, i + 10);
	}
}

static void a_doubt_is_over_when_they_are_back(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	see(1, 2);
	assert_int_equal(judge(), GUARD_CONFIRM);
	see(1, 10);
	assert_int_equal(judge(), GUARD_PUBLISH); /* it stands there already */
	reads += 5;
	see(1, 2);
	assert_int_equal(judge(), GUARD_CONFIRM); /* the reads between were of another loss */
}

static void after_a_loss_that_was_believed_the_next_is_counted_from_there(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	see(1, 2);
	assert_int_equal(judge(), GUARD_CONFIRM);
	reads++;
	publish();
	publishes(1, 1);
	see(1, 0);
	assert_int_equal(judge(), GUARD_CONFIRM);
}

static void after_an_outage_a_loss_is_held_for_one_ttl_and_then_confirmed(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	guard_outage_over(&guard, false, now);
	see(1, 2);
	now += GUARD_TTL - 0.1;
	reads++;
	assert_int_equal(judge(), GUARD_HOLD);
	assert_true(guard.hold_until > now);
	now += 0.1;
	assert_int_equal(judge(), GUARD_CONFIRM);
	reads++;
	publish();
}

static void all_else_is_published_meanwhile(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	guard_outage_over(&guard, false, now);
	publishes(1, 6);
	publishes(1, 30);
}

/* Every key is gone there, and comes back by itself or not at all. */
static void in_an_etcd_that_was_made_anew_any_loss_is_held(void **state)
{
	UNUSED(state);
	publishes(1, 10);
	guard_outage_over(&guard, true, now);
	now += 1.0;
	guard_outage_over(&guard, false, now); /* it is as new as it was */
	see(1, 9);
	assert_int_equal(judge(), GUARD_HOLD);
	publishes(1, 10);
	publishes(1, 30);
	see(1, 29);
	now = guard.hold_until;
	assert_int_equal(judge(), GUARD_PUBLISH); /* one of thirty needs no more proof */
	guard_outage_over(&guard, false, now);
	assert_int_equal(judge(), GUARD_PUBLISH);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_and_all_that_is_more_is_published),
		TEST(half_may_go_at_once_and_not_more),
		TEST(the_last_one_is_a_loss),
		TEST(a_loss_is_believed_after_one_more_read),
		TEST(losses_within_one_ttl_count_together),
		TEST(so_they_do_after_a_long_rest),
		TEST(losses_that_take_their_time_are_believed),
		TEST(a_loss_after_growth_is_one_of_all_that_was_there),
		TEST(to_be_replaced_by_others_is_a_loss),
		TEST(a_rolling_update_is_no_loss),
		TEST(a_doubt_is_over_when_they_are_back),
		TEST(after_a_loss_that_was_believed_the_next_is_counted_from_there),
		TEST(after_an_outage_a_loss_is_held_for_one_ttl_and_then_confirmed),
		TEST(all_else_is_published_meanwhile),
		TEST(in_an_etcd_that_was_made_anew_any_loss_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
