/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd_route.h"
#include "agent/util.h"
#include "played_carrier.h"

#define N 3

/* header { cluster_id, revision, raft_term } as a whole answer; a renewal's goes on with its TTL */
#define MARK(cluster, revision, term) "\x0a\x06\x08" cluster "\x18" revision "\x20" term
#define ANSWER(mark)                  "\0\0\0\0\x08" mark, 13
#define RENEWED(mark)                 "\0\0\0\0\x0c" mark "\x10\x07\x18\x0a", 17
#define GONE(mark)                    "\0\0\0\0\x0a" mark "\x10\x07", 15

static double now;
static struct random dice;
static struct endpoint endpoints[N] = { { "a", 1, false }, { "b", 2, false }, { "c", 3, false } };
static char nobody[] = "";
static struct etcd_settings settings;
static struct etcd_route route;
static struct etcd_counts counts;
static unsigned notices;
static char noticed[ETCD_SENTENCE_MAX];
static uint8_t body_bytes[5];
static struct etcd_body body = { body_bytes, sizeof body_bytes };
static struct route_request request;

static struct {
	unsigned n;
	struct etcd_answer answer;
	char sentence[ETCD_SENTENCE_MAX];
} told;

static double fake_now(void)
{
	return now;
}

static void on_notice(struct etcd_notice *notice, const char *sentence)
{
	UNUSED(notice);
	notices++;
	(void)snprintf(noticed, sizeof noticed, "%s", sentence);
}

static struct etcd_notice notice = { on_notice };

static void on_told(struct route_request *r, const struct etcd_answer *answer)
{
	assert_null(r->route); /* detached before */
	told.n++;
	told.answer = *answer;
	(void)snprintf(told.sentence, sizeof told.sentence, "%s", answer->sentence);
}

static void start(const char *path)
{
	const struct route_call call = {
		.path = path, .token = "", .body = &body, .deadline = now + 2.0
	};

	etcd_route_start(&route, &request, &call, on_told);
}

static int set_up_with(size_t n)
{
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 3);
	played_carrier_reset();
	notices = 0;
	memset(&told, 0, sizeof told);
	settings = (struct etcd_settings){
		.endpoints = { endpoints, n }, .username = nobody, .request_timeout_ms = 2000
	};
	return etcd_route_init(&route, NULL, &settings, &dice, &notice);
}

static int set_up(void **state)
{
	UNUSED(state);
	return set_up_with(N);
}

static int tear_down(void **state)
{
	UNUSED(state);
	etcd_route_finish(&route);
	clock_replace(NULL);
	assert_int_equal(n_in_flight, 0);
	return 0;
}

static void it_stays_where_it_is_answered(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	unsigned first = in_flight[0].endpoint;
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
	assert_true(told.answer.ok);
	assert_int_equal(told.answer.len, 13);
	start(ETCD_PATH_GRANT);
	assert_int_equal(in_flight[0].endpoint, first);
	play_answer(0, 7, "etcdserver: permission denied", NULL, 0); /* that is an answer too */
	assert_true(told.answer.patient && !told.answer.ok && !told.answer.elsewhere);
	start(ETCD_PATH_GRANT);
	assert_int_equal(in_flight[0].endpoint, first);
	play_answer(0, 0, "", NULL, 0);
	assert_int_equal(told.n, 3);
}

static void one_call_goes_through_all_that_fail_at_once(void **state)
{
	unsigned seen = 0;
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(told.n, 0);
		seen |= 1u << in_flight[0].endpoint;
		if (i % 2 == 0) {
			play_end(0, CARRIER_REFUSED, NULL, 0);
		} else {
			play_answer(0, 14, "etcdserver: no leader", NULL, 0);
		}
	}
	assert_int_equal(seen, 7);
	assert_int_equal(told.n, 1);
	assert_false(told.answer.ok || told.answer.elsewhere || told.answer.patient);
}

/* Two more tries at once after a silent one, and then a pause. */
static void after_silence_the_next_call_goes_elsewhere(void **state)
{
	unsigned seen = 0;
	UNUSED(state);
	for (unsigned i = 1; i <= N; i++) {
		start(ETCD_PATH_KEEP_ALIVE);
		seen |= 1u << in_flight[0].endpoint;
		now += 2.0;
		play_end(0, CARRIER_TIMEOUT, NULL, 0);
		assert_int_equal(told.n, i);
		assert_int_equal(told.answer.elsewhere, i < N);
	}
	assert_int_equal(seen, 7);
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 0, "", RENEWED(MARK("\x01", "\x09", "\x02")));
	assert_true(told.answer.ok);
	start(ETCD_PATH_KEEP_ALIVE);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	assert_true(told.answer.elsewhere); /* a new row */
}

/* A deadline that had passed before anything was sent is no fault of the member's. */
static void one_that_came_too_late_blames_nobody(void **state)
{
	UNUSED(state);
	for (unsigned i = 0; i < 2; i++) { /* a row of those that fail */
		start(ETCD_PATH_GRANT);
		now += 2.0;
		play_end(0, CARRIER_TIMEOUT, NULL, 0);
	}
	start(ETCD_PATH_GRANT);
	unsigned last = in_flight[0].endpoint;
	play_end(0, CARRIER_TOO_LATE, NULL, 0);
	assert_int_equal(told.n, 3);
	assert_false(told.answer.ok || told.answer.elsewhere || told.answer.patient);
	assert_string_equal(told.sentence, "it did not go well");
	start(ETCD_PATH_GRANT);
	assert_int_equal(in_flight[0].endpoint, last);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	assert_false(told.answer.elsewhere); /* the row goes on */
}

static void a_busy_member_is_left_but_the_call_ends(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	unsigned first = in_flight[0].endpoint;
	play_answer(0, 8, "etcdserver: too many requests", NULL, 0);
	assert_int_equal(told.n, 1);
	assert_true(told.answer.patient && !told.answer.elsewhere);
	start(ETCD_PATH_GRANT);
	assert_int_not_equal(in_flight[0].endpoint, first);
	play_answer(0, 0, "", NULL, 0);
}

/* Those who were answered hear it first; the rest is asked elsewhere. */
static void renewals_that_were_answered_in_part(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 14, "etcdserver: no leader", RENEWED(MARK("\x01", "\x09", "\x02")));
	assert_int_equal(told.n, 1);
	assert_false(told.answer.ok);
	assert_int_equal(told.answer.len, 17);
	assert_true(told.answer.elsewhere);
	start(ETCD_PATH_KEEP_ALIVE);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, RENEWED(MARK("\x01", "\x09", "\x02")));
	assert_int_equal(told.answer.len, 17);
}

static void a_member_that_is_behind_is_left(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
	start(ETCD_PATH_KEEP_ALIVE); /* a renewal may lag, but not say so of a lease */
	unsigned first = in_flight[0].endpoint;
	play_answer(0, 0, "", RENEWED(MARK("\x01", "\x08", "\x02")));
	assert_true(told.answer.ok);
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 0, "", GONE(MARK("\x01", "\x08", "\x02")));
	assert_int_equal(told.n, 2);
	assert_int_not_equal(in_flight[0].endpoint, first);
	play_answer(0, 0, "", RENEWED(MARK("\x01", "\x09", "\x02")));
	assert_int_equal(told.n, 3);
	assert_true(told.answer.ok);
	assert_int_equal(notices, 0);
}

static void another_cluster_is_said_loudly_but_not_often(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
	for (unsigned i = 0; i < 5; i++) {
		start(ETCD_PATH_GRANT);
		play_answer(0, 0, "", ANSWER(MARK("\x05", "\x09", "\x02")));
		play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
		assert_true(told.answer.ok);
		now += 20.0;
	}
	assert_int_equal(notices, 2);
	assert_non_null(strstr(noticed, "belongs to another cluster (id 5, it was 1)"));
}

static void a_majority_is_believed(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
	start(ETCD_PATH_GRANT);
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x03", "\x02")));
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x03", "\x02")));
	assert_int_equal(told.n, 2);
	assert_true(told.answer.ok);
	assert_int_equal(notices, 1);
	assert_non_null(strstr(noticed, "made anew or restored"));
}

static void a_single_endpoint_is_believed_the_second_time(void **state)
{
	UNUSED(state);
	etcd_route_finish(&route);
	assert_int_equal(set_up_with(1), 0);
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 0, "", RENEWED(MARK("\x01", "\x09", "\x02")));
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 0, "", GONE(MARK("\x01", "\x01", "\x02")));
	assert_false(told.answer.ok || told.answer.elsewhere);
	assert_int_equal(told.answer.len, 0); /* nothing that was said is to be read */
	assert_non_null(strstr(told.sentence,
			"is behind the others (term 2, revision 1; they were at 2, 9)"));
	start(ETCD_PATH_KEEP_ALIVE);
	play_answer(0, 0, "", GONE(MARK("\x01", "\x01", "\x02")));
	assert_true(told.answer.ok);
	assert_int_equal(told.answer.len, 15);
}

static void each_try_that_went_out_is_counted_once(void **state)
{
	const uint64_t *grants = counts.requests[ETCD_METHOD_GRANT];
	UNUSED(state);
	memset(&counts, 0, sizeof counts);
	route.counts = &counts;
	start(ETCD_PATH_GRANT);
	play_end(0, CARRIER_REFUSED, NULL, 0);
	now += 0.02;
	play_answer(0, 14, "etcdserver: no leader", NULL, 0);
	now += 0.3;
	play_answer(0, 0, "", ANSWER(MARK("\x01", "\x09", "\x02")));
	start(ETCD_PATH_GRANT);
	play_answer(0, 0, "", ANSWER(MARK("\x05", "\x09", "\x02")));
	etcd_route_cancel(&request); /* it is with another one by now */
	start(ETCD_PATH_GRANT);
	play_end(0, CARRIER_TOO_LATE, NULL, 0);
	start(ETCD_PATH_TXN);
	now += 2.0;
	play_end(0, CARRIER_TIMEOUT, NULL, 0);
	assert_int_equal(grants[ETCD_CODE_REFUSED], 1);
	assert_int_equal(grants[GRPC_UNAVAILABLE], 1);
	assert_int_equal(grants[GRPC_OK], 1);
	assert_int_equal(grants[ETCD_CODE_DISBELIEVED], 1);
	assert_int_equal(grants[ETCD_CODE_TIMEOUT], 0);
	assert_int_equal(counts.requests[ETCD_METHOD_TXN][ETCD_CODE_TIMEOUT], 1);
	assert_true(counts.took.sum > 2.31 && counts.took.sum < 2.33);
	assert_int_equal(counts.took.n[0], 2); /* the refusal and the other cluster */
}

static void cancelled_ones_hear_nothing(void **state)
{
	UNUSED(state);
	start(ETCD_PATH_GRANT);
	etcd_route_cancel(&request);
	etcd_route_cancel(&request);
	assert_int_equal(n_in_flight, 0);
	assert_int_equal(told.n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(it_stays_where_it_is_answered),
		TEST(one_call_goes_through_all_that_fail_at_once),
		TEST(after_silence_the_next_call_goes_elsewhere),
		TEST(one_that_came_too_late_blames_nobody),
		TEST(a_busy_member_is_left_but_the_call_ends),
		TEST(renewals_that_were_answered_in_part),
		TEST(a_member_that_is_behind_is_left),
		TEST(another_cluster_is_said_loudly_but_not_often),
		TEST(a_majority_is_believed),
		TEST(a_single_endpoint_is_believed_the_second_time),
		TEST(each_try_that_went_out_is_counted_once),
		TEST(cancelled_ones_hear_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
