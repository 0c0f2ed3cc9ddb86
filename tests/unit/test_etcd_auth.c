/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/etcd_auth.h"
#include "agent/util.h"

#define CALLERS 10

/* ---- a played etcd: takes the place of etcd_route.c ------------------------------------------ */

static struct route_request *asked; /* the Authenticate in flight */
static unsigned logins;
static char sent[200];

void etcd_route_start(struct etcd_route *route, struct route_request *r,
		const struct route_call *call, route_done *done)
{
	assert_null(asked); /* one at a time */
	assert_string_equal(call->path, ETCD_PATH_LOG_IN);
	assert_string_equal(call->token, "");
	assert_in_range(call->body->len, 6, sizeof sent);
	memcpy(sent, call->body->at, call->body->len);
	r->route = route;
	r->done = done;
	asked = r;
	logins++;
}

void etcd_route_cancel(struct route_request *r)
{
	if (r->route != NULL) {
		r->route = NULL;
		asked = NULL;
	}
}

static void answer(const struct etcd_answer *with)
{
	struct route_request *r = asked;

	assert_non_null(r);
	asked = NULL;
	r->route = NULL;
	r->done(r, with);
}

static void give_token(void)
{
	static const uint8_t body[] = "\0\0\0\0\x05\x12\x03tok";
	struct etcd_answer ok = { .ok = true, .body = body, .len = sizeof body - 1 };

	answer(&ok);
}

static void refuse(enum etcd_trouble trouble)
{
	struct etcd_answer no = { .trouble = trouble,
		.text = "no",
		.sentence = "etcd says no",
		.patient = etcd_error_consequence(trouble)->patient };

	answer(&no);
}

/* ---- those who ask --------------------------------------------------------------------------- */

static double now;
static struct random dice;
static struct etcd_route route;
static struct etcd_settings settings;
static struct etcd_auth auth;
static unsigned notices;
static char user[] = "me", secret[] = "pw", nothing[] = "", file[] = "/tmp/etcd-auth-XXXXXX";

static struct caller {
	struct auth_wait wait;
	unsigned told, failed;
	bool patient;
	char why[ETCD_SENTENCE_MAX];
} callers[CALLERS];

static double fake_now(void)
{
	return now;
}

static void on_notice(struct etcd_notice *notice, const char *sentence)
{
	UNUSED(notice);
	assert_true(strlen(sentence) > 10);
	notices++;
}

static struct etcd_notice notice = { on_notice };

static void on_told(struct auth_wait *wait, const struct etcd_answer *failed)
{
	struct caller *c = CONTAINER_OF(wait, struct caller, wait);

	c->told++;
	if (failed != NULL) {
		c->failed++;
		c->patient = failed->patient;
		(void)snprintf(c->why, sizeof c->why, "%s", failed->sentence);
	}
}

static bool ask(unsigned i)
{
	return etcd_auth_ask(&auth, &callers[i].wait, on_told);
}

static int set_up(void **state)
{
	UNUSED(state);
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 7);
	logins = notices = 0;
	memset(callers, 0, sizeof callers);
	settings = (struct etcd_settings){
		.username = user,
		.password = secret,
		.password_file = nothing,
		.request_timeout_ms = 2000,
	};
	etcd_auth_init(&auth, ev_default_loop(0), &route, &settings, &dice, &notice);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_auth_finish(&auth);
	clock_replace(NULL);
	assert_null(asked);
	return 0;
}

static void get_token(void)
{
	assert_false(ask(0));
	give_token();
	assert_non_null(auth.token);
}

/* A call that carried the token in use is refused. */
static void lose_token(const char *text)
{
	struct etcd_token *token = etcd_auth_take(&auth);

	assert_true(etcd_auth_refused(&auth, token, text));
	etcd_auth_give(token);
	assert_null(auth.token);
}

static void all_wait_for_one(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < CALLERS; i++) {
		assert_false(ask(i));
	}
	assert_memory_equal(sent, "\0\0\0\0\x08\x0a\x02me\x12\x02pw", 13);
	give_token();
	for (unsigned i = 0; i < CALLERS; i++) {
		assert_int_equal(callers[i].told, 1);
		assert_int_equal(callers[i].failed, 0);
		assert_true(ask(i));
	}
	assert_int_equal(logins, 1);
}

static void a_refused_token_is_never_given_again(void **state)
{
	struct etcd_token *tokens[CALLERS];
	UNUSED(state);
	get_token();
	for (unsigned i = 0; i < CALLERS; i++) {
		tokens[i] = etcd_auth_take(&auth);
		assert_string_equal(tokens[i]->text, "tok");
	}
	for (unsigned i = 0; i < CALLERS / 2; i++) {
		assert_true(etcd_auth_refused(&auth, tokens[i], "invalid auth token"));
		assert_null(etcd_auth_take(&auth));
		assert_false(ask(i));
	}
	give_token();
	struct etcd_token *new = etcd_auth_take(&auth);
	for (unsigned i = CALLERS / 2; i < CALLERS; i++) { /* they come too late */
		assert_true(etcd_auth_refused(&auth, tokens[i], "invalid auth token"));
		assert_true(ask(i));
	}
	assert_ptr_equal(auth.token, new);
	assert_int_equal(logins, 2);
	etcd_auth_give(new);
	for (unsigned i = 0; i < CALLERS; i++) {
		etcd_auth_give(tokens[i]);
	}
}

static void it_is_renewed_behind_the_calls(void **state)
{
	UNUSED(state);
	get_token();
	struct etcd_token *old = auth.token;
	now += 179.0;
	assert_true(ask(1));
	assert_int_equal(logins, 1);
	now += 62.0;
	assert_true(ask(1));
	assert_true(ask(2));
	assert_int_equal(logins, 2);
	assert_ptr_equal(auth.token, old); /* goes on in use */
	refuse(TROUBLE_MEMBER);
	assert_true(ask(1));
	assert_int_equal(logins, 2); /* not again at once */
	now += 1.1;
	assert_true(ask(1));
	give_token();
	assert_int_equal(logins, 3);
	assert_true(now < auth.refresh_at);
}

static void how_long_they_live_is_learned(void **state)
{
	UNUSED(state);
	get_token();
	now += 10.0;
	lose_token("invalid auth token");
	assert_false(ask(1));
	give_token();
	assert_true(auth.refresh_at - now > 5.9 && auth.refresh_at - now < 8.1);
	now += 8.1; /* lives to be renewed: the next may be older */
	assert_true(ask(1));
	give_token();
	assert_true(auth.refresh_at - now > 8.9 && auth.refresh_at - now < 12.1);
	now += 0.1;
	lose_token("revision of auth store is old"); /* teaches nothing */
	assert_false(ask(1));
	give_token();
	assert_true(auth.refresh_at - now > 8.9);
	now += 1.1;
	lose_token("invalid auth token");
	assert_false(ask(1));
	give_token();
	assert_true(auth.refresh_at - now >= 1.0);
}

static void tokens_that_never_work_are_not_asked_for_for_ever(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(ask(1));
		give_token();
		lose_token("invalid auth token");
	}
	assert_false(ask(1));
	assert_null(asked);
	(void)ev_run(auth.loop, EVRUN_ONCE);
	assert_int_equal(callers[1].failed, 1);
	assert_non_null(strstr(callers[1].why, "each token that it has just given"));
	now += 30.1;
	assert_false(ask(1));
	give_token();
	assert_int_equal(callers[1].failed, 1);
}

static void a_wrong_password_is_tried_again_after_a_pause(void **state)
{
	UNUSED(state);
	double before = 0.0;
	for (unsigned round = 1; round <= 20; round++) {
		assert_false(ask(0));
		refuse(TROUBLE_PASSWORD);
		assert_int_equal(callers[0].failed, round);
		assert_true(callers[0].patient);
		assert_string_equal(callers[0].why, "etcd says no (etcd.password)");
		double pause = auth.pause_until - now;
		assert_true(pause >= 1.0 && pause <= 30.0);
		before = pause > before ? pause : before;
		for (unsigned i = 1; i < CALLERS; i++) { /* however many ask */
			assert_false(ask(i));
			assert_int_equal(callers[i].failed, round - 1); /* not from a start */
		}
		(void)ev_run(auth.loop, EVRUN_ONCE);
		for (unsigned i = 1; i < CALLERS; i++) {
			assert_int_equal(callers[i].failed, round);
			assert_true(callers[i].patient);
			assert_string_equal(callers[i].why, callers[0].why);
		}
		assert_int_equal(logins, round);
		now += pause;
	}
	assert_true(before > 10.0); /* they grow */
	get_token();
}

static void so_is_a_login_that_etcd_does_not_allow(void **state)
{
	UNUSED(state);
	assert_false(ask(0));
	refuse(TROUBLE_DENIED);
	assert_string_equal(callers[0].why, "logging in: etcd says no");
	assert_false(ask(0));
	(void)ev_run(auth.loop, EVRUN_ONCE);
	assert_int_equal(callers[0].failed, 2);
	now += 30.1;
	assert_false(ask(0));
	refuse(TROUBLE_MEMBER); /* that is nobody's fault: no pause */
	assert_false(ask(0));
	assert_int_equal(logins, 3);
	give_token();
}

static void write_secret(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void a_changed_file_ends_the_pause(void **state)
{
	UNUSED(state);
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	settings.password_file = file;
	assert_false(ask(0)); /* the file is empty */
	assert_int_equal(logins, 0);
	(void)ev_run(auth.loop, EVRUN_ONCE);
	assert_non_null(strstr(callers[0].why, file));
	assert_non_null(strstr(callers[0].why, "empty"));

	write_secret("wrong\n");
	assert_false(ask(0)); /* not looked at again within a second */
	assert_int_equal(logins, 0);
	(void)ev_run(auth.loop, EVRUN_ONCE);
	auth.pause_until = now + 1000.0;
	now += 1.0;
	assert_false(ask(0));
	assert_int_equal(logins, 1);
	assert_memory_equal(sent, "\0\0\0\0\x0b\x0a\x02me\x12\x05wrong", 16);
	refuse(TROUBLE_PASSWORD);
	assert_non_null(strstr(callers[0].why, "(etcd.password_file /tmp/"));

	auth.pause_until = now + 1000.0;
	now += 1.0;
	assert_false(ask(0)); /* no change */
	assert_int_equal(logins, 1);
	(void)ev_run(auth.loop, EVRUN_ONCE);
	write_secret("correct");
	now += 1.0;
	assert_false(ask(0));
	assert_int_equal(logins, 2);
	give_token();
	assert_int_equal(callers[0].failed, 4);
	assert_int_equal(remove(file), 0);
}

static void without_authentication_there_is_no_token(void **state)
{
	UNUSED(state);
	assert_false(ask(0));
	refuse(TROUBLE_NO_AUTH);
	assert_int_equal(callers[0].failed, 0);
	assert_int_equal(notices, 1);
	for (unsigned i = 0; i < CALLERS; i++) {
		assert_true(ask(i));
		assert_null(etcd_auth_take(&auth));
	}
	assert_int_equal(logins, 1);
	assert_true(etcd_auth_refused(&auth, NULL, "user name is empty")); /* switched on */
	get_token();
	assert_int_equal(notices, 1);
}

static void cancelled_ones_hear_nothing(void **state)
{
	UNUSED(state);
	assert_false(ask(0));
	assert_false(ask(1));
	etcd_auth_cancel(&callers[0].wait);
	etcd_auth_cancel(&callers[0].wait);
	refuse(TROUBLE_PASSWORD);
	assert_int_equal(callers[1].failed, 1);
	assert_false(ask(0));
	assert_false(ask(1));
	etcd_auth_cancel(&callers[0].wait);
	(void)ev_run(auth.loop, EVRUN_ONCE);
	assert_int_equal(callers[0].told, 0);
	assert_int_equal(callers[1].failed, 2);
}

static void nobody_needs_no_token(void **state)
{
	UNUSED(state);
	settings.username = nothing;
	assert_true(ask(0));
	assert_null(etcd_auth_take(&auth));
	assert_false(etcd_auth_refused(&auth, NULL, "user name is empty"));
	assert_true(ask(0));
	assert_int_equal(logins, 0);
}

static void an_answer_that_cannot_be_read(void **state)
{
	struct etcd_answer empty = { .ok = true };
	UNUSED(state);
	assert_false(ask(0));
	answer(&empty);
	assert_int_equal(callers[0].failed, 1);
	assert_non_null(strstr(callers[0].why, "cannot be read"));
	get_token();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(all_wait_for_one),
		TEST(a_refused_token_is_never_given_again),
		TEST(it_is_renewed_behind_the_calls),
		TEST(how_long_they_live_is_learned),
		TEST(tokens_that_never_work_are_not_asked_for_for_ever),
		TEST(a_wrong_password_is_tried_again_after_a_pause),
		TEST(so_is_a_login_that_etcd_does_not_allow),
		TEST(a_changed_file_ends_the_pause),
		TEST(without_authentication_there_is_no_token),
		TEST(cancelled_ones_hear_nothing),
		TEST(nobody_needs_no_token),
		TEST(an_answer_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
