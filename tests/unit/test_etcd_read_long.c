/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that are longer than an answer may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/etcd_read.h"
#include "agent/util.h"
#include "tests/unit/reading_stage.h"

#define PREFIX "/s/"
#define PAGE   256

static struct etcd_read read_;
static unsigned n_keys, n_ends;
static struct etcd_read_reply heard; /* without its sentence */

static bool on_page(struct etcd_read *r, const struct etcd_kv *kvs, size_t n)
{
	assert_ptr_equal(r, &read_);
	assert_non_null(kvs);
	n_keys += (unsigned)n;
	return true;
}

static void on_done(struct etcd_read *r, const struct etcd_read_reply *reply)
{
	assert_ptr_equal(r, &read_);
	n_ends++;
	heard = *reply;
	heard.why = "";
}

static void expect_asked(const struct etcd_scope *scope)
{
	struct etcd_body body;

	assert_int_equal(etcd_encode_scope(&body, scope), 0);
	(void)expect_sent(0, ETCD_PATH_RANGE, "");
	assert_int_equal(in_flight[0].len, body.len);
	assert_memory_equal(in_flight[0].body, body.at, body.len);
	etcd_body_free(&body);
}

static int set_up(void **state)
{
	UNUSED(state);
	n_keys = n_ends = 0;
	memset(&read_, 0, sizeof read_);
	cluster_start(false);
	etcd_read_all(&cluster.etcd, &read_, PREFIX, on_page, on_done);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_read_cancel(&read_);
	cluster_stop();
	return 0;
}

static void say_too_long(void)
{
	play_end(0, CARRIER_TOO_LONG, NULL, 0);
}

/* The value of somebody else, below the same prefix, keeps nobody from being read. */
static void a_page_that_is_too_long_is_asked_for_in_smaller_ones(void **state)
{
	struct etcd_scope scope = { .prefix = PREFIX };
	UNUSED(state);
	for (scope.limit = PAGE; scope.limit > 1; scope.limit /= 8) {
		expect_asked(&scope);
		say_too_long();
	}
	scope.limit = 1;
	expect_asked(&scope);
	say(0, said_number(said_number(said_key(said_at(20), "/s/a", "1", 5), 3, 1), 4, 2));
	scope = (struct etcd_scope){ PREFIX, .limit = 2, .revision = 20, .after = "/s/a",
		.after_len = 4 };
	expect_asked(&scope); /* the next ones may be short again */
	say(0, said_number(said_key(said_at(20), "/s/b", "1", 6), 4, 1));
	assert_int_equal(n_ends, 1);
	assert_true(heard.ok);
	assert_int_equal(n_keys, 2);
}

static void one_key_that_is_too_long_ends_all(void **state)
{
	unsigned asked = 0;

	UNUSED(state);
	for (; n_ends == 0; asked++) {
		assert_true(asked < 5);
		say_too_long();
	}
	assert_int_equal(asked, 4); /* 256, 32, 4, 1 */
	assert_false(heard.ok);
}

/* It is what was asked for, and each member would say the same: none of them is left for it. */
static void no_member_is_left_for_it(void **state)
{
	UNUSED(state);
	unsigned member = in_flight[0].endpoint;
	say_too_long();
	assert_int_equal(n_in_flight, 1);
	assert_int_equal(in_flight[0].endpoint, member);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_page_that_is_too_long_is_asked_for_in_smaller_ones),
		TEST(one_key_that_is_too_long_ends_all),
		TEST(no_member_is_left_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
