/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "agent/net/name_query.h"
#include "agent/util.h"

/* Known from /etc/hosts, so no name server is asked. */
static const struct endpoint known = { .host = "localhost", .port = 2379 };
static const struct endpoint unknown = { .host = "no-such-host.invalid", .port = 1 };

static struct {
	struct ev_loop *loop;
	struct name_query query;
	const struct endpoint *next; /* what its end starts */
	unsigned ends, n;
	struct h2_address first;
	char why[100];
} stage;

static void on_done(struct name_query *q, const struct name_answer *answer)
{
	assert_false(name_query_runs(q));
	stage.ends++;
	stage.n = answer->n;
	(void)strncpy(stage.why, answer->why, sizeof stage.why - 1);
	if (answer->n > 0) {
		stage.first = answer->found[0];
	}
	if (stage.next != NULL) {
		const struct endpoint *next = stage.next;
		stage.next = NULL;
		assert_true(name_query_start(q, stage.loop, next, on_done));
	}
}

static void ask(const struct endpoint *endpoint)
{
	assert_true(name_query_start(&stage.query, stage.loop, endpoint, on_done));
	assert_true(name_query_runs(&stage.query));
	assert_int_equal(stage.ends, 0); /* a start never calls back */
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	return stage.loop == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	name_query_cancel(&stage.query);
	ev_loop_destroy(stage.loop);
	return 0;
}

static void a_name_has_addresses_with_the_port(void **state)
{
	UNUSED(state);
	ask(&known);
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.ends, 1);
	assert_true(stage.n >= 1);
	in_port_t port = stage.first.at.any.sa_family == AF_INET6 ? stage.first.at.in6.sin6_port
								  : stage.first.at.in.sin_port;
	assert_int_equal(ntohs(port), 2379);
}

static void a_name_that_nobody_knows_says_so(void **state)
{
	UNUSED(state);
	ask(&unknown);
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.ends, 1);
	assert_int_equal(stage.n, 0);
	assert_true(strlen(stage.why) > 0);
}

static void its_end_may_start_the_next(void **state)
{
	UNUSED(state);
	stage.next = &known;
	ask(&unknown);
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.ends, 2);
	assert_true(stage.n >= 1);
}

/* The thread may end before or after; the question is freed by the last of the two. */
static void one_that_is_cancelled_says_nothing(void **state)
{
	UNUSED(state);
	for (int i = 0; i < 20; i++) {
		ask(&known);
		name_query_cancel(&stage.query);
		name_query_cancel(&stage.query);
		assert_false(name_query_runs(&stage.query));
	}
	(void)ev_run(stage.loop, 0);
	assert_int_equal(stage.ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_has_addresses_with_the_port),
		TEST(a_name_that_nobody_knows_says_so),
		TEST(its_end_may_start_the_next),
		TEST(one_that_is_cancelled_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
