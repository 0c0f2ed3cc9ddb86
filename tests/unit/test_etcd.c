/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd.h"
#include "agent/util.h"
#include "played_carrier.h"

#define LEASE 7

/* header { cluster_id: 1, revision: 9, raft_term: 2 } */
#define MARK     "\x0a\x06\x08\x01\x18\x09\x20\x02"
#define GRANTED  "\0\0\0\0\x0c" MARK "\x10\x07\x18\x0a", 17
#define RENEWED  GRANTED
#define GONE     "\0\0\0\0\x0a" MARK "\x10\x07", 15
#define ANOTHER  "\0\0\0\0\x0a" MARK "\x10\x08", 15 /* that is gone */
#define NO_LEASE 5, "etcdserver: requested lease not found", NULL, 0
#define DENIED   7, "etcdserver: permission denied", NULL, 0

static double now;
static struct random dice;
static struct endpoint endpoints[2] = { { "a", 1, false }, { "b", 2, false } };
static char nothing[] = "";
static struct etcd_settings settings;
static struct etcd etcd;
static struct etcd_call call;

static const struct etcd_entry entry = { "/services/s/h:1", "{}" };
static const struct etcd_claim claim = { .entries = &entry,
	.n = 1,
	.terms = { .lease = LEASE, .take_over_up_to = INT64_MAX },
	.ttl = 10.0 };

static struct {
	unsigned n;
	struct etcd_reply reply;
	char why[ETCD_SENTENCE_MAX];
} told;

static double fake_now(void)
{
	return now;
}

static void on_told(struct etcd_call *c, const struct etcd_reply *reply)
{
	assert_ptr_equal(c, &call);
	assert_null(c->etcd); /* detached before */
	told.n++;
	told.reply = *reply;
	(void)snprintf(told.why, sizeof told.why, "%s", reply->why);
}

static void expect(enum outcome outcome, const char *words)
{
	assert_int_equal(told.n, 1);
	assert_int_equal(told.reply.outcome, outcome);
	assert_non_null(strstr(told.why, words));
	assert_int_equal(n_in_flight, 0);
	told.n = 0;
}

static int set_up(void **state)
{
	UNUSED(state);
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 3);
	played_carrier_reset();
	memset(&told, 0, sizeof told);
	memset(&call, 0, sizeof call);
	settings = (struct etcd_settings){
		.endpoints = { endpoints, 2 },
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

static void a_grant_tells_the_revision(void **state)
{
	UNUSED(state);
	etcd_grant(&etcd, &call, 10, on_told);
	play_answer(0, 0, "", GRANTED);
	expect(OUTCOME_OK, "");
	assert_int_equal(told.reply.lease, LEASE);
	assert_int_equal(told.reply.revision, 9);
}

static void a_grant_is_of_a_lease_that_is_new(void **state)
{
	struct etcd_seat seats[3];

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(seats); i++) {
		etcd_take_seat(&etcd, &seats[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(seats); i++) {
		etcd_hold(&etcd, &seats[i], LEASE);
		etcd_grant(&etcd, &call, 10, on_told);
		play_answer(0, 0, "", GRANTED);
		expect(OUTCOME_UNSURE, "a lease that a service here has or had");
		etcd_hold(&etcd, &seats[i], LEASE + 1);
	}
	etcd_hold(&etcd, &seats[1], LEASE);
	etcd_give_seat(&etcd, &seats[1]);
	etcd_grant(&etcd, &call, 10, on_told);
	play_answer(0, 0, "", GRANTED);
	expect(OUTCOME_OK, "");
	etcd_give_seat(&etcd, &seats[0]);
	etcd_give_seat(&etcd, &seats[2]);
}

/* It is asked for an answer that says which cluster it is from. */
static void a_lease_is_gone_when_a_renewal_says_so_too(void **state)
{
	UNUSED(state);
	for (unsigned put = 0; put < 2; put++) {
		if (put == 1) {
			etcd_put(&etcd, &call, &claim, on_told);
		} else {
			etcd_revoke(&etcd, &call, LEASE, on_told);
		}
		play_answer(0, NO_LEASE);
		assert_int_equal(told.n, 0);
		assert_string_equal(in_flight[0].path, ETCD_PATH_KEEP_ALIVE);
		play_answer(0, 0, "", GONE);
		expect(OUTCOME_GONE, "does not know the lease");
	}
}

static void a_lease_that_lives_is_not_gone(void **state)
{
	UNUSED(state);
	etcd_revoke(&etcd, &call, LEASE, on_told);
	play_answer(0, NO_LEASE);
	play_answer(0, 0, "", RENEWED);
	expect(OUTCOME_UNSURE, "but it lives");

	etcd_revoke(&etcd, &call, LEASE, on_told);
	play_answer(0, NO_LEASE);
	play_answer(0, 0, "", ANOTHER);
	expect(OUTCOME_UNSURE, "cannot be read");

	etcd_revoke(&etcd, &call, LEASE, on_told);
	play_answer(0, NO_LEASE);
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	if (n_in_flight == 1) { /* there is time for the other endpoint */
		play_end(0, CARRIER_TIMEOUT, NULL, 0);
	}
	expect(OUTCOME_UNSURE, "did not go well");

	etcd_revoke(&etcd, &call, LEASE, on_told);
	play_answer(0, NO_LEASE);
	etcd_cancel(&call);
	assert_int_equal(told.n, 0);
}

/* Whoever has no lease yet, or only reads, is never told that one is gone. */
static void other_calls_are_unsure(void **state)
{
	UNUSED(state);
	etcd_grant(&etcd, &call, 10, on_told);
	play_answer(0, NO_LEASE);
	expect(OUTCOME_UNSURE, "does not know the lease");
	etcd_verify(&etcd, &call, &claim, on_told);
	play_answer(0, NO_LEASE);
	expect(OUTCOME_UNSURE, "does not know the lease");
}

static void a_denied_put_names_the_key(void **state)
{
	UNUSED(state);
	etcd_put(&etcd, &call, &claim, on_told);
	play_answer(0, DENIED);
	expect(OUTCOME_UNSURE, "may not write /services/s/h:1: give its role readwrite on "
			       "/services/s/");
	assert_true(told.reply.patient);
	etcd_revoke(&etcd, &call, LEASE, on_told);
	play_answer(0, DENIED);
	expect(OUTCOME_UNSURE, "readwrite on the prefix");
}

/* A guard that failed: the key is there, on lease 5, written at revision 7. */
#define HELD_BY_5                                                                                  \
	"\0\0\0\0\x11"                                                                             \
	"\x1a\x0f\x0a\x0d\x12\x0b\x0a\x02/k\x18\x07\x2a\x01v\x30\x05",                             \
			22

static void the_time_of_a_login_is_not_at_the_cost_of_the_second_round(void **state)
{
	static char user[] = "me", password[] = "pw";
	UNUSED(state);
	etcd_finish(&etcd);
	settings.username = user;
	settings.password = password;
	assert_int_equal(etcd_init(&etcd, ev_default_loop(0), NULL, &settings, &dice), 0);
	etcd_put(&etcd, &call, &claim, on_told);
	assert_string_equal(in_flight[0].path, ETCD_PATH_LOG_IN);
	now += 1.9;
	play_answer(0, 0, "", "\0\0\0\0\x03\x12\x01T", 8);
	assert_string_equal(in_flight[0].path, ETCD_PATH_TXN);
	double deadline = in_flight[0].deadline;
	assert_true(deadline > 1003.8);
	now += 0.2;
	play_answer(0, 0, "", HELD_BY_5);
	assert_string_equal(in_flight[0].path, ETCD_PATH_TXN);
	assert_true(in_flight[0].deadline >= deadline);
	etcd_cancel(&call);
}

/* ---- renewals that go out together ----------------------------------------------------------- */

#define RENEWERS 3

static struct renewer {
	struct etcd_call call;
	unsigned told;
	enum outcome outcome;
	bool patient;
} renewers[RENEWERS];

static void on_renewed(struct etcd_call *c, const struct etcd_reply *reply)
{
	struct renewer *r = CONTAINER_OF(c, struct renewer, call);

	r->told++;
	r->outcome = reply->outcome;
	r->patient = reply->patient;
}

/* Leases 1, 2 and 3, in this order. */
static void renew_all(void)
{
	memset(renewers, 0, sizeof renewers);
	for (unsigned i = 0; i < RENEWERS; i++) {
		etcd_renew(&etcd, &renewers[i].call, i + 1, 10.0, on_renewed);
	}
	(void)ev_run(etcd.loop, EVRUN_ONCE);
	assert_int_equal(n_in_flight, 1);
}

#define RENEWED_1 "\0\0\0\0\x0c" MARK "\x10\x01\x18\x0a", 17
#define RENEWED_3 "\0\0\0\0\x0c" MARK "\x10\x03\x18\x0a", 17

static void a_lease_that_is_denied_does_not_hold_up_the_others(void **state)
{
	UNUSED(state);
	renew_all();
	play_answer(0, 7, "etcdserver: permission denied", RENEWED_1);
	assert_int_equal(renewers[0].outcome, OUTCOME_OK);
	assert_int_equal(renewers[1].outcome, OUTCOME_UNSURE);
	assert_true(renewers[1].patient);
	assert_int_equal(renewers[2].told, 0);
	(void)ev_run(etcd.loop, EVRUN_ONCE);
	assert_int_equal(n_in_flight, 1);
	play_answer(0, 0, "", RENEWED_3);
	assert_int_equal(renewers[2].outcome, OUTCOME_OK);
	for (unsigned i = 0; i < RENEWERS; i++) {
		assert_int_equal(renewers[i].told, 1);
	}
}

static void renewals_share_one_end(void **state)
{
	UNUSED(state);
	renew_all();
	etcd_cancel(&renewers[1].call);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, RENEWED_1);
	assert_int_equal(renewers[0].outcome, OUTCOME_OK); /* it was answered before the end */
	assert_int_equal(renewers[1].told, 0);
	assert_int_equal(renewers[2].told, 1);
	assert_int_equal(renewers[2].outcome, OUTCOME_UNSURE);
	assert_false(renewers[2].patient);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_grant_tells_the_revision),
		TEST(a_grant_is_of_a_lease_that_is_new),
		TEST(a_lease_is_gone_when_a_renewal_says_so_too),
		TEST(a_lease_that_lives_is_not_gone),
		TEST(other_calls_are_unsure),
		TEST(a_denied_put_names_the_key),
		TEST(a_lease_that_is_denied_does_not_hold_up_the_others),
		TEST(the_time_of_a_login_is_not_at_the_cost_of_the_second_round),
		TEST(renewals_share_one_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
