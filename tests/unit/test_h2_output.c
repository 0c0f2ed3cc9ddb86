/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/h2_output.h"
#include "agent/util.h"

/* More than a socket takes whose buffer is as small as it can be. */
#define BODY  ((size_t)32768)
#define CALLS ((size_t)16)
#define ROOM  (CALLS * 2 * BODY)

static struct {
	int ours, theirs;
	struct h2_output output;
	struct h2_session session;
	struct h2_stream streams[CALLS];
	uint8_t *arrived;
	size_t n;
} stage;

static const uint8_t body[BODY];

static void on_end(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	UNUSED(stream);
	UNUSED(end);
	UNUSED(status);
	fail_msg("nobody has answered");
}

static const struct h2_stream_events events = { .on_end = on_end };

/* A new connection, and a window of the peer's that is wide enough for all calls. */
static void open_session(struct h2_session *session, struct h2_stream *streams)
{
	const struct h2_origin origin = { "http", "localhost" };
	const struct h2_call call = { .path = "/a/b", .body = body, .n_body = sizeof body };
	static const uint8_t wide[] = {
		0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff, /* each stream's */
		0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0,             /* the connection's */
	};

	memset(session, 0, sizeof *session);
	assert_int_equal(h2_session_open(session), 0);
	for (size_t i = 0; i < CALLS; i++) {
		streams[i] = (struct h2_stream){ 0 };
		assert_true(h2_session_begin(session, &streams[i], &origin, &call, &events));
	}
	assert_true(h2_session_take(session, wide, sizeof wide));
}

static int set_up(void **state)
{
	int ends[2], least = 1;

	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	stage.ours = ends[0];
	stage.theirs = ends[1];
	assert_int_equal(setsockopt(stage.ours, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
	stage.arrived = malloc(ROOM);
	assert_non_null(stage.arrived);
	open_session(&stage.session, stage.streams);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	h2_session_close(&stage.session);
	h2_output_finish(&stage.output);
	(void)close(stage.ours);
	(void)close(stage.theirs);
	free(stage.arrived);
	return 0;
}

static void push(bool *full)
{
	assert_int_equal(h2_output_push(&stage.output, stage.ours, &stage.session, NULL, full), 0);
}

/* At most so much of what has come. */
static void take(size_t most)
{
	assert_true(most <= ROOM - stage.n);
	ssize_t n = recv(stage.theirs, stage.arrived + stage.n, most, 0);
	assert_true(n > 0);
	stage.n += (size_t)n;
}

/* What another session with the same calls has to say, byte by byte. */
static void expect_all_has_arrived(void)
{
	struct h2_session twin;
	struct h2_stream streams[CALLS];
	uint8_t *said = malloc(ROOM);
	size_t n = 0, more;

	assert_non_null(said);
	open_session(&twin, streams);
	while ((more = h2_session_take_out(&twin, said + n, ROOM - n)) > 0) {
		n += more;
	}
	assert_true(n > CALLS * BODY);
	assert_int_equal(stage.n, n);
	assert_memory_equal(stage.arrived, said, n);
	h2_session_close(&twin);
	free(said);
}

static void a_full_socket_loses_nothing_and_repeats_nothing(void **state)
{
	unsigned rounds = 0;
	bool full = false;

	UNUSED(state);
	for (push(&full); full; push(&full)) {
		rounds++;
		push(&full); /* nobody has read meanwhile */
		assert_true(full);
		while (full && recv(stage.theirs, &(uint8_t){ 0 }, 1, MSG_PEEK) == 1) {
			take(700);
		}
	}
	while (recv(stage.theirs, &(uint8_t){ 0 }, 1, MSG_PEEK) == 1) {
		take(ROOM - stage.n);
	}
	assert_true(rounds > 10);
	assert_null(stage.output.kept);
	expect_all_has_arrived();
}

static void what_is_kept_is_forgotten_at_the_end(void **state)
{
	bool full;

	UNUSED(state);
	push(&full);
	assert_true(full);
	assert_non_null(stage.output.kept);
	h2_output_finish(&stage.output);
	assert_null(stage.output.kept);
	h2_output_finish(&stage.output);
}

static void a_peer_that_is_gone_is_an_error_also_for_what_was_kept(void **state)
{
	bool full;

	UNUSED(state);
	push(&full);
	assert_true(full);
	assert_int_equal(shutdown(stage.theirs, SHUT_RDWR), 0);
	assert_int_equal(h2_output_push(&stage.output, stage.ours, &stage.session, NULL, &full),
			EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_full_socket_loses_nothing_and_repeats_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				what_is_kept_is_forgotten_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				a_peer_that_is_gone_is_an_error_also_for_what_was_kept, set_up,
				tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
