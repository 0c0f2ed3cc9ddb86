/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/waiting.h"
#include "agent/util.h"
#include "tests/unit/loopback.h"

/* A port that takes one connection, says `text`, and ends it unless it is to be silent. */
struct peer {
	int fd;
	struct sockaddr_in at;
	const char *text;
	bool silent;
	pthread_t thread;
};

union address {
	struct sockaddr_in *in;
	struct sockaddr *any;
};

static void *serve(void *user)
{
	struct peer *p = user;
	int fd = accept(p->fd, NULL, NULL);
	char heard[64];
	size_t n = 0;

	while (n < 6) { /* "hello\n": closing before it is read would reset */
		ssize_t got = read(fd, heard + n, sizeof heard - n);
		if (got <= 0) {
			break;
		}
		n += (size_t)got;
	}
	(void)!write(fd, p->text, strlen(p->text));
	while (p->silent && read(fd, heard, sizeof heard) > 0) {
	}
	(void)close(fd);
	return NULL;
}

static void listen_at(struct peer *p)
{
	p->fd = loopback_listen(&p->at, 1);
}

/* Asks it once; returns what waiting_ask does. */
static int ask(struct peer *p, const char *enough, char *out, size_t size, double within)
{
	union address at = { .in = &p->at };

	listen_at(p);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
	int result = waiting_ask(
			at.any, sizeof p->at, "hello\n", enough, out, size, clock_now() + within);
	int error = errno;
	assert_int_equal(pthread_join(p->thread, NULL), 0);
	(void)close(p->fd);
	errno = error;
	return result;
}

static void hears_until_the_end(void **state)
{
	struct peer p = { .text = "one\ntwo" };
	char out[64];
	UNUSED(state);
	assert_int_equal(ask(&p, NULL, out, sizeof out, 20.0), 0);
	assert_string_equal(out, "one\ntwo");
}

static void hears_until_there_is_enough(void **state)
{
	struct peer p = { .text = "one\n", .silent = true };
	char out[64];
	UNUSED(state);
	assert_int_equal(ask(&p, "\n", out, sizeof out, 20.0), 0);
	assert_string_equal(out, "one\n");
}

static void hears_as_much_as_there_is_room_for(void **state)
{
	struct peer p = { .text = "12345678", .silent = true };
	char out[4];
	UNUSED(state);
	assert_int_equal(ask(&p, NULL, out, sizeof out, 20.0), 0);
	assert_string_equal(out, "123");
}

static void does_not_wait_for_ever(void **state)
{
	struct peer p = { .text = "", .silent = true };
	char out[64];
	UNUSED(state);
	assert_int_equal(ask(&p, NULL, out, sizeof out, 0.05), -1);
	assert_int_equal(errno, ETIMEDOUT);
}

static void nobody_there_is_said(void **state)
{
	struct peer p = { .text = "" };
	union address at = { .in = &p.at };
	UNUSED(state);
	listen_at(&p);
	(void)close(p.fd);
	assert_int_equal(waiting_connect(at.any, sizeof p.at, clock_now() + 20.0), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hears_until_the_end),
		cmocka_unit_test(hears_until_there_is_enough),
		cmocka_unit_test(hears_as_much_as_there_is_room_for),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(nobody_there_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
