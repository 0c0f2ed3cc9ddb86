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

#include "agent/util.h"
#include "tests/unit/etcd_auth_stage.h"

static char file[] = "/tmp/etcd-auth-XXXXXX";

/* A token that is refused after each pause does not make the next one short. */
static void the_pauses_between_refused_tokens_grow(void **state)
{
	UNUSED(state);
	double longest = 0.0;
	for (unsigned round = 0; round < 20; round++) {
		assert_false(ask(1));
		give_token();
		lose_token("invalid auth token");
		double pause = auth.pause_until - now;
		assert_true(pause <= 30.0);
		longest = pause > longest ? pause : longest;
		now = auth.pause_until > now ? auth.pause_until : now;
	}
	assert_true(longest > 10.0);
	get_token();
	now += 250.0;
	assert_true(ask(1)); /* this one lived until it was due: all is well again */
	give_token();
	for (unsigned i = 0; i < 2; i++) {
		lose_token("invalid auth token");
		assert_false(ask(1));
		if (i == 0) {
			give_token();
		}
	}
	(void)ev_run(auth.loop, EVRUN_ONCE);
	assert_true(auth.pause_until - now <= 3.0);
}

/* Users and roles are being changed: each change makes all tokens void, at whatever age. */
static void tokens_that_a_change_made_void_are_not_short_lived(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 5; i++) {
		assert_false(ask(1));
		give_token();
		lose_token("etcdserver: revision of auth store is old");
	}
	assert_false(ask(1));
	give_token();
	assert_int_equal(callers[1].failed, 0);
	assert_int_equal(logins, 6);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_pauses_between_refused_tokens_grow),
		TEST(tokens_that_a_change_made_void_are_not_short_lived),
		TEST(a_wrong_password_is_tried_again_after_a_pause),
		TEST(so_is_a_login_that_etcd_does_not_allow),
		TEST(a_changed_file_ends_the_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
