/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/curl_target.h"
#include "agent/util.h"
#include "tests/unit/source_port.h"

static char nothing[] = "";

/* What a descriptor gives when nothing is set. */
static struct tls_settings tls_of(char *ca_file, char *server_name)
{
	return (struct tls_settings){ .on = true,
		.ca_file = ca_file,
		.cert_file = nothing,
		.key_file = nothing,
		.server_name = server_name };
}

static struct curl_target *secure_target(const char *text, const struct tls_settings *tls)
{
	struct endpoint e;
	struct err err;

	assert_int_equal(endpoint_parse(&e, text, 0, &err), 0);
	e.tls = true;
	struct curl_target *t = curl_target_create(&e, tls);
	assert_non_null(t);
	return t;
}

static struct curl_target *target(const char *text)
{
	struct endpoint e;
	struct err err;

	assert_int_equal(endpoint_parse(&e, text, 0, &err), 0);
	struct curl_target *t = curl_target_create(&e, NULL);
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
	curl_target_destroy(name);
	curl_target_destroy(six);
}

static void tls_is_in_the_url_and_the_host_is_expected(void **state)
{
	struct tls_settings tls = tls_of(nothing, nothing);
	struct curl_target *t = secure_target("[::1]:2379", &tls), *plain = target("etcd-1:2379");
	UNUSED(state);
	assert_string_equal(t->base, "https://[::1]:2379");
	assert_string_equal(t->name, "[::1]:2379");
	assert_string_equal(t->expected, "::1");
	assert_ptr_equal(t->tls, &tls);
	assert_null(t->connect_to);
	assert_null(plain->tls);
	curl_target_destroy(t);
	curl_target_destroy(plain);
}

static void a_server_name_is_asked_for_at_the_endpoint(void **state)
{
	char server_name[] = "etcd.internal";
	struct tls_settings tls = tls_of(nothing, server_name);
	struct curl_target *t = secure_target("[::1]:2379", &tls);
	UNUSED(state);
	assert_string_equal(t->base, "https://etcd.internal:2379");
	assert_string_equal(t->name, "[::1]:2379"); /* messages say where it is */
	assert_string_equal(t->expected, "etcd.internal");
	assert_string_equal(((struct curl_slist *)t->connect_to)->data, "::[::1]:2379");
	curl_target_destroy(t);
}

static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
				"MIIBdjCCARugAwIBAgIUVzawgG/VdqB/7xB804qssfiX5owwCgYIKoZIzj0EAwIw\n"
				"DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIyMjI2MzhaGA8yMTI2MTAyOTIyMjYz\n"
				"OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGXZ\n"
				"+paKHfEB7pPrtc5dFgXgDcm721IeJPdGi5YZl7ERcSXHmF+5UDX5zbdJFyV4Szvr\n"
				"KjiNzozrwWqORyynJwujUzBRMB0GA1UdDgQWBBS1x+yepsw5AzLOXDUWSZ2alF1U\n"
				"sDAfBgNVHSMEGDAWgBS1x+yepsw5AzLOXDUWSZ2alF1UsDAPBgNVHRMBAf8EBTAD\n"
				"AQH/MAoGCCqGSM49BAMCA0kAMEYCIQD4xFvNhPlhG6vkicbCu+af48prn8Zp9R9J\n"
				"kPjvQYM5mQIhAIxE2gfQmziRvBFyr5sqQB5TpnT4/nYqO9bYGSqy1s/g\n"
				"-----END CERTIFICATE-----\n";

static double second;

static double now(void)
{
	return second;
}

/* A rotation, and so many looks after it that it has settled. */
static void rotate(struct curl_target *t, const char *path, const char *mode, const char *text)
{
	FILE *file = fopen(path, mode);

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	for (int i = 0; i < 3; i++) {
		second += 1.0;
		curl_target_look(t);
	}
}

/* A target with a connection that the test has the other end of. */
struct connected {
	char path[32];
	int file, other_end;
	struct tls_settings tls;
	struct curl_target *t;
};

static void connect_to(struct connected *c)
{
	int pair[2];

	clock_replace(now);
	(void)snprintf(c->path, sizeof c->path, "/tmp/curl_target.XXXXXX");
	c->file = mkstemp(c->path);
	assert_true(write(c->file, authority, sizeof authority - 1) > 0);
	c->tls = tls_of(c->path, nothing);
	c->t = secure_target("localhost:1", &c->tls);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	c->t->fds[0] = pair[0];
	c->t->sockets = 1;
	c->other_end = pair[1];
}

static void disconnect(struct connected *c)
{
	assert_int_equal(curl_target_close(c->t, c->t->fds[0]), 0);
	(void)close(c->other_end);
	curl_target_destroy(c->t);
	clock_replace(NULL);
	(void)close(c->file);
	(void)unlink(c->path);
}

static bool is_open(const struct connected *c)
{
	char byte;

	return read(c->other_end, &byte, 1) == -1;
}

static void replaced_files_end_a_connection_that_is_idle(void **state)
{
	struct connected c;
	UNUSED(state);
	connect_to(&c);
	c.t->riding = 1;
	rotate(c.t, c.path, "a", authority);
	assert_true(is_open(&c)); /* a request is on it */
	assert_true(curl_target_joinable(c.t));
	c.t->riding = 0;
	curl_target_look(c.t);
	assert_false(is_open(&c));
	assert_false(curl_target_joinable(c.t));
	c.t->stale = false; /* as after a new connection: */
	curl_target_look(c.t);
	assert_true(curl_target_joinable(c.t)); /* once is enough */
	disconnect(&c);
}

static void files_of_no_use_end_no_connection(void **state)
{
	struct connected c;
	UNUSED(state);
	connect_to(&c);
	rotate(c.t, c.path, "w", "no certificate");
	assert_true(is_open(&c));
	assert_true(curl_target_joinable(c.t));
	rotate(c.t, c.path, "w", authority);
	assert_false(is_open(&c));
	disconnect(&c);
}

static void without_tls_no_file_is_looked_at(void **state)
{
	struct curl_target *t = target("localhost:1");
	UNUSED(state);
	t->sockets = 1;
	curl_target_look(t);
	assert_true(curl_target_joinable(t));
	curl_target_destroy(t);
	curl_target_destroy(NULL);
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
	curl_target_destroy(t);
}

static void a_connection_on_its_way_can_be_joined(void **state)
{
	struct curl_target *t = target("localhost:1");
	UNUSED(state);
	t->connecting = 1;
	assert_true(curl_target_joinable(t));
	t->stale = true;
	assert_false(curl_target_joinable(t));
	curl_target_destroy(t);
}

static void a_failed_socket_is_not_counted(void **state)
{
	struct curl_target *t = target("localhost:1");
	UNUSED(state);
	assert_int_equal(curl_target_socket(t, -1, SOCK_STREAM, 0), -1);
	assert_int_equal(t->sockets, 0);
	curl_target_destroy(t);
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
	curl_target_destroy(t);
}

/* Another program's connection may share the port that the kernel gives us: hence several tries. */
static void leaves_its_source_port_to_a_service(void **state)
{
	struct curl_target *t = target("localhost:1");
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can = false;
	UNUSED(state);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 20), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (int i = 0; i < 20 && !can; i++) {
		int fd = curl_target_socket(t, AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
		can = service_can_listen_on_source_port(fd);
		assert_int_equal(curl_target_close(t, fd), 0);
	}
	assert_true(can);
	(void)close(listener);
	curl_target_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_server),
		cmocka_unit_test(tls_is_in_the_url_and_the_host_is_expected),
		cmocka_unit_test(a_server_name_is_asked_for_at_the_endpoint),
		cmocka_unit_test(replaced_files_end_a_connection_that_is_idle),
		cmocka_unit_test(files_of_no_use_end_no_connection),
		cmocka_unit_test(without_tls_no_file_is_looked_at),
		cmocka_unit_test(counts_sockets),
		cmocka_unit_test(leaves_its_source_port_to_a_service),
		cmocka_unit_test(a_connection_on_its_way_can_be_joined),
		cmocka_unit_test(a_failed_socket_is_not_counted),
		cmocka_unit_test(abandon_shuts_down_what_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
