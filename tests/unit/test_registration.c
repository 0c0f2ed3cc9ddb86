/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"

#include "tests/unit/registration_stage.h"

/* ---- coming up ------------------------------------------------------------------------------- */

static void does_nothing_before_a_goal(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_KEEP);
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.calls, 0);
	assert_false(pausing());
	assert_false(registration_holds_lease(&stage.r));
}

static void grants_then_puts_then_renews(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	assert_int_equal(etcd.what, ASKED_GRANT);
	assert_int_equal(etcd.ttl_s, 10);
	assert_false(registration_holds_lease(&stage.r));
	grant(0x2d1f);
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.lease, 0x2d1f);
	assert_int_equal(etcd.claim.n, 1);
	assert_string_equal(etcd.claim.entries[0].key, "/services/coupon/localhost:50051");
	assert_string_equal(etcd.claim.entries[0].value,
			"{\"host\":\"localhost\",\"port\":50051,\"protocol\":\"grpc\"}");
	assert_int_equal(etcd.claim.terms.take_over_up_to, etcd.revision);
	assert_true(registration_holds_lease(&stage.r));
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.state, LEASE_HELD);
	assert_true(pause_left() > 3.0 && pause_left() <= 10.0 / 3.0);
	renew();
	assert_int_equal(etcd.lease, 0x2d1f);
}

static void counts_the_lease_from_when_it_asked(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	now += 2.0;
	grant(1);
	assert_true(stage.r.sure_until > 1009.99 && stage.r.sure_until < 1010.01);
	answer(OUTCOME_OK);
	assert_true(pause_left() <= 10.0 / 3.0 - 2.0);
}

static void renews_at_once_when_the_put_took_long(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(1);
	now += 4.0;
	answer(OUTCOME_OK);
	assert_int_equal(etcd.what, ASKED_RENEW);
}

static void takes_the_ttl_that_etcd_grants(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK, .lease = 5, .ttl = 60.0 });
	answer(OUTCOME_OK);
	assert_true(pause_left() > 15.0 && pause_left() <= 20.0);
}

static void retries_a_grant_for_ever(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	for (unsigned i = 0; i < 200; i++) {
		answer(OUTCOME_UNSURE);
		assert_int_equal(stage.r.state, LEASE_NONE);
		assert_true(pause_left() > 0.05 && pause_left() <= 5.0);
		end_pause();
		assert_int_equal(etcd.what, ASKED_GRANT);
	}
	grant(1);
	assert_int_equal(etcd.what, ASKED_PUT);
}

/* ---- ahead of the verdict -------------------------------------------------------------------- */

static void has_a_lease_ready(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_READY);
	grant(1);
	assert_int_equal(stage.r.state, LEASE_GRANTED);
	assert_null(etcd.call);
	assert_false(pausing());
	assert_false(registration_is_at_goal(&stage.r));
	registration_want(&stage.r, GOAL_PRESENT);
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.lease, 1);
	answer(OUTCOME_OK);
	assert_int_equal(etcd.calls, 2);
	assert_true(registration_is_at_goal(&stage.r));
}

static void puts_when_the_lease_comes_after_the_verdict(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_READY);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(1);
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.calls, 2);
}

static void gives_the_lease_back_when_the_verdict_is_bad(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_READY);
	registration_want(&stage.r, GOAL_ABSENT);
	grant(1);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_OK);
	assert_true(registration_is_at_goal(&stage.r));
	assert_int_equal(stage.r.unlisted_at < now, 1); /* nothing was taken from anybody */
}

/* Nothing hangs on it: it is left to lapse when etcd is out of reach. */
static void a_lease_without_a_key_is_revoked_once(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_READY);
	grant(1);
	registration_want(&stage.r, GOAL_ABSENT);
	assert_int_equal(etcd.what, ASKED_REVOKE);
	answer(OUTCOME_UNSURE);
	assert_int_equal(stage.r.state, LEASE_NONE);
	assert_null(etcd.call);
	assert_false(pausing());
	registration_want(&stage.r, GOAL_PRESENT);
	grant(2);
	answer(OUTCOME_UNSURE); /* the put, which may yet arrive */
	registration_want(&stage.r, GOAL_ABSENT);
	answer(OUTCOME_UNSURE);
	assert_int_equal(stage.r.state, LEASE_DOOMED);
}

/* It has lapsed meanwhile: that is no loss, and not counted as one. */
static void a_verdict_that_comes_late_takes_another_lease(void **state)
{
	static struct counts counts;

	UNUSED(state);
	counts = (struct counts){ 0 };
	stage.r.counts = &counts;
	registration_want(&stage.r, GOAL_READY);
	grant(1);
	now += 60.0;
	registration_want(&stage.r, GOAL_PRESENT);
	assert_int_equal(etcd.what, ASKED_PUT);
	answer(OUTCOME_GONE);
	grant(2);
	assert_int_equal(etcd.claim.terms.lease, 2);
	answer(OUTCOME_OK);
	assert_int_equal(counts.leases_lost, 0);
	assert_int_equal(counts.registrations, 1);
	renew();
	answer(OUTCOME_GONE);
	assert_int_equal(counts.leases_lost, 1);
	stage.r.counts = NULL;
}

/* ---- keeping it ------------------------------------------------------------------------------ */

static void reads_the_key_back_after_every_third_renewal(void **state)
{
	UNUSED(state);
	hold(1);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 3; i++) {
			renew();
			answer(OUTCOME_OK);
		}
		assert_int_equal(etcd.what, ASKED_VERIFY);
		assert_int_equal(etcd.claim.terms.lease, 1);
		answer(OUTCOME_OK);
		assert_int_equal(stage.r.state, LEASE_HELD);
	}
}

/* As `answer`, with where etcd is; a put or a look also says at which revision ours was written. */
static void answer_at(int64_t revision)
{
	end_call((struct etcd_reply){ .outcome = OUTCOME_OK,
			.ttl = 10.0,
			.written = 40,
			.at = { .cluster = 5, .term = 2, .revision = revision, .member = 6 } });
}

static void reads_nothing_back_while_nothing_is_written(void **state)
{
	UNUSED(state);
	registration_want(&stage.r, GOAL_PRESENT);
	grant(1);
	answer_at(40);
	for (unsigned i = 0; i < 20; i++) {
		renew();
		answer_at(40);
	}
	assert_null(etcd.call);
	renew();
	answer_at(41); /* perhaps by somebody who deleted it */
	assert_int_equal(etcd.what, ASKED_VERIFY);
	assert_int_equal(etcd.claim.written, 40);
	answer_at(43); /* it was not ours, and there is more since */
	for (unsigned i = 0; i < 20; i++) {
		renew();
		answer_at(43);
	}
	assert_null(etcd.call);
	renew();
	answer_at(44);
	end_call((struct etcd_reply){ .outcome = OUTCOME_DETACHED });
	assert_int_equal(etcd.what, ASKED_PUT);
	answer_at(45);
	renew();
	answer_at(45);
	assert_null(etcd.call);
}

static void a_lost_renewal_keeps_the_lease(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	for (unsigned i = 0; i < 50; i++) {
		answer(OUTCOME_UNSURE);
		assert_int_equal(stage.r.state, LEASE_HELD);
		assert_true(pause_left() <= 10.0 / 3.0 + 0.001);
		renew();
		assert_int_equal(etcd.lease, 1);
	}
	answer(OUTCOME_OK);
	assert_true(stage.r.backoff.last == 0.0);
}

static void a_verify_without_an_answer_comes_again_after_one_renewal(void **state)
{
	UNUSED(state);
	hold(1);
	for (unsigned i = 0; i < 3; i++) {
		renew();
		answer(OUTCOME_OK);
	}
	assert_int_equal(etcd.what, ASKED_VERIFY);
	answer(OUTCOME_UNSURE);
	assert_int_equal(stage.r.state, LEASE_HELD);
	renew(); /* first: the lease must live */
	answer(OUTCOME_OK);
	assert_int_equal(etcd.what, ASKED_VERIFY);
}

static void read_backs_that_are_lost_are_one_row(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	answer(OUTCOME_OK);
	renew();
	answer(OUTCOME_OK);
	for (unsigned i = 1; i < 5; i++) {
		renew();
		answer(OUTCOME_OK);
		assert_int_equal(etcd.what, ASKED_VERIFY);
		answer(OUTCOME_UNSURE);
		assert_int_equal(stage.r.unsure, i); /* so that the log grows rarer */
	}
	renew();
	answer(OUTCOME_OK);
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.unsure, 0);
}

static void a_lease_that_is_gone_is_replaced_at_once(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	answer(OUTCOME_GONE);
	grant(2);
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.lease, 2);
	assert_int_equal(etcd.claim.terms.take_over_up_to,
			TAKE_OVER_NOTHING); /* what stands there now is someone newer's */
}

static void a_key_that_is_gone_is_put_again(void **state)
{
	UNUSED(state);
	hold(1);
	for (unsigned i = 0; i < 3; i++) {
		renew();
		answer(OUTCOME_OK);
	}
	answer(OUTCOME_DETACHED);
	assert_int_equal(etcd.what, ASKED_PUT);
	assert_int_equal(etcd.claim.terms.lease, 1);
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.state, LEASE_HELD);
}

static void stands_by_for_a_newer_one(void **state)
{
	UNUSED(state);
	hold(1);
	for (unsigned i = 0; i < 3; i++) {
		renew();
		answer(OUTCOME_OK);
	}
	answer(OUTCOME_TAKEN);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(etcd.what, ASKED_REVOKE); /* who stands by keeps no lease */
		answer(OUTCOME_OK);
		assert_true(stage.r.contested);
		assert_true(pause_left() > 9.9 && pause_left() < 10.1);
		end_pause();
		grant(2 + i);
		assert_int_equal(etcd.what, ASKED_PUT);
		assert_int_equal(etcd.claim.terms.take_over_up_to, TAKE_OVER_NOTHING);
		answer(OUTCOME_TAKEN);
	}
	answer(OUTCOME_OK);
	end_pause();
	grant(9);
	answer(OUTCOME_OK);
	assert_int_equal(stage.r.state, LEASE_HELD);
	assert_false(stage.r.contested);
}

static void keep_goes_on_renewing(void **state)
{
	UNUSED(state);
	hold(1);
	registration_want(&stage.r, GOAL_KEEP);
	assert_null(etcd.call);
	renew();
	answer(OUTCOME_OK);
	registration_want(&stage.r, GOAL_PRESENT);
	assert_null(etcd.call); /* nothing to do: the renewal keeps its time */
	assert_true(pausing());
}

static void keep_does_not_come_back_by_itself(void **state)
{
	UNUSED(state);
	hold(1);
	renew();
	registration_want(&stage.r, GOAL_KEEP);
	answer(OUTCOME_GONE);
	assert_int_equal(stage.r.state, LEASE_NONE);
	assert_null(etcd.call);
}

/* ---- several keys ---------------------------------------------------------------------------- */

/* All of a descriptor's keys go into each put and each look, on one lease. */
static void holds_all_formats_at_once(void **state)
{
	static const struct formats formats = { { FORMAT_SERVICES, FORMAT_GRPC_NAMING,
								FORMAT_SKYDNS, FORMAT_GO_ZERO,
								FORMAT_KRATOS, FORMAT_KITEX },
		N_FORMATS };

	UNUSED(state);
	for (size_t n = 2; n <= N_FORMATS; n += 4) {
		registration_finish(&stage.r);
		stage.desc.registry.formats = formats;
		stage.desc.registry.formats.n = n;
		assert_int_equal(registration_init(&stage.r, stage.loop, NULL, &stage.desc,
						 &stage.random, NULL),
				0);
		hold(1);
		renew();
		answer(OUTCOME_OK);
		renew();
		answer(OUTCOME_OK);
		renew();
		answer(OUTCOME_OK);
		assert_int_equal(etcd.what, ASKED_VERIFY);
		assert_int_equal(etcd.claim.n, n);
		assert_string_equal(etcd.claim.entries[0].key, "/services/coupon/localhost:50051");
		assert_string_equal(etcd.claim.entries[1].key, "coupon/localhost:50051");
		end_call((struct etcd_reply){
				.outcome = OUTCOME_DETACHED, .key = etcd.claim.entries[1].key });
		assert_int_equal(etcd.what, ASKED_PUT); /* of all of them again */
		assert_int_equal(etcd.claim.n, n);
		answer(OUTCOME_OK);
		assert_int_equal(stage.r.state, LEASE_HELD);
	}
	assert_string_equal(
			etcd.claim.entries[5].key, "kitex/registry-etcd/coupon/localhost:50051");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(does_nothing_before_a_goal),
		TEST(grants_then_puts_then_renews),
		TEST(counts_the_lease_from_when_it_asked),
		TEST(renews_at_once_when_the_put_took_long),
		TEST(takes_the_ttl_that_etcd_grants),
		TEST(retries_a_grant_for_ever),
		TEST(has_a_lease_ready),
		TEST(puts_when_the_lease_comes_after_the_verdict),
		TEST(gives_the_lease_back_when_the_verdict_is_bad),
		TEST(a_lease_without_a_key_is_revoked_once),
		TEST(a_verdict_that_comes_late_takes_another_lease),
		TEST(reads_the_key_back_after_every_third_renewal),
		TEST(reads_nothing_back_while_nothing_is_written),
		TEST(a_lost_renewal_keeps_the_lease),
		TEST(a_verify_without_an_answer_comes_again_after_one_renewal),
		TEST(read_backs_that_are_lost_are_one_row),
		TEST(a_lease_that_is_gone_is_replaced_at_once),
		TEST(a_key_that_is_gone_is_put_again),
		TEST(stands_by_for_a_newer_one),
		TEST(keep_goes_on_renewing),
		TEST(keep_does_not_come_back_by_itself),
		TEST(holds_all_formats_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
