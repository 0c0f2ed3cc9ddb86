/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/carrier_scene.h"

#define STREAMS 50

static struct stream {
	struct carrier_request request;
	unsigned ends, pieces;
	size_t heard;
	unsigned sum; /* of the bytes heard */
	enum carrier_end end;
	int code;
	char why[400];
	unsigned again;         /* how often its owner starts it again when it has ended */
	bool cancels, abandons; /* when it hears something */
} streams[STREAMS];

static struct {
	double patience;
	unsigned ends; /* of all */
} stage;

static void start(struct stream *s);

static void on_heard(struct carrier_request *r, const uint8_t *data, size_t len)
{
	struct stream *s = CONTAINER_OF(r, struct stream, request);

	s->pieces++;
	s->heard += len;
	for (size_t i = 0; i < len; i++) {
		s->sum += data[i];
	}
	if (s->cancels) {
		carrier_cancel(r);
	}
	if (s->abandons) {
		carrier_abandon(r);
	}
}

static void on_done(struct carrier_request *r, const struct carrier_answer *answer)
{
	struct stream *s = CONTAINER_OF(r, struct stream, request);

	assert_null(r->carrier); /* detached before */
	s->ends++;
	s->heard += answer->len;
	s->end = answer->end;
	s->code = answer->status->code;
	(void)strncpy(s->why, answer->why, sizeof s->why - 1);
	stage.ends++;
	if (s->again > 0) {
		s->again--;
		start(s);
	}
}

static void start(struct stream *s)
{
	static const uint8_t body[5] = { 0 }; /* one empty message */
	const struct carrier_call call = {
		.path = "/a.Service/Watch",
		.token = nothing,
		.body = body,
		.len = sizeof body,
		.deadline = clock_now() + stage.patience,
		.on_heard = on_heard,
	};

	carrier_start(scene.carrier, &s->request, scene.target, &call, on_done);
}

static void start_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		start(&streams[i]);
	}
}

/* Each of the first `n` has heard so much in all. */
static void wait_for_heard(unsigned n, size_t len)
{
	for (unsigned i = 0; i < n; i++) {
		WAIT_FOR(streams[i].heard >= len);
		assert_int_equal(streams[i].heard, len);
	}
}

static void open_all(unsigned n)
{
	start_all(n);
	WAIT_FOR(scene.server.open == n);
}

/* All are open, and have heard one byte. */
static void hear_all(unsigned n)
{
	open_all(n);
	grpc_server_tell(&scene.server, "a", 1);
	wait_for_heard(n, 1);
}

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	memset(streams, 0, sizeof streams);
	stage.patience = BOUND;
	return carrier_scene_open(MANNER_STREAMS);
}

static int tear_down(void **state)
{
	UNUSED(state);
	carrier_scene_close();
	return 0;
}

/* ---- one stream ------------------------------------------------------------------------------ */

static void a_stream_is_told_what_comes_as_it_comes(void **state)
{
	UNUSED(state);
	open_all(1);
	for (unsigned i = 1; i <= 3; i++) {
		grpc_server_tell(&scene.server, "abcd", 4);
		wait_for_heard(1, (size_t)4 * i);
		assert_int_equal(streams[0].pieces, i);
	}
	assert_int_equal(streams[0].sum, 3 * ('a' + 'b' + 'c' + 'd'));
	assert_int_equal(stage.ends, 0);
	assert_int_equal(scene.server.calls, 1);
}

static void tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(revents);
	ev_timer_stop(loop, timer);
}

/* The deadline is for the connection alone. */
static void a_stream_lasts_longer_than_its_deadline(void **state)
{
	ev_timer later;
	UNUSED(state);
	stage.patience = 2.0;
	hear_all(1);
	ev_timer_init(&later, tick, 2.5, 0.0);
	ev_timer_start(scene.loop, &later);
	WAIT_FOR(!ev_is_active(&later));
	assert_int_equal(stage.ends, 0);
	grpc_server_tell(&scene.server, "b", 1);
	wait_for_heard(1, 2);
	assert_int_equal(scene.server.calls, 1);
}

static void a_stream_that_begins_too_late_is_not_sent(void **state)
{
	UNUSED(state);
	stage.patience = 0.0;
	start_all(1);
	assert_int_equal(stage.ends, 0); /* a start never calls back */
	WAIT_FOR(stage.ends == 1);
	assert_int_equal(streams[0].end, CARRIER_TOO_LATE);
	assert_int_equal(scene.server.accepted, 0);
}

static void the_server_ends_it_with_a_status(void **state)
{
	UNUSED(state);
	hear_all(1);
	scene.server.code = "14";
	grpc_server_end_streams(&scene.server);
	WAIT_FOR(stage.ends == 1);
	assert_int_equal(streams[0].end, CARRIER_ANSWERED);
	assert_int_equal(streams[0].code, 14);
	assert_int_equal(streams[0].heard, 1);
	assert_string_equal(streams[0].why, "");
	open_all(1);
	assert_int_equal(scene.server.accepted, 1); /* the connection is as good as before */
}

static void a_stream_that_was_cut_after_it_was_heard_is_not_repeated(void **state)
{
	UNUSED(state);
	hear_all(2); /* one has made the connection, and one has joined it */
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == 2);
	assert_int_equal(streams[0].end, CARRIER_BROKEN);
	assert_int_equal(streams[1].end, CARRIER_BROKEN);
	assert_int_equal(scene.server.calls, 2);
}

/* It would miss nothing; and a connection that was there before says little of the server. */
static void one_that_joined_and_was_not_heard_is_repeated_once(void **state)
{
	UNUSED(state);
	hear_all(1);
	start(&streams[1]);
	WAIT_FOR(scene.server.open == 2);
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(streams[0].ends == 1 && scene.server.open == 1);
	assert_int_equal(scene.server.calls, 3);
	assert_int_equal(scene.server.accepted, 2);
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == 2);
	assert_int_equal(streams[1].end, CARRIER_BROKEN);
	assert_int_equal(scene.server.calls, 3);
}

static void a_big_burst_comes_whole(void **state)
{
	static const size_t sizes[] = { 20000, 600000, 3000000 };
	size_t before = 0;
	UNUSED(state);
	open_all(1);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint8_t *burst = malloc(sizes[i]);
		assert_non_null(burst);
		memset(burst, 1, sizes[i]);
		grpc_server_tell(&scene.server, burst, sizes[i]);
		before += sizes[i];
		wait_for_heard(1, before);
		assert_int_equal(streams[0].sum, before);
		free(burst);
	}
}

/* ---- from within ----------------------------------------------------------------------------- */

static void a_stream_may_be_cancelled_when_it_is_heard(void **state)
{
	UNUSED(state);
	open_all(2);
	streams[0].cancels = true;
	grpc_server_tell(&scene.server, "a", 1);
	wait_for_heard(2, 1);
	assert_null(streams[0].request.carrier);
	start(&streams[2]);
	WAIT_FOR(scene.server.calls == 3);
	assert_int_equal(scene.server.open, 2); /* with the next one the server is told */
	grpc_server_tell(&scene.server, "b", 1);
	WAIT_FOR(streams[1].heard == 2 && streams[2].heard == 1);
	assert_int_equal(streams[0].heard, 1);
	assert_int_equal(stage.ends, 0);
	assert_int_equal(scene.server.accepted, 1);
}

static void all_may_be_cancelled_by_the_first_that_is_heard(void **state)
{
	UNUSED(state);
	open_all(STREAMS);
	for (unsigned i = 0; i < STREAMS; i++) {
		streams[i].cancels = true;
	}
	grpc_server_tell(&scene.server, "a", 1);
	wait_for_heard(STREAMS, 1);
	for (unsigned i = 0; i < STREAMS; i++) {
		streams[i].cancels = false;
	}
	start(&streams[0]);
	WAIT_FOR(scene.server.calls == STREAMS + 1 && scene.server.open == 1);
	grpc_server_tell(&scene.server, "b", 1);
	WAIT_FOR(streams[0].heard == 2);
	assert_int_equal(stage.ends, 0);
	assert_int_equal(scene.server.accepted, 1);
}

/* Its connection may be a black hole: nobody else is to fall into it. */
static void after_one_that_was_abandoned_a_new_connection_is_made(void **state)
{
	UNUSED(state);
	hear_all(1);
	carrier_abandon(&streams[0].request);
	carrier_abandon(&streams[0].request);
	assert_null(streams[0].request.carrier);
	start(&streams[1]);
	WAIT_FOR(scene.server.calls == 2 && scene.server.open == 1); /* the first has gone */
	grpc_server_tell(&scene.server, "a", 1);
	WAIT_FOR(streams[1].heard == 1);
	assert_int_equal(stage.ends, 0);
	start(&streams[2]); /* which is joined by the next */
	WAIT_FOR(scene.server.open == 2);
	assert_int_equal(scene.server.accepted, 2);
}

static void it_may_be_abandoned_when_it_is_heard(void **state)
{
	UNUSED(state);
	open_all(2);
	streams[0].abandons = true;
	grpc_server_tell(&scene.server, "a", 1);
	WAIT_FOR(stage.ends ==
			1); /* the other was on the same connection, and may have been heard */
	assert_int_equal(streams[0].ends, 0);
	assert_int_equal(streams[1].end, CARRIER_BROKEN);
}

/* ---- many ------------------------------------------------------------------------------------ */

static void two_streams_share_a_connection(void **state)
{
	UNUSED(state);
	hear_all(2);
	assert_int_equal(scene.server.accepted, 1);
	grpc_server_tell(&scene.server, "bc", 2);
	wait_for_heard(2, 3);
}

static void many_streams_share_a_connection(void **state)
{
	UNUSED(state);
	hear_all(STREAMS);
	assert_int_equal(scene.server.accepted, 1);
	assert_int_equal(scene.server.calls, STREAMS);
}

static void many_that_lose_their_connection_meet_on_one_new_one(void **state)
{
	UNUSED(state);
	hear_all(STREAMS);
	for (unsigned i = 0; i < STREAMS; i++) {
		streams[i].again = 1;
	}
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == STREAMS && scene.server.open == STREAMS);
	assert_int_equal(scene.server.accepted, 2);
	assert_int_equal(scene.server.calls, 2 * STREAMS);
	grpc_server_tell(&scene.server, "b", 1);
	wait_for_heard(STREAMS, 2);
	assert_int_equal(stage.ends, STREAMS);
}

/* Not once, but for as long as etcd comes and goes. */
static void so_they_do_again_and_again(void **state)
{
	UNUSED(state);
	hear_all(STREAMS);
	for (unsigned round = 1; round <= 5; round++) {
		for (unsigned i = 0; i < STREAMS; i++) {
			streams[i].again = 1;
		}
		grpc_server_end_connections(&scene.server);
		WAIT_FOR(stage.ends == round * STREAMS && scene.server.open == STREAMS);
		grpc_server_tell(&scene.server, "b", 1);
		wait_for_heard(STREAMS, 1 + round);
		assert_int_equal(scene.server.accepted, 1 + round);
	}
}

/* Their own tries, before any of them was heard. */
static void many_that_were_not_heard_meet_on_one_new_one(void **state)
{
	UNUSED(state);
	hear_all(1);
	for (unsigned i = 1; i < STREAMS; i++) {
		start(&streams[i]);
	}
	WAIT_FOR(scene.server.open == STREAMS);
	grpc_server_end_connections(&scene.server);
	WAIT_FOR(stage.ends == 1 && scene.server.open == STREAMS - 1);
	assert_int_equal(scene.server.accepted, 2);
}

static void streams_in_flight_end_with_the_carrier(void **state)
{
	UNUSED(state);
	hear_all(3);
	carrier_destroy(scene.carrier);
	scene.carrier = NULL;
	assert_int_equal(stage.ends, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_stream_is_told_what_comes_as_it_comes),
		TEST(a_stream_lasts_longer_than_its_deadline),
		TEST(a_stream_that_begins_too_late_is_not_sent),
		TEST(the_server_ends_it_with_a_status),
		TEST(a_stream_that_was_cut_after_it_was_heard_is_not_repeated),
		TEST(one_that_joined_and_was_not_heard_is_repeated_once),
		TEST(a_big_burst_comes_whole),
		TEST(a_stream_may_be_cancelled_when_it_is_heard),
		TEST(all_may_be_cancelled_by_the_first_that_is_heard),
		TEST(after_one_that_was_abandoned_a_new_connection_is_made),
		TEST(it_may_be_abandoned_when_it_is_heard),
		TEST(two_streams_share_a_connection),
		TEST(many_streams_share_a_connection),
		TEST(many_that_lose_their_connection_meet_on_one_new_one),
		TEST(so_they_do_again_and_again),
		TEST(many_that_were_not_heard_meet_on_one_new_one),
		TEST(streams_in_flight_end_with_the_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
