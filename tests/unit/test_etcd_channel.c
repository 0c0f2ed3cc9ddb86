/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd_channel.h"
#include "agent/util.h"
#include "played_carrier.h"

#define CALLS 5

static const char token_a[] = "\0\0\0\0\x03\x12\x01"
			      "A";
static const char token_b[] = "\0\0\0\0\x03\x12\x01"
			      "B";

static double now;
static struct random dice;
static struct endpoint endpoint = { "a", 1, false };
static char user[] = "me", password[] = "pw", nothing[] = "";
static struct etcd_settings settings;
static struct etcd_channel channel;

static struct call {
	struct etcd_request request;
	unsigned told;
	bool ok, patient;
	char sentence[ETCD_SENTENCE_MAX];
} calls[CALLS];

static double fake_now(void)
{
	return now;
}

static void on_notice(struct etcd_notice *notice, const char *sentence)
{
	UNUSED(notice);
	UNUSED(sentence);
}

static struct etcd_notice notice = { on_notice };

static void on_told(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct call *c = CONTAINER_OF(request, struct call, request);

	assert_null(request->channel); /* detached before */
	c->told++;
	c->ok = answer->ok;
	c->patient = answer->patient;
	(void)snprintf(c->sentence, sizeof c->sentence, "%s", answer->sentence);
}

static void start_at(unsigned i, const char *path)
{
	struct etcd_body body = { NULL, 0 };

	assert_int_equal(etcd_encode_grant(&body, 10), 0);
	etcd_request_start(&channel, &calls[i].request, path, body, now + 2.0, on_told);
}

static void start(unsigned i)
{
	start_at(i, ETCD_PATH_GRANT);
}

static int set_up_as(bool somebody)
{
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 3);
	played_carrier_reset();
	memset(calls, 0, sizeof calls);
	settings = (struct etcd_settings){
		.endpoints = { &endpoint, 1 },
		.username = somebody ? user : nothing,
		.password = password,
		.password_file = nothing,
		.request_timeout_ms = 2000,
	};
	return etcd_channel_init(&channel, ev_default_loop(0), NULL, &settings, &dice, &notice);
}

static int set_up(void **state)
{
	UNUSED(state);
	return set_up_as(true);
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_channel_finish(&channel);
	clock_replace(NULL);
	assert_int_equal(n_in_flight, 0);
	return 0;
}

static void expect_sent(unsigned i, const char *path, const char *token)
{
	assert_true(i < n_in_flight);
	assert_string_equal(in_flight[i].path, path);
	assert_string_equal(in_flight[i].token, token);
}

static void log_in_with(const char *token)
{
	expect_sent(0, ETCD_PATH_LOG_IN, "");
	play_answer(0, 0, "", token, sizeof token_a - 1);
}

static void calls_wait_for_the_token(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < CALLS; i++) {
		start(i);
	}
	assert_int_equal(n_in_flight, 1);
	now += 0.5;
	log_in_with(token_a);
	assert_int_equal(n_in_flight, CALLS);
	for (unsigned i = 0; i < CALLS; i++) {
		expect_sent(0, ETCD_PATH_GRANT, "A");
		assert_true(in_flight[0].deadline > 1002.49); /* logging in is not at its cost */
		play_answer(0, 0, "", NULL, 0);
	}
	for (unsigned i = 0; i < CALLS; i++) {
		assert_true(calls[i].ok);
	}
}

static void calls_that_are_refused_are_repeated_once(void **state)
{
	UNUSED(state);
	start(0);
	log_in_with(token_a);
	for (unsigned i = 1; i < CALLS; i++) {
		start(i);
	}
	for (unsigned i = 0; i < CALLS; i++) {
		expect_sent(0, ETCD_PATH_GRANT, "A");
		play_answer(0, 16, "etcdserver: invalid auth token", NULL, 0);
	}
	assert_int_equal(n_in_flight, 1); /* one Authenticate for all */
	log_in_with(token_b);
	assert_int_equal(n_in_flight, CALLS);
	now += 10.0;
	for (unsigned i = 0; i < CALLS; i++) {
		expect_sent(0, ETCD_PATH_GRANT, "B");
		if (i == 0) {
			play_answer(0, 3, "etcdserver: revision of auth store is old", NULL, 0);
		} else {
			play_answer(0, 0, "", NULL, 0);
		}
	}
	unsigned failed = 0;
	for (unsigned i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i].told, 1);
		failed += calls[i].ok ? 0 : 1;
	}
	assert_int_equal(failed, 1); /* no third time */
}

static void a_user_that_nobody_named_is_for_people_to_mend(void **state)
{
	UNUSED(state);
	etcd_channel_finish(&channel);
	assert_int_equal(set_up_as(false), 0);
	start(0);
	expect_sent(0, ETCD_PATH_GRANT, "");
	play_answer(0, 3, "etcdserver: user name is empty", NULL, 0);
	assert_int_equal(calls[0].told, 1);
	assert_true(calls[0].patient);
}

static void authentication_is_switched_on_later(void **state)
{
	UNUSED(state);
	start(0);
	expect_sent(0, ETCD_PATH_LOG_IN, "");
	play_answer(0, 9, "etcdserver: authentication is not enabled", NULL, 0);
	expect_sent(0, ETCD_PATH_GRANT, "");
	play_answer(0, 0, "", NULL, 0);
	assert_true(calls[0].ok);
	start(0);
	expect_sent(0, ETCD_PATH_GRANT, "");
	play_answer(0, 3, "etcdserver: user name is empty", NULL, 0);
	log_in_with(token_a);
	expect_sent(0, ETCD_PATH_GRANT, "A");
	play_answer(0, 0, "", NULL, 0);
	assert_int_equal(calls[0].told, 2);
	assert_true(calls[0].ok);
}

#define WRONG_PASSWORD 3, "etcdserver: authentication failed, invalid user ID or password", NULL, 0

/* An etcd that does not check renewals takes one without a token: a lease is not lost over it. */
static void a_renewal_goes_out_without_a_token_when_there_is_none(void **state)
{
	UNUSED(state);
	start_at(0, ETCD_PATH_KEEP_ALIVE);
	start(1);
	now += 0.5;
	expect_sent(0, ETCD_PATH_LOG_IN, "");
	play_answer(0, WRONG_PASSWORD);
	assert_int_equal(calls[1].told, 1);
	assert_false(calls[1].ok);
	assert_int_equal(n_in_flight, 1);
	expect_sent(0, ETCD_PATH_KEEP_ALIVE, "");
	assert_true(in_flight[0].deadline > 1002.49); /* the login is not at its cost */
	play_answer(0, 0, "", NULL, 0);
	assert_int_equal(calls[0].told, 1);
	assert_true(calls[0].ok);

	start_at(0, ETCD_PATH_KEEP_ALIVE); /* during the pause nobody logs in */
	assert_int_equal(n_in_flight, 0);
	(void)ev_run(channel.auth.loop, EVRUN_ONCE);
	expect_sent(0, ETCD_PATH_KEEP_ALIVE, "");
	play_answer(0, 0, "", NULL, 0);
	assert_int_equal(calls[0].told, 2);
	assert_true(calls[0].ok);
}

static void so_it_does_when_its_token_is_void_and_a_login_is_not_answered(void **state)
{
	UNUSED(state);
	start_at(0, ETCD_PATH_KEEP_ALIVE);
	log_in_with(token_a);
	expect_sent(0, ETCD_PATH_KEEP_ALIVE, "A");
	play_answer(0, 16, "etcdserver: invalid auth token", NULL, 0);
	expect_sent(0, ETCD_PATH_LOG_IN, "");
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	expect_sent(0, ETCD_PATH_KEEP_ALIVE, "");
	play_answer(0, 0, "", NULL, 0);
	assert_int_equal(calls[0].told, 1);
	assert_true(calls[0].ok);
}

/* It is asked once, and what is wrong is said: that is the login. */
static void an_etcd_that_checks_renewals_refuses_it(void **state)
{
	UNUSED(state);
	start_at(0, ETCD_PATH_KEEP_ALIVE);
	play_answer(0, WRONG_PASSWORD);
	expect_sent(0, ETCD_PATH_KEEP_ALIVE, "");
	play_answer(0, 3, "etcdserver: user name is empty", NULL, 0);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(calls[0].told, 1);
	assert_true(calls[0].patient && !calls[0].ok);
	assert_non_null(strstr(calls[0].sentence, "wrong name or password"));
}

/* Waiting for the token, in flight, waiting for the next token, and about to hear bad news. */
static void cancelled_ones_hear_nothing(void **state)
{
	UNUSED(state);
	start(0);
	start(1);
	etcd_request_cancel(&calls[0].request);
	log_in_with(token_a);
	assert_int_equal(n_in_flight, 1);
	etcd_request_cancel(&calls[1].request);
	assert_int_equal(n_in_flight, 0);

	start(0);
	start(1);
	play_answer(0, 16, "etcdserver: invalid auth token", NULL, 0);
	etcd_request_cancel(&calls[0].request);
	expect_sent(1, ETCD_PATH_LOG_IN, "");
	play_answer(1, 3, "etcdserver: authentication failed, invalid user ID or password", NULL,
			0);
	play_answer(0, 16, "etcdserver: invalid auth token", NULL, 0);
	etcd_request_cancel(&calls[1].request);
	(void)ev_run(channel.auth.loop, EVRUN_ONCE);
	for (unsigned i = 0; i < 2; i++) {
		etcd_request_cancel(&calls[i].request);
		assert_int_equal(calls[i].told, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(calls_wait_for_the_token),
		TEST(calls_that_are_refused_are_repeated_once),
		TEST(a_user_that_nobody_named_is_for_people_to_mend),
		TEST(authentication_is_switched_on_later),
		TEST(a_renewal_goes_out_without_a_token_when_there_is_none),
		TEST(so_it_does_when_its_token_is_void_and_a_login_is_not_answered),
		TEST(an_etcd_that_checks_renewals_refuses_it),
		TEST(cancelled_ones_hear_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
