/* SPDX-License-Identifier: Apache-2.0 */
/* How little a peer can do to the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/random.h"
#include "agent/util.h"
#include "tests/unit/admin_stage.h"

#define HALF "GET /status HTTP/1.1\r\nHost: loc"

static void half_a_request_ends_in_time(void **state)
{
	struct client c;
	UNUSED(state);
	admin_set_patience(stage.admin, 0.1, 0.05);
	double began = ev_time();
	client_start(&c, HALF, strlen(HALF));
	assert_true(wait_end(&c));
	assert_true(ev_time() - began >= 0.09);
	client_finish(&c);
	client_start(&c, "", 0); /* nor does nothing */
	assert_true(wait_end(&c));
	client_finish(&c);
}

/* A byte now and then does not make it longer. */
static void slow_talk_ends_in_time(void **state)
{
	struct client c;
	unsigned said = 0;
	UNUSED(state);
	admin_set_patience(stage.admin, 0.2, 0.05);
	client_start(&c, "GET /status HTTP/1.1\r\n", 22);
	for (; !c.ended && said < 1000; said++) {
		client_say(&c, said % 2 == 0 ? "a: " : "b\r\n");
		turn_for(0.01);
	}
	assert_true(c.ended);
	assert_true(said < 500);
	client_finish(&c);
}

static void slow_reading_ends_in_time(void **state)
{
	const char text[] = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct client c;
	UNUSED(state);
	stage.played.copies = 8000; /* more than the sockets hold */
	admin_set_patience(stage.admin, 0.3, 0.05);
	client_start(&c, text, sizeof text - 1);
	ev_io_stop(stage.loop, &c.io);
	turn_for(0.6);
	ev_io_start(stage.loop, &c.io);
	assert_true(wait_end(&c));
	const char *length = strstr(c.got, "\r\nContent-Length: ");
	assert_non_null(length);
	assert_true(strtoul(length + 18, NULL, 10) > strlen(body_of(c.got)));
	client_finish(&c);
}

static void there_are_so_many_connections(void **state)
{
	struct client slow[ADMIN_CONNECTIONS + 20];
	UNUSED(state);
	admin_set_patience(stage.admin, 1000.0, 1000.0);
	size_t before = count_descriptors();
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		client_start(&slow[i], HALF, strlen(HALF));
		turn_for(0.0); /* so that the queue at the door has room */
	}
	turn_for(0.2);
	assert_int_equal(count_descriptors(), before + ARRAY_LEN(slow) + ADMIN_CONNECTIONS);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		assert_false(slow[i].ended);
		client_finish(&slow[i]);
	}
	assert_int_equal(status_of(get("/healthz")), 200);
	client_finish(&slow[0]);
	assert_int_equal(count_descriptors(), before + 1); /* that of the last client */
}

/* Those who take long make room for those who wait. */
static void slow_ones_do_not_keep_others_out(void **state)
{
	struct client slow[ADMIN_CONNECTIONS];
	UNUSED(state);
	admin_set_patience(stage.admin, 1000.0, 0.2);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		client_start(&slow[i], HALF, strlen(HALF));
	}
	turn_for(0.5);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		assert_false(slow[i].ended); /* nobody waits */
	}
	assert_int_equal(status_of(get("/healthz")), 200);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		assert_true(wait_end(&slow[i]));
		client_finish(&slow[i]);
	}
}

static void a_long_head_is_refused(void **state)
{
	char *text = malloc(100000);
	UNUSED(state);
	int len = snprintf(text, 100, "GET /status HTTP/1.1\r\nA: ");
	memset(text + len, 'x', 99000);
	assert_int_equal(status_of(ask_bytes(text, 99000)), 431);
	len = snprintf(text, 100, "GET /");
	memset(text + len, 'x', 99000);
	int status = status_of(ask_bytes(text, 99000));
	assert_true(status == 414 || status == 431 || status == 0);
	for (size_t i = 0; i < 99000; i += 6) {
		memcpy(text + i,
				i == 0    ? "GET / "
				: i == 6  ? "HTTP/1"
				: i == 12 ? ".1\r\na:"
					  : "b\r\na:b",
				6);
	}
	status = status_of(ask_bytes(text, 99000));
	assert_true(status == 431 || status == 0);
	assert_int_equal(status_of(get("/healthz")), 200);
	assert_int_equal(stage.played.looks, 0);
	free(text);
}

/* Each takes more memory than it has bytes. */
static void many_arguments_are_refused(void **state)
{
	char text[15000];
	UNUSED(state);
	admin_set_patience(stage.admin, 1000.0, 1000.0); /* not by the time that they take */
	for (unsigned n = 100; n < 1500; n += 100) {
		size_t len = (size_t)snprintf(text, sizeof text, "POST /drain?");
		for (unsigned i = 0; i < n; i++) {
			memcpy(text + len, "service=a&", 10);
			len += 10;
		}
		(void)snprintf(text + len, sizeof text - len,
				"service=coupon-service HTTP/1.1\r\nHost: localhost\r\n\r\n");
		int status = status_of(ask(text));
		assert_true(n > 100 ? status == 0 || status >= 400 : status == 404);
	}
	assert_string_equal(stage.played.told, "");
	assert_int_equal(status_of(get("/healthz")), 200);
}

/* Any bytes, the beginnings of requests, and requests with a byte changed; the same each time. */
static size_t make_garbage(struct random *random, char *text, size_t size)
{
	static const char whole[] = "POST /drain?service=%61 HTTP/1.1\r\nHost: localhost\r\n"
				    "Content-Length: 3\r\n\r\nabc";
	size_t len = (size_t)random_below(random, (uint32_t)size);

	for (size_t i = 0; i < len; i++) {
		text[i] = (char)random_below(random, 256);
	}
	if (random_below(random, 2) == 0) {
		len = len < sizeof whole - 1 ? len : sizeof whole - 1;
		memcpy(text, whole, len);
		for (unsigned i = 0; i < 3 && len > 0; i++) {
			text[random_below(random, (uint32_t)len)] = (char)random_below(random, 256);
		}
	}
	return len;
}

static void garbage_is_no_trouble(void **state)
{
	struct client clients[8];
	struct random random;
	char text[400];
	UNUSED(state);
	random_seed(&random, 20);
	admin_set_patience(stage.admin, 0.02, 0.02);
	size_t before = count_descriptors();
	for (unsigned round = 0; round < 100; round++) {
		for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
			client_start(&clients[i], text, make_garbage(&random, text, sizeof text));
		}
		for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
			assert_true(wait_end(&clients[i]));
			client_finish(&clients[i]);
		}
	}
	admin_set_patience(stage.admin, 10.0, 1.0);
	assert_int_equal(status_of(get("/healthz")), 200);
	assert_int_equal(count_descriptors(), before + 1);
}

/*
 * Whether the loop, with nothing but the admin on it, turns so often at most within 0.3 s. A
 * machine that stands still meanwhile has it turn once more; it does not do so each time.
 */
static bool turns_at_most(unsigned n)
{
	unsigned turns = n + 1;

	for (unsigned i = 0; i < 4 && turns > n; i++) {
		unsigned before = ev_iteration(stage.loop);
		turn_for(0.3);
		turns = ev_iteration(stage.loop) - before;
	}
	return turns <= n;
}

static void at_rest_nothing_wakes_up(void **state)
{
	struct client c;
	UNUSED(state);
	assert_true(turns_at_most(2)); /* the test's own timer */
	assert_int_equal(status_of(get("/metrics")), 200);
	assert_true(turns_at_most(2));
	client_start(&c, HALF, strlen(HALF)); /* also with somebody there who does nothing */
	turn_for(0.1);
	assert_true(turns_at_most(2));
	client_finish(&c);
	turn_for(0.1);
	assert_true(turns_at_most(2));
}

/* The last descriptors are for the services. */
static void the_last_descriptors_are_left(void **state)
{
	struct rlimit before, low;
	struct client c;
	UNUSED(state);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	int next = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	(void)close(next);
	low = before;
	low.rlim_cur = (rlim_t)next + 9;
	admin_set_patience(stage.admin, 1000.0, 1000.0); /* it is not for its slowness */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	client_start(&c, HALF, strlen(HALF));
	assert_true(wait_end(&c)); /* at once */
	assert_true(turns_at_most(2));
	client_finish(&c);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(status_of(get("/healthz")), 200); /* after a while */
}

/* Nor does it spin when there is none at all. */
static void without_descriptors_it_waits(void **state)
{
	struct rlimit before, low;
	struct client c;
	UNUSED(state);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	client_start(&c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 42);
	low = before;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_true(turns_at_most(3));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(wait_end(&c));
	assert_int_equal(status_of(c.got), 200);
	client_finish(&c);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_a_request_ends_in_time),
		TEST(slow_talk_ends_in_time),
		TEST(slow_reading_ends_in_time),
		TEST(there_are_so_many_connections),
		TEST(slow_ones_do_not_keep_others_out),
		TEST(a_long_head_is_refused),
		TEST(many_arguments_are_refused),
		TEST(garbage_is_no_trouble),
		TEST(at_rest_nothing_wakes_up),
		TEST(the_last_descriptors_are_left),
		TEST(without_descriptors_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
