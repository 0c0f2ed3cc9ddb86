/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/curl_target.h"
#include "agent/util.h"
#include "tests/unit/source_port.h"

static struct curl_target *target(const char *text)
{
	struct endpoint e;
	struct err err;

	assert_int_equal(endpoint_parse(&e, text, 0, &err), 0);
	struct curl_target *t = curl_target_create(&e);
	assert_non_null(t);
	return t;
}

static void names_its_server(void **state)
{
	struct curl_target *name = target("etcd-1:2379"), *six = target("[::1]:2379");
	UNUSED(state);
	assert_string_equal(name->base, "http://etcd-1:2379");
	assert_string_equal(name->name, "etcd-1:2379");
	assert_string_equal(six->base, "http://[::1]:2379");
	free(name);
	free(six);
}

static void counts_sockets(void **state)
{
	struct curl_target *t = target("localhost:1");
	int fds[TARGET_SOCKETS + 3];
	UNUSED(state);
	assert_false(curl_target_joinable(t));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) { /* more than it keeps by name */
		fds[i] = curl_target_socket(t, AF_INET, SOCK_STREAM, 0);
		assert_true(fds[i] >= 0);
		assert_int_equal(t->sockets, i + 1);
	}
	assert_true(curl_target_joinable(t));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_int_equal(curl_target_close(t, fds[i]), 0);
	}
	assert_int_equal(t->sockets, 0);
	assert_false(curl_target_joinable(t));
	for (size_t i = 0; i < TARGET_SOCKETS; i++) {
		assert_int_equal(t->fds[i], -1);
	}
	free(t);
}

static void a_connection_on_its_way_can_be_joined(void **state)
{
	struct curl_target *t = target("localhost:1");
	UNUSED(state);
	t->connecting = 1;
	assert_true(curl_target_joinable(t));
	t->stale = true;
	assert_false(curl_target_joinable(t));
	free(t);
}

static void a_failed_socket_is_not_counted(void **state)
{
	struct curl_target *t = target("localhost:1");
	UNUSED(state);
	assert_int_equal(curl_target_socket(t, -1, SOCK_STREAM, 0), -1);
	assert_int_equal(t->sockets, 0);
	free(t);
}

static void abandon_shuts_down_what_is_open(void **state)
{
	struct curl_target *t = target("localhost:1");
	int pair[2];
	char byte;
	UNUSED(state);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	t->fds[3] = pair[0];
	t->sockets = 1;
	curl_target_abandon(t);
	assert_int_equal(read(pair[1], &byte, 1), 0); /* the other end sees the end */
	assert_false(curl_target_joinable(t));
	assert_int_equal(curl_target_close(t, pair[0]), 0);
	(void)close(pair[1]);
	free(t);
}

static void leaves_its_source_port_to_a_service(void **state)
{
	struct curl_target *t = target("localhost:1");
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	UNUSED(state);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	int fd = curl_target_socket(t, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	assert_true(service_can_listen_on_source_port(fd));
	assert_int_equal(curl_target_close(t, fd), 0);
	(void)close(listener);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_server),
		cmocka_unit_test(counts_sockets),
		cmocka_unit_test(leaves_its_source_port_to_a_service),
		cmocka_unit_test(a_connection_on_its_way_can_be_joined),
		cmocka_unit_test(a_failed_socket_is_not_counted),
		cmocka_unit_test(abandon_shuts_down_what_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
