/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "agent/net/h2_address.h"
#include "agent/util.h"
#include "tests/unit/loopback.h"
#include "tests/unit/source_port.h"

static struct target parsed(const char *text)
{
	struct target t;
	struct err err;

	assert_int_equal(target_parse(&t, text, &err), 0);
	return t;
}

static void expect(const struct h2_address *a, int family, const char *text, uint16_t port)
{
	char host[INET6_ADDRSTRLEN];
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	assert_int_equal(a->at.any.sa_family, family);
	memcpy(&four, &a->at, sizeof four);
	memcpy(&six, &a->at, sizeof six);
	const void *ip = family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr;
	assert_non_null(inet_ntop(family, ip, host, sizeof host));
	assert_string_equal(host, text);
	assert_int_equal(ntohs(family == AF_INET ? four.sin_port : six.sin6_port), port);
	assert_int_equal(a->len, family == AF_INET ? sizeof four : sizeof six);
}

static void an_address_is_itself(void **state)
{
	struct h2_address out[H2_ADDRESSES];
	struct target four = parsed("127.0.0.9:50051"), six = parsed("[::1]:65535");
	UNUSED(state);
	assert_int_equal(h2_addresses(out, &four), 1);
	expect(&out[0], AF_INET, "127.0.0.9", 50051);
	assert_int_equal(h2_addresses(out, &six), 1);
	expect(&out[0], AF_INET6, "::1", 65535);
}

static void localhost_is_both(void **state)
{
	struct h2_address out[H2_ADDRESSES];
	struct target t = parsed("localhost:80");
	UNUSED(state);
	assert_int_equal(h2_addresses(out, &t), 2);
	expect(&out[0], AF_INET, "127.0.0.1", 80);
	expect(&out[1], AF_INET6, "::1", 80);
}

static void a_path_is_a_local_socket(void **state)
{
	struct h2_address out[H2_ADDRESSES];
	struct target t = parsed("unix:/run/coupon.sock");
	UNUSED(state);
	assert_int_equal(h2_addresses(out, &t), 1);
	assert_int_equal(out[0].at.any.sa_family, AF_UNIX);
	assert_string_equal(out[0].at.local.sun_path, "/run/coupon.sock");
}

/* A socket bound to a loopback port of its own, and its address. */
static int bound(struct h2_address *a)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = loopback_bind(&at);

	memset(a, 0, sizeof *a);
	a->len = sizeof at;
	memcpy(&a->at, &at, sizeof at);
	return fd;
}

/* A connection to a listener of its own. */
static int connected(int *listener)
{
	struct h2_address a;

	*listener = bound(&a);
	assert_int_equal(listen(*listener, 1), 0);
	int fd = h2_address_connect(&a, 1000);
	assert_true(fd >= 0);
	return fd;
}

static void connects_without_blocking(void **state)
{
	int listener, fd = connected(&listener);
	UNUSED(state);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_false(h2_address_is_self(fd));
	h2_address_drop(fd);
	(void)close(listener);
}

/* Another program's connection may share the port that the kernel gives us: hence several tries. */
static void leaves_its_source_port_to_a_service(void **state)
{
	bool can = false;
	UNUSED(state);
	for (int i = 0; i < 20 && !can; i++) {
		int listener, fd = connected(&listener);
		can = service_can_listen_on_source_port(fd);
		h2_address_drop(fd);
		(void)close(listener);
	}
	assert_true(can);
}

static void knows_a_socket_that_met_itself(void **state)
{
	struct h2_address a;
	int fd = bound(&a);
	UNUSED(state);
	assert_int_equal(connect(fd, &a.at.any, a.len), 0);
	assert_true(h2_address_is_self(fd));
	h2_address_drop(fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_local_pair_is_not_itself(void **state)
{
	int fds[2];
	UNUSED(state);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_false(h2_address_is_self(fds[0]));
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* The end of what a peer reads, after "bye", when its own words were not read. */
static ssize_t end_of_goodbye(int peer, int fd)
{
	char said[3];

	assert_int_equal(send(peer, "an answer", 9, 0), 9);
	assert_int_equal(send(fd, "bye", 3, 0), 3);
	h2_address_hang_up(fd);
	assert_int_equal(recv(peer, said, sizeof said, MSG_WAITALL), 3);
	ssize_t end = recv(peer, said, sizeof said, 0);
	(void)close(peer);
	return end;
}

static void hangs_up_without_a_reset(void **state)
{
	int listener, fd = connected(&listener), pair[2];
	UNUSED(state);
	assert_int_equal(end_of_goodbye(accept(listener, NULL, NULL), fd), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(end_of_goodbye(pair[0], pair[1]), 0);
	(void)close(listener);
}

static void a_missing_path_fails_with_its_errno(void **state)
{
	struct h2_address out[H2_ADDRESSES];
	struct target t = parsed("unix:/nonexistent/socket");
	UNUSED(state);
	(void)h2_addresses(out, &t);
	assert_int_equal(h2_address_connect(&out[0], 1000), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_itself),
		cmocka_unit_test(localhost_is_both),
		cmocka_unit_test(a_path_is_a_local_socket),
		cmocka_unit_test(connects_without_blocking),
		cmocka_unit_test(leaves_its_source_port_to_a_service),
		cmocka_unit_test(knows_a_socket_that_met_itself),
		cmocka_unit_test(a_local_pair_is_not_itself),
		cmocka_unit_test(hangs_up_without_a_reset),
		cmocka_unit_test(a_missing_path_fails_with_its_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
