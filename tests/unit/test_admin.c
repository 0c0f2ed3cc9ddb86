/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/util.h"
#include "tests/unit/admin_stage.h"

/* Descriptors of whoever runs the test. */
static bool inherited[256];

#define HERE "Host: localhost\r\n"

static bool has(const char *answer, const char *line)
{
	return strstr(answer, line) != NULL;
}

static void answers_each_route(void **state)
{
	static const struct {
		const char *path, *type, *begins;
	} cases[] = {
		{ "/healthz", "text/plain; charset=utf-8", "ok\n" },
		{ "/readyz", "text/plain; charset=utf-8", "ok\n" },
		{ "/status", "application/json", "{\"schema_version\":1," },
		{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "# HELP svc_agent_" },
	};
	char type[80];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *answer = get(cases[i].path);
		assert_int_equal(status_of(answer), 200);
		(void)snprintf(type, sizeof type, "\r\nContent-Type: %s\r\n", cases[i].type);
		assert_true(has(answer, type));
		assert_true(has(answer, "\r\nCache-Control: no-store\r\n"));
		assert_true(has(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
		assert_true(has(answer, "\r\nConnection: close\r\n"));
		assert_memory_equal(body_of(answer), cases[i].begins, strlen(cases[i].begins));
	}
}

static void tells_what_is_not_ready(void **state)
{
	UNUSED(state);
	stage.played.services[1].at_goal = stage.played.services[1].listed = false;
	const char *answer = get("/readyz");
	assert_int_equal(status_of(answer), 503);
	assert_string_equal(body_of(answer), "point-service localhost:50052: not listed yet\n");
}

static void head_is_get_without_a_body(void **state)
{
	UNUSED(state);
	const char *answer = ask("HEAD /healthz HTTP/1.1\r\n" HERE "\r\n");
	assert_int_equal(status_of(answer), 200);
	assert_true(has(answer, "\r\nContent-Length: 3\r\n"));
	assert_string_equal(body_of(answer), "");
}

static void old_clients_are_answered(void **state)
{
	UNUSED(state);
	const char *answer = ask("GET /healthz HTTP/1.0\r\n\r\n");
	assert_true(has(answer, " 200 OK\r\n"));
	assert_string_equal(body_of(answer), "ok\n");
}

static void drains_and_resumes(void **state)
{
	UNUSED(state);
	assert_int_equal(status_of(post("/drain", HERE)), 200);
	assert_int_equal(status_of(post("/resume?service=coupon-service", HERE)), 200);
	const char *answer = post("/drain?service=point-service&service=coupon%2dservice", HERE);
	assert_int_equal(status_of(answer), 200);
	assert_memory_equal(body_of(answer), "{\"schema_version\":", 18);
	assert_string_equal(stage.played.told, "drain;resume coupon-service;"
					       "drain point-service coupon-service;");
}

static void what_is_not_a_name_drains_nothing(void **state)
{
	static const struct {
		const char *query;
		int status;
	} cases[] = {
		{ "?service=absent", 404 },
		{ "?service=coupon-service&service=absent", 404 },
		{ "?service=", 404 },
		{ "?service", 404 },
		{ "?service=coupon-service%00x", 404 },
		{ "?service%00x=coupon-service", 400 },
		{ "?Service=coupon-service", 400 },
		{ "?=coupon-service", 400 },
		{ "?force=1&service=coupon-service", 400 },
	};
	char path[100];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(path, sizeof path, "/drain%s", cases[i].query);
		assert_int_equal(status_of(post(path, HERE)), cases[i].status);
	}
	assert_string_equal(stage.played.told, "");
}

static void pages_in_browsers_drain_nothing(void **state)
{
	static const char *const headers[] = {
		HERE "Origin: http://127.0.0.1:9464\r\n",
		HERE "origin: null\r\n",
		HERE "Origin:\r\n",
		HERE "Sec-Fetch-Site: cross-site\r\n",
		"Host: evil.example\r\n",
		"Host: evil.example:9464\r\n",
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		assert_int_equal(status_of(post("/drain", headers[i])), 403);
	}
	assert_string_equal(stage.played.told, "");
	assert_int_equal(status_of(post("/drain", "Host: 127.0.0.1:9464\r\n")), 200);
	assert_int_equal(status_of(post("/drain", "Host: [::1]\r\n")), 200);
	assert_int_equal(status_of(ask("POST /drain HTTP/1.0\r\n\r\n")), 200);
}

static void refuses_in_one_line(void **state)
{
	UNUSED(state);
	const char *answer = get("/");
	assert_int_equal(status_of(answer), 404);
	assert_true(has(body_of(answer), "/healthz, /readyz, /status, /metrics"));
	assert_true(has(answer, "\r\nCache-Control: no-store\r\n"));
	answer = post("/metrics", HERE);
	assert_int_equal(status_of(answer), 405);
	assert_true(has(answer, "\r\nAllow: GET, HEAD\r\n"));
	answer = get("/drain");
	assert_int_equal(status_of(answer), 405);
	assert_true(has(answer, "\r\nAllow: POST\r\n"));
	assert_int_equal(status_of(post("/drain%00x", HERE)), 404); /* not /drain */
	assert_int_equal(status_of(get("/status?pretty")), 400);
	assert_int_equal(status_of(get("/status?service=coupon-service")), 400);
}

static void a_body_is_read_and_does_not_matter(void **state)
{
	char text[6000];
	UNUSED(state);
	int head = snprintf(text, sizeof text,
			"POST /drain?service=coupon-service HTTP/1.1\r\n" HERE
			"Content-Length: 4096\r\n\r\n");
	memset(text + head, 'x', 4096);
	assert_int_equal(status_of(ask_bytes(text, (size_t)head + 4096)), 200);
	assert_int_equal(status_of(post("/resume", HERE "Content-Length: 0\r\n")), 200);
	assert_string_equal(stage.played.told, "drain coupon-service;resume;");
	assert_int_equal(status_of(post("/drain", HERE "Content-Length: 1\r\n\r\nx")), 400);
	assert_string_equal(stage.played.told, "drain coupon-service;resume;");
}

static void a_long_body_is_refused(void **state)
{
	UNUSED(state);
	assert_int_equal(status_of(post("/drain", HERE "Content-Length: 4097\r\n")), 413);
	assert_int_equal(status_of(post("/drain", HERE "Content-Length: 99999999999\r\n")), 413);
	assert_int_equal(status_of(post("/drain", HERE "Transfer-Encoding: chunked\r\n")), 413);
	const char *answer = ask("GET /status HTTP/1.1\r\n" HERE "Content-Length: 5000\r\n\r\nxxx");
	assert_int_equal(status_of(answer), 413);
	/* One that waits for a word before it sends it is not told to go on. */
	answer = post("/drain", HERE "Content-Length: 4097\r\nExpect: 100-continue\r\n");
	assert_int_equal(status_of(answer), 413);
	assert_string_equal(stage.played.told, "");
}

static void a_body_that_is_announced_is_asked_for(void **state)
{
	struct client c;
	const char head[] = "POST /drain?service=coupon-service HTTP/1.1\r\n" HERE
			    "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
	UNUSED(state);
	client_start(&c, head, sizeof head - 1);
	while (!has(c.got, "\r\n\r\n")) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(status_of(c.got), 100);
	client_say(&c, "{}");
	assert_true(wait_end(&c));
	assert_true(has(c.got, "HTTP/1.1 200 OK\r\n"));
	client_finish(&c);
}

/* One connection, one request: what else came is for nobody. */
static void one_connection_is_for_one_request(void **state)
{
	UNUSED(state);
	const char *answer = ask("GET /healthz HTTP/1.1\r\n" HERE "\r\n"
				 "POST /drain HTTP/1.1\r\n" HERE "\r\n");
	assert_int_equal(status_of(answer), 200);
	assert_string_equal(body_of(answer), "ok\n");
	assert_string_equal(stage.played.told, "");
}

static void a_request_may_come_byte_by_byte(void **state)
{
	const char text[] = "GET /healthz HTTP/1.1\r\n" HERE "\r\n";
	struct client c;
	UNUSED(state);
	client_start(&c, text, 1);
	for (size_t i = 1; i < sizeof text - 1; i++) {
		char byte[2] = { text[i], '\0' };
		turn_for(0.0);
		client_say(&c, byte);
	}
	assert_true(wait_end(&c));
	assert_string_equal(body_of(c.got), "ok\n");
	client_finish(&c);
}

static void a_long_answer_comes_whole_to_who_reads_late(void **state)
{
	const char text[] = "GET /status HTTP/1.1\r\n" HERE "\r\n";
	struct client c;
	UNUSED(state);
	stage.played.copies = 4000;
	admin_set_patience(stage.admin, 1000.0, 1000.0);
	client_start(&c, text, sizeof text - 1);
	ev_io_stop(stage.loop, &c.io);
	turn_for(0.2);
	ev_io_start(stage.loop, &c.io);
	assert_true(wait_end(&c));
	assert_int_equal(status_of(c.got), 200);
	const char *length = strstr(c.got, "\r\nContent-Length: ");
	assert_non_null(length);
	assert_true(strlen(body_of(c.got)) > 1000000);
	assert_int_equal(strtoul(length + 18, NULL, 10), strlen(body_of(c.got)));
	client_finish(&c);
}

static void a_client_that_goes_is_no_trouble(void **state)
{
	const char text[] = "GET /status HTTP/1.1\r\n" HERE "\r\n";
	struct client c;
	UNUSED(state);
	stage.played.copies = 4000;
	admin_set_patience(stage.admin, 1000.0, 1000.0); /* it is not waited for them */
	size_t before = count_descriptors();
	for (size_t len = 0; len < sizeof text; len += 4) {
		client_start(&c, text, len);
		turn_for(0.0);
		client_finish(&c);
	}
	client_start(&c, text, sizeof text - 1);
	turn_for(0.05); /* in the middle of the answer */
	client_finish(&c);
	for (unsigned i = 0; i < 600 && count_descriptors() != before; i++) {
		turn_for(0.1);
	}
	assert_int_equal(count_descriptors(), before);
	assert_int_equal(status_of(get("/healthz")), 200);
}

/* As `nc -N` does. */
static void who_has_said_all_may_close_his_side(void **state)
{
	const char text[] = "GET /status HTTP/1.1\r\n" HERE "\r\n";
	struct client c;
	UNUSED(state);
	stage.played.copies = 8000; /* more than the sockets hold */
	admin_set_patience(stage.admin, 1000.0, 1000.0);
	client_start(&c, text, sizeof text - 1);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	assert_true(wait_end(&c));
	assert_int_equal(status_of(c.got), 200);
	assert_true(strlen(body_of(c.got)) > 5000000);
	client_finish(&c);
}

/* Programs that the agent runs get nothing of it. */
static void no_descriptor_is_handed_on(void **state)
{
	struct client c;
	UNUSED(state);
	client_start(&c, "GET /", 5);
	turn_for(0.05);
	for (int fd = 0; fd < (int)ARRAY_LEN(inherited); fd++) {
		int flags = fcntl(fd, F_GETFD);
		assert_true(inherited[fd] || flags < 0 || (flags & FD_CLOEXEC) != 0);
	}
	client_finish(&c);
}

static void a_unix_socket_is_the_same(void **state)
{
	struct stat there;
	UNUSED(state);
	assert_int_equal(stat(stage.listen.path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
	assert_string_equal(body_of(get("/healthz")), "ok\n");
	assert_int_equal(status_of(post("/drain", HERE)), 200);
	assert_int_equal(status_of(post("/drain", "Host: evil.example\r\n")), 403);
	assert_string_equal(stage.played.told, "drain;");
	admin_destroy(stage.admin);
	stage.admin = NULL;
	assert_int_equal(access(stage.listen.path, F_OK), -1);
}

static void says_why_it_cannot_listen(void **state)
{
	struct err err;
	UNUSED(state);
	size_t before = count_descriptors();
	assert_null(admin_create(stage.loop, &stage.listen, &stage.played.host, &err));
	assert_true(has(err.text, ": Address already in use"));
	assert_int_equal(count_descriptors(), before);
	admin_destroy(NULL);
}

static void ends_with_connections(void **state)
{
	struct client clients[5];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		client_start(&clients[i], "GET / HTTP", 8);
	}
	turn_for(0.05);
	admin_destroy(stage.admin);
	stage.admin = NULL;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		assert_true(wait_end(&clients[i]));
		client_finish(&clients[i]);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_each_route),
		TEST(tells_what_is_not_ready),
		TEST(head_is_get_without_a_body),
		TEST(old_clients_are_answered),
		TEST(drains_and_resumes),
		TEST(what_is_not_a_name_drains_nothing),
		TEST(pages_in_browsers_drain_nothing),
		TEST(refuses_in_one_line),
		TEST(a_body_is_read_and_does_not_matter),
		TEST(a_long_body_is_refused),
		TEST(a_body_that_is_announced_is_asked_for),
		TEST(one_connection_is_for_one_request),
		TEST(a_request_may_come_byte_by_byte),
		TEST(a_long_answer_comes_whole_to_who_reads_late),
		TEST(a_client_that_goes_is_no_trouble),
		TEST(who_has_said_all_may_close_his_side),
		TEST(no_descriptor_is_handed_on),
		cmocka_unit_test_setup_teardown(a_unix_socket_is_the_same, set_up_unix, tear_down),
		TEST(says_why_it_cannot_listen),
		TEST(ends_with_connections),
	};

	for (int fd = 0; fd < (int)ARRAY_LEN(inherited); fd++) {
		inherited[fd] = fcntl(fd, F_GETFD) >= 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
