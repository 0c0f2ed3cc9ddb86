/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"
#include "tests/unit/watch_stage.h"

/* ---- how it ends ----------------------------------------------------------------------------- */

static void what_is_compacted_is_said_and_the_member_stays(void **state)
{
	UNUSED(state);
	open_watch();
	unsigned was = member();
	tell(0, said_number(said_number(said_number(said_at(40), 3, 1), 4, 1), 5, 35));
	assert_int_equal(heard.created, 0);
	expect_end("compacted");
	assert_true(heard.end.compacted);
	expect_counted((enum etcd_code)GRPC_CANCELLED, 1);
	assert_false(heard.end.patient);
	expect_next(false, was);
}

static void who_may_not_read_is_told_what_to_grant(void **state)
{
	static const char *const words[] = { "etcdserver: permission denied",
		"rpc error: code = PermissionDenied desc = etcdserver: permission denied" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		memset(&heard, 0, sizeof heard);
		open_watch();
		unsigned was = member();
		tell(0, cancelled(words[i]));
		expect_end("may not read /s/: give its role read on it");
		assert_true(heard.end.patient);
		assert_int_equal(heard.created, 0);
		expect_next(false, was);
	}
}

static void a_member_without_a_leader_is_left(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	tell(0, said_text(said_number(said_at(20), 4, 1), 6, "etcdserver: no leader"));
	expect_end("no leader");
	assert_false(heard.end.patient || heard.end.compacted);
	expect_next(true, was);
}

static void a_watch_that_is_cancelled_without_a_word_is_over_all_the_same(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	tell(0, said_number(said_at(20), 4, 1));
	expect_end("the watch was cancelled");
	expect_next(false, was);
}

static void a_status_ends_it(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	play_answer(0, 14, "etcdserver: no leader", NULL, 0);
	expect_end("no leader");
	expect_counted((enum etcd_code)GRPC_UNAVAILABLE, 1);
	expect_next(true, was);
	memset(&heard, 0, sizeof heard);
	open_watch();
	was = member();
	play_answer(0, 0, "", NULL, 0);
	expect_end("etcd ended the watch");
	expect_next(false, was);
}

static void a_busy_member_is_left_and_given_time(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	play_answer(0, 8, "etcdserver: too many requests", NULL, 0);
	expect_end("too many requests");
	assert_true(heard.end.patient);
	expect_next(true, was);
}

static void a_connection_that_breaks_is_left(void **state)
{
	UNUSED(state);
	create_watch();
	unsigned was = member();
	play_end(0, CARRIER_BROKEN, NULL, 0);
	expect_end("it did not go well");
	expect_counted(ETCD_CODE_BROKEN, 1);
	assert_false(heard.end.patient);
	expect_next(true, was);
}

static void garbage_ends_it_and_the_member_is_left(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
		enum etcd_code code;
	} cases[] = {
		{ "\0\0\0\0\x02\x0a\x7f", 7, "cannot be read", ETCD_CODE_UNREADABLE },
		{ "\x01\0\0\0\x01x", 6, "no gRPC of ours", ETCD_CODE_NOT_GRPC }, /* compressed */
		/* too long a message */
		{ "\0\x7f\xff\xff\xff", 5, "no gRPC of ours", ETCD_CODE_NOT_GRPC },
		{ "<html>not found</html>", 22, "no gRPC of ours", ETCD_CODE_NOT_GRPC },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&heard, 0, sizeof heard);
		create_watch();
		unsigned was = member();
		play_heard(0, cases[i].bytes, cases[i].len);
		expect_end(cases[i].why);
		expect_counted(cases[i].code, 1);
		expect_next(true, was);
	}
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void a_token_is_asked_for_first(void **state)
{
	UNUSED(state);
	open_watch();
	assert_int_equal(n_in_flight, 1);
	give_token(0, 'A');
	(void)expect_sent(0, ETCD_PATH_WATCH, "A");
	tell(0, created_at(20));
	assert_int_equal(heard.created, 1);
}

static void without_a_token_there_is_no_watch(void **state)
{
	UNUSED(state);
	open_watch();
	play_answer(0, 3, "etcdserver: authentication failed, invalid user ID or password", NULL,
			0);
	expect_end("wrong name or password");
	assert_true(heard.end.patient);
	expect_counted((enum etcd_code)GRPC_OK, 0); /* nothing went out */
}

/* As a status, and as etcd 3.5 says it within the stream. */
static void a_token_that_is_refused_is_not_used_again(void **state)
{
	UNUSED(state);
	open_watch();
	give_token(0, 'A');
	play_answer(0, 16, "etcdserver: invalid auth token", NULL, 0);
	expect_end("refuses the token");
	assert_false(heard.end.patient);
	open_watch();
	give_token(0, 'B');
	(void)expect_sent(0, ETCD_PATH_WATCH, "B");
	heard.ends = 0;
	now += 600.0;
	tell(0, cancelled("rpc error: code = Unauthenticated desc = etcdserver: invalid auth "
			  "token"));
	expect_end("refuses the token");
	assert_false(heard.end.patient);
	open_watch();
	give_token(0, 'C');
	(void)expect_sent(0, ETCD_PATH_WATCH, "C");
}

static void a_user_that_nobody_named_is_for_people_to_mend(void **state)
{
	UNUSED(state);
	open_watch();
	tell(0, cancelled("rpc error: code = InvalidArgument desc = etcdserver: user name is "
			  "empty"));
	expect_end("set etcd.username");
	assert_true(heard.end.patient);
}

/* It was with none yet. */
static void who_waits_for_a_token_blames_no_member(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < MEMBERS; i++) {
		unsigned in_use = endpoint_ring_current(&cluster.streams.ring);
		open_watch();
		assert_int_equal(n_in_flight, 1);
		etcd_watch_abandon(&watch);
		assert_int_equal(endpoint_ring_current(&cluster.streams.ring), in_use);
		play_end(0, CARRIER_REFUSED, NULL, 0); /* the login goes on by itself */
		play_end(0, CARRIER_REFUSED, NULL, 0);
		play_end(0, CARRIER_REFUSED, NULL, 0);
		endpoint_ring_leave(&cluster.streams.ring, in_use);
		now += 60.0;
	}
	assert_int_equal(heard.ends, 0);
}

int main(void)
{
#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_USER(name) cmocka_unit_test_setup_teardown(name, set_up_user, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_compacted_is_said_and_the_member_stays),
		TEST(who_may_not_read_is_told_what_to_grant),
		TEST(a_member_without_a_leader_is_left),
		TEST(a_watch_that_is_cancelled_without_a_word_is_over_all_the_same),
		TEST(a_status_ends_it),
		TEST(a_busy_member_is_left_and_given_time),
		TEST(a_connection_that_breaks_is_left),
		TEST(garbage_ends_it_and_the_member_is_left),
		TEST_USER(a_token_is_asked_for_first),
		TEST_USER(without_a_token_there_is_no_watch),
		TEST_USER(a_token_that_is_refused_is_not_used_again),
		TEST(a_user_that_nobody_named_is_for_people_to_mend),
		TEST_USER(who_waits_for_a_token_blames_no_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
