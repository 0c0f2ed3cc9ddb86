/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "tests/unit/etcd_auth_stage.h"

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

	now += 250.0; /* behind the calls, it does not make each of them log in */
	assert_true(ask(0));
	assert_int_equal(logins, 3);
	answer(&empty);
	assert_true(ask(0));
	assert_int_equal(logins, 3);
	now += 1.1;
	assert_true(ask(0));
	assert_int_equal(logins, 4);
	give_token();
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
		TEST(without_authentication_there_is_no_token),
		TEST(cancelled_ones_hear_nothing),
		TEST(nobody_needs_no_token),
		TEST(an_answer_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
