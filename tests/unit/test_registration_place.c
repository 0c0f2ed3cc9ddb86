/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a registration from outside, and how one takes the place of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"

#include "tests/unit/registration_stage.h"

static struct counts counts;
static unsigned changes;

static void on_change(struct registration *r)
{
	assert_ptr_equal(r, &stage.r);
	changes++;
}

static int set_up_seen(void **state)
{
	int result = set_up(state);

	memset(&counts, 0, sizeof counts);
	changes = 0;
	stage.r.counts = &counts;
	stage.r.on_change = on_change;
	return result;
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static void is_at_its_goal_when_etcd_has_said_so(void **state)
{
	UNUSED(state);
	assert_false(registration_is_at_goal(&stage.r)); /* nothing is known yet */
	registration_want(&stage.r, GOAL_ABSENT);
	assert_true(registration_is_at_goal(&stage.r));
	registration_want(&stage.r, GOAL_PRESENT);
	assert_false(registration_is_at_goal(&stage.r));
	grant(7);
	assert_false(registration_is_at_goal(&stage.r));
	answer(OUTCOME_OK);
	assert_true(registration_is_at_goal(&stage.r) && registration_is_listed(&stage.r));
	registration_want(&stage.r, GOAL_KEEP);
	assert_false(registration_is_at_goal(&stage.r));
	registration_want(&stage.r, GOAL_ABSENT);
	assert_false(registration_is_at_goal(&stage.r));
	answer(OUTCOME_OK);
	assert_true(registration_is_at_goal(&stage.r));
	assert_false(registration_is_listed(&stage.r));
}

static void each_answer_is_told(void **state)
{
	UNUSED(state);
	hold(7);
	assert_int_equal(changes, 2);
	end_pause();
	leave_unsure(false, false);
	assert_int_equal(changes, 3);
}

/* etcd may have removed it meanwhile, and nobody can tell. */
static void is_not_listed_for_sure_when_the_lease_may_have_ended(void **state)
{
	UNUSED(state);
	hold(7);
	now += 9.9;
	assert_true(registration_is_listed(&stage.r));
	now += 0.2;
	assert_false(registration_is_listed(&stage.r));
	assert_false(registration_is_at_goal(&stage.r));
	assert_true(registration_holds_lease(&stage.r));
}

static void counts_what_happens_to_it(void **state)
{
	UNUSED(state);
	hold(7);
	assert_int_equal(counts.registrations, 1);
	stage.r.absence = ABSENCE_DRAINED;
	registration_want(&stage.r, GOAL_ABSENT);
	answer(OUTCOME_OK);
	assert_int_equal(counts.deregistrations[ABSENCE_DRAINED], 1);
	hold(8);
	end_pause();
	answer(OUTCOME_GONE);
	assert_int_equal(counts.leases_lost, 1);
	grant(9);
	answer(OUTCOME_OK);
	assert_int_equal(counts.registrations, 3);
	stage.r.absence = ABSENCE_STOPPED;
	registration_want(&stage.r, GOAL_EXIT);
	answer(OUTCOME_GONE);
	assert_int_equal(counts.deregistrations[ABSENCE_STOPPED], 1);
	assert_int_equal(counts.leases_lost, 1); /* gone is what was asked for */
}

static void a_lease_that_never_had_the_key_is_no_deregistration(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(7);
	answer(OUTCOME_TAKEN);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_OK);
	for (int i = 0; i < N_ABSENCES; i++) {
		assert_int_equal(counts.deregistrations[i], 0);
	}
}

static void knows_since_when_it_is_not_listed(void **state)
{
	UNUSED(state);
	assert_true(stage.r.unlisted_at < -1e6); /* never was */
	hold(7);
	now = 1003.0;
	registration_want(&stage.r, GOAL_ABSENT);
	now = 1004.0;
	answer(OUTCOME_OK);
	assert_true(stage.r.unlisted_at > 1003.9 && stage.r.unlisted_at < 1004.1);
}

/* ---- one after another ----------------------------------------------------------------------- */

/* Of the same keys in the same etcd; to be given what it holds. */
static struct registration predecessor(void)
{
	return (struct registration){
		.state = LEASE_HELD,
		.etcd = stage.r.etcd,
		.entries = stage.r.entries,
		.lease = 0x77,
		.puts = 1,
		.has_put = true,
		.earlier = { 0x55 },
	};
}

static void succeed(struct registration *before)
{
	registration_succeed(&stage.r, before);
	registration_want(&stage.r, GOAL_PRESENT);
	etcd.revision = 40;
	grant(7);
	assert_int_equal(etcd.what, ASKED_PUT);
}

static void a_successor_takes_over_from_its_predecessors_leases(void **state)
{
	struct registration before = predecessor();

	UNUSED(state);
	succeed(&before);
	assert_int_equal(etcd.claim.terms.earlier[0], 0x77);
	assert_int_equal(etcd.claim.terms.earlier[1], 0x55);
}

/* In a storm of reloads there are many of them, and there is room for few. */
static void a_lease_that_was_never_put_on_is_not_passed_on(void **state)
{
	struct registration before = predecessor();

	UNUSED(state);
	before.state = LEASE_GRANTED;
	before.puts = 0;
	succeed(&before);
	assert_int_equal(etcd.claim.terms.earlier[0], 0x55);
	assert_int_equal(etcd.claim.terms.earlier[1], 0);
}

/* What that one has on its own predecessor's lease may still be there. */
static void a_predecessor_without_a_lease_passes_on_what_it_had(void **state)
{
	struct registration before = predecessor();

	UNUSED(state);
	before.state = LEASE_GRANTING;
	succeed(&before);
	assert_int_equal(etcd.claim.terms.earlier[0], 0x55);
	assert_int_equal(etcd.claim.terms.earlier[1], 0);
}

/* Who stands by for someone newer is no newer for having been given a new descriptor. */
static void a_successor_is_as_old_as_its_predecessor(void **state)
{
	struct registration before = predecessor();

	UNUSED(state);
	succeed(&before);
	assert_int_equal(etcd.claim.terms.take_over_up_to, TAKE_OVER_NOTHING);
}

static void a_successor_of_one_that_never_put_is_new(void **state)
{
	struct registration before = predecessor();

	UNUSED(state);
	before.has_put = false;
	succeed(&before);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
}

/* In another etcd, or of another key, nothing is known of who came first. */
static void assert_is_new(struct registration *before)
{
	succeed(before);
	assert_int_equal(etcd.claim.terms.take_over_up_to, 40);
	assert_int_equal(etcd.claim.terms.earlier[0], 0);
	assert_false(before->handed_over);
}

static void who_comes_with_another_key_is_new(void **state)
{
	struct registration before = predecessor();
	char other[] = "/services/other/localhost:1";

	UNUSED(state);
	before.entries.at[0].key = other;
	assert_is_new(&before);
}

static void who_comes_in_another_etcd_is_new(void **state)
{
	struct registration before = predecessor();
	struct etcd elsewhere;

	UNUSED(state);
	before.etcd = &elsewhere;
	assert_is_new(&before);
}

/* It looks at its key when the new one has just taken it, and before anybody has told it. */
static void one_that_is_succeeded_is_not_contested(void **state)
{
	struct registration after = { .etcd = stage.r.etcd, .entries = stage.r.entries };

	UNUSED(state);
	hold(7);
	registration_succeed(&after, &stage.r);
	for (int i = 0; i < 3; i++) {
		renew();
		answer(OUTCOME_OK);
	}
	assert_int_equal(etcd.what, ASKED_VERIFY);
	answer(OUTCOME_TAKEN);
	assert_false(stage.r.contested);
}

static void one_that_handed_its_key_over_goes_without_a_word(void **state)
{
	UNUSED(state);
	hold(7);
	registration_hand_over(&stage.r);
	registration_want(&stage.r, GOAL_EXIT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	assert_int_equal(etcd.lease, 7);
	answer(OUTCOME_OK);
	end_pause();
	assert_int_equal(stage.gone, 1);
	for (int i = 0; i < N_ABSENCES; i++) {
		assert_int_equal(counts.deregistrations[i], 0);
	}
}

/* A look at the key that was under way then finds it with the successor. */
static void one_that_handed_its_key_over_is_not_contested(void **state)
{
	UNUSED(state);
	hold(7);
	for (int i = 0; i < 3; i++) {
		renew();
		answer(OUTCOME_OK);
	}
	assert_int_equal(etcd.what, ASKED_VERIFY);
	registration_hand_over(&stage.r);
	registration_want(&stage.r, GOAL_EXIT);
	answer(OUTCOME_TAKEN);
	assert_false(stage.r.contested);
	assert_int_equal(etcd.what, ASKED_REVOKE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_seen, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_at_its_goal_when_etcd_has_said_so),
		TEST(each_answer_is_told),
		TEST(is_not_listed_for_sure_when_the_lease_may_have_ended),
		TEST(counts_what_happens_to_it),
		TEST(a_lease_that_never_had_the_key_is_no_deregistration),
		TEST(knows_since_when_it_is_not_listed),
		TEST(a_successor_takes_over_from_its_predecessors_leases),
		TEST(a_lease_that_was_never_put_on_is_not_passed_on),
		TEST(a_predecessor_without_a_lease_passes_on_what_it_had),
		TEST(a_successor_is_as_old_as_its_predecessor),
		TEST(a_successor_of_one_that_never_put_is_new),
		TEST(who_comes_with_another_key_is_new),
		TEST(who_comes_in_another_etcd_is_new),
		TEST(one_that_is_succeeded_is_not_contested),
		TEST(one_that_handed_its_key_over_goes_without_a_word),
		TEST(one_that_handed_its_key_over_is_not_contested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
