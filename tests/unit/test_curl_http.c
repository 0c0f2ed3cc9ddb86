/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/curl_http.h"
#include "agent/net/curl_library.h"
#include "agent/util.h"

#include "tests/unit/http_server.h"

#define BOUND     60.0 /* seconds; a test that waits so long has failed */
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* One server, one client of it, and what was told of the last request. */
static struct {
	struct ev_loop *loop;
	ev_timer bound;
	struct http_server server;
	struct curl_http *http;
	size_t body_max;
	double patience; /* seconds that a request may take */
	bool once_more;  /* the end starts another request */
	bool destroys;   /* the end destroys the client */

	unsigned ends;
	enum http_end end;
	int status;
	char body[100], why[400];
	size_t len;
	bool cut;
} stage;

static void on_bound(struct ev_loop *loop, ev_timer *bound, int revents)
{
	UNUSED(bound);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

static void start(enum http_method method, const char *path);

static void on_done(void *owner, const struct http_answer *answer)
{
	assert_ptr_equal(owner, &stage);
	stage.ends++;
	stage.end = answer->end;
	stage.status = answer->status;
	stage.len = answer->len;
	stage.cut = answer->cut;
	assert_int_equal(strlen(answer->body), answer->len);
	(void)snprintf(stage.body, sizeof stage.body, "%s", answer->body);
	(void)snprintf(stage.why, sizeof stage.why, "%s", answer->why);
	if (answer->end == HTTP_ANSWERED) {
		assert_string_equal(answer->why, "");
	}
	if (stage.destroys) {
		curl_http_destroy(stage.http);
		stage.http = NULL;
	} else if (stage.once_more) {
		stage.once_more = false;
		start(HTTP_GET, "/again");
	}
}

static void start(enum http_method method, const char *path)
{
	const struct http_call call = { .method = method,
		.path = path,
		.body_max = stage.body_max,
		.deadline = clock_now() + stage.patience };

	curl_http_start(stage.http, &call, on_done, &stage);
}

static void wait_for_ends(unsigned n)
{
	while (stage.ends < n) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.ends, n);
}

static void expect(enum http_end end)
{
	unsigned before = stage.ends;

	start(HTTP_GET, "/healthz");
	assert_int_equal(stage.ends, before); /* a start never calls back */
	wait_for_ends(before + 1);
	assert_int_equal(stage.end, end);
}

static void expect_why(enum http_end end, const char *why)
{
	expect(end);
	if (strstr(stage.why, why) == NULL) {
		fail_msg("\"%s\" says nothing of \"%s\"", stage.why, why);
	}
}

static void make_client(void)
{
	struct err err;

	stage.http = curl_http_create(stage.loop, &stage.server.target, NULL, &err);
	assert_non_null(stage.http);
}

static int set_up(void **state)
{
	UNUSED(state);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&stage.bound, on_bound, BOUND, 0.0);
	ev_timer_start(stage.loop, &stage.bound);
	http_server_start(&stage.server, stage.loop, NULL);
	stage.server.answer = OK_ANSWER;
	stage.body_max = 50;
	stage.patience = BOUND;
	make_client();
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	curl_http_destroy(stage.http);
	http_server_stop(&stage.server);
	ev_timer_stop(stage.loop, &stage.bound);
	ev_loop_destroy(stage.loop);
	return 0;
}

static void a_get_is_answered(void **state)
{
	UNUSED(state);
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.status, 200);
	assert_string_equal(stage.body, "hello");
	assert_false(stage.cut);
	assert_ptr_equal(strstr(stage.server.request, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:"),
			stage.server.request);
	assert_non_null(strstr(stage.server.request, "\r\nUser-Agent: svc-agent\r\n"));
}

static void a_post_has_its_query_and_no_body(void **state)
{
	UNUSED(state);
	start(HTTP_POST, "/drain?service=a&service=b");
	wait_for_ends(1);
	assert_int_equal(stage.status, 200);
	assert_non_null(strstr(stage.server.request, "POST /drain?service=a&service=b HTTP/1.1"));
	assert_non_null(strstr(stage.server.request, "\r\nContent-Length: 0\r\n"));
	expect(HTTP_ANSWERED); /* and a GET after it is one */
	assert_non_null(strstr(stage.server.request, "GET /healthz HTTP/1.1"));
}

static void headers_go_with_every_request(void **state)
{
	UNUSED(state);
	assert_int_equal(curl_http_header(stage.http, "Host", "shop.example"), 0);
	assert_int_equal(curl_http_header(stage.http, "X-Probe", "yes: it is"), 0);
	assert_int_equal(curl_http_header(stage.http, "X-Empty", ""), 0);
	for (unsigned i = 0; i < 2; i++) {
		expect(HTTP_ANSWERED);
		assert_non_null(strstr(stage.server.request, "\r\nHost: shop.example\r\n"));
		assert_null(strstr(stage.server.request, "127.0.0.1"));
		assert_non_null(strstr(stage.server.request, "\r\nX-Probe: yes: it is\r\n"));
		assert_non_null(strstr(stage.server.request, "\r\nX-Empty:\r\n"));
	}
}

static void one_connection_is_kept(void **state)
{
	UNUSED(state);
	stage.body_max = 0; /* what nobody wants is read all the same */
	for (unsigned i = 0; i < 5; i++) {
		expect(HTTP_ANSWERED);
		assert_string_equal(stage.body, "");
		assert_true(stage.cut);
	}
	assert_int_equal(stage.server.accepted, 1);
}

static void a_kept_connection_that_died_is_no_failure(void **state)
{
	UNUSED(state);
	expect(HTTP_ANSWERED);
	http_server_end_connections(&stage.server);
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.server.accepted, 2);
}

static void a_kept_connection_that_is_reset_under_the_request_is_no_failure(void **state)
{
	UNUSED(state);
	expect(HTTP_ANSWERED);
	stage.server.resets = true; /* the kept one, and the new one after it */
	expect_why(HTTP_BROKEN, "ended before an answer");
	assert_int_equal(stage.server.accepted, 2);
	assert_int_equal(stage.server.requests, 3);
}

static void redirects_and_errors_are_answers(void **state)
{
	UNUSED(state);
	stage.server.answer = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.status, 302);
	stage.server.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.status, 503);
	assert_int_equal(stage.server.requests, 2);
}

static void a_refusal_is_told_from_the_loop(void **state)
{
	UNUSED(state);
	http_server_stop(&stage.server);
	expect_why(HTTP_REFUSED, "nothing listens on 127.0.0.1:");
}

static void silence_ends_at_the_deadline(void **state)
{
	UNUSED(state);
	stage.server.answer = NULL;
	stage.patience = 2.0;
	expect_why(HTTP_TIMEOUT, "no answer from 127.0.0.1:");
	stage.server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
	expect_why(HTTP_TIMEOUT, "no whole answer");
	stage.patience = -1.0;
	expect_why(HTTP_TIMEOUT, "before it began");
}

static void half_an_answer_is_none(void **state)
{
	UNUSED(state);
	stage.server.closes = true;
	stage.server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
	expect_why(HTTP_BROKEN, "before the whole answer");
	stage.server.answer = "";
	expect_why(HTTP_BROKEN, "before an answer");
}

static void what_is_not_http_is_called_so(void **state)
{
	UNUSED(state);
	stage.server.closes = true;
	stage.server.answer = "SSH-2.0-OpenSSH_9.2p1\r\n";
	expect_why(HTTP_NOT_HTTP, "does not answer in HTTP");
	stage.server.answer = "HTTP/nonsense\r\n\r\n";
	expect(HTTP_NOT_HTTP);
}

static void a_body_is_cut_where_the_caller_says(void **state)
{
	UNUSED(state);
	stage.body_max = 4;
	expect(HTTP_ANSWERED);
	assert_string_equal(stage.body, "hell");
	assert_true(stage.cut);
	stage.body_max = 5;
	expect(HTTP_ANSWERED);
	assert_string_equal(stage.body, "hello");
	assert_false(stage.cut);
}

static void a_body_without_end_is_an_answer_all_the_same(void **state)
{
	static char answer[200000] = "HTTP/1.1 200 OK\r\n\r\n";
	UNUSED(state);
	memset(answer + strlen(answer), 'x', sizeof answer - strlen(answer) - 1);
	stage.server.answer = answer;
	stage.body_max = 10;
	expect(HTTP_ANSWERED); /* long before its end, which never comes */
	assert_string_equal(stage.body, "xxxxxxxxxx");
	assert_true(stage.cut);
}

/* So many answers that are none yet, and one with so many headers more than it needs. */
static const char *with_headers(unsigned interim, unsigned lines)
{
	static char answer[400000];
	char *at = answer;

	for (unsigned i = 0; i < interim; i++) {
		at += sprintf(at, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	at += sprintf(at, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
	for (unsigned i = 0; i < lines; i++) {
		at += sprintf(at, "X-Header: %u\r\n", i % 10);
	}
	memcpy(at, "\r\nhello", sizeof "\r\nhello");
	return answer;
}

static void headers_have_an_end(void **state)
{
	UNUSED(state);
	stage.server.answer = with_headers(0, 1400); /* 13 bytes each, and 32 */
	expect(HTTP_ANSWERED);
	expect(HTTP_ANSWERED); /* what the one before had does not count */
	stage.server.answer = with_headers(0, 1500);
	expect_why(HTTP_NOT_HTTP, "sends headers without end");
	stage.server.answer = with_headers(1000, 0);
	expect_why(HTTP_NOT_HTTP, "sends headers without end");
}

static void a_status_line_without_end_is_not_http(void **state)
{
	static char answer[200000] = "HTTP/1.1 200 ";
	UNUSED(state);
	memset(answer + strlen(answer), 'x', sizeof answer - strlen(answer) - 1);
	stage.server.answer = answer;
	start(HTTP_GET, "/healthz");
	wait_for_ends(1); /* it may be said that there is no memory */
	expect(HTTP_NOT_HTTP);
	stage.server.closes = true;
	stage.server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
	expect(HTTP_BROKEN);
	stage.server.answer = answer;
	expect(HTTP_NOT_HTTP); /* another fault is no reason to say it again */
}

static void a_unix_socket_is_a_server_like_any_other(void **state)
{
	char path[] = "/tmp/svc-agent-http-XXXXXX";
	int fd = mkstemp(path);

	UNUSED(state);
	(void)close(fd);
	(void)unlink(path);
	http_server_stop(&stage.server);
	curl_http_destroy(stage.http);
	http_server_start(&stage.server, stage.loop, path);
	stage.server.answer = OK_ANSWER;
	make_client();
	expect(HTTP_ANSWERED);
	assert_string_equal(stage.body, "hello");
	assert_non_null(strstr(stage.server.request, "\r\nHost: localhost\r\n"));
	http_server_stop(&stage.server);
	expect_why(HTTP_REFUSED, path); /* it is there, but nobody listens */
	(void)unlink(path);
	expect_why(HTTP_REFUSED, path);
}

static void a_cancelled_request_is_never_heard_of(void **state)
{
	UNUSED(state);
	start(HTTP_GET, "/cancelled");
	curl_http_cancel(stage.http);
	curl_http_cancel(stage.http);
	stage.patience = -1.0;
	start(HTTP_GET, "/late");
	curl_http_cancel(stage.http);
	stage.patience = BOUND;
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.ends, 1);
}

static void the_end_may_start_the_next(void **state)
{
	UNUSED(state);
	stage.once_more = true;
	start(HTTP_GET, "/first");
	wait_for_ends(2);
	assert_non_null(strstr(stage.server.request, "GET /again "));
}

static void the_end_may_destroy_the_client(void **state)
{
	UNUSED(state);
	stage.destroys = true;
	expect(HTTP_ANSWERED);
	make_client();
	stage.patience = -1.0;
	expect(HTTP_TIMEOUT);
}

static CURLMcode without_memory_for_a_socket(
		CURLM *multi, curl_socket_t fd, int events, int *running)
{
	UNUSED(multi);
	UNUSED(fd);
	UNUSED(events);
	*running = 0;
	return CURLM_OUT_OF_MEMORY;
}

static CURLM *without_memory_for_a_handle(void)
{
	return NULL;
}

static void without_memory_nothing_is_said_and_it_goes_on_with_it(void **state)
{
	const struct curl_library whole = curl_library;
	UNUSED(state);
	expect(HTTP_ANSWERED);
	curl_multi_socket_action = without_memory_for_a_socket;
	expect_why(HTTP_NO_RESOURCES, "memory");
	curl_multi_init = without_memory_for_a_handle;
	expect_why(HTTP_NO_RESOURCES, "out of memory for a request");
	curl_library = whole;
	expect(HTTP_ANSWERED);
	assert_int_equal(stage.status, 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_get_is_answered),
		TEST(a_post_has_its_query_and_no_body),
		TEST(headers_go_with_every_request),
		TEST(one_connection_is_kept),
		TEST(a_kept_connection_that_died_is_no_failure),
		TEST(a_kept_connection_that_is_reset_under_the_request_is_no_failure),
		TEST(redirects_and_errors_are_answers),
		TEST(a_refusal_is_told_from_the_loop),
		TEST(silence_ends_at_the_deadline),
		TEST(half_an_answer_is_none),
		TEST(what_is_not_http_is_called_so),
		TEST(a_body_is_cut_where_the_caller_says),
		TEST(a_body_without_end_is_an_answer_all_the_same),
		TEST(headers_have_an_end),
		TEST(a_status_line_without_end_is_not_http),
		TEST(a_unix_socket_is_a_server_like_any_other),
		TEST(a_cancelled_request_is_never_heard_of),
		TEST(the_end_may_start_the_next),
		TEST(the_end_may_destroy_the_client),
		TEST(without_memory_nothing_is_said_and_it_goes_on_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
