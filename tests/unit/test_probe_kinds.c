/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of probes that are not gRPC, each with what it probes on the test's own loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/clock.h"
#include "probes/probe.h"
#include "tests/unit/descriptors.h"
#include "tests/unit/http_server.h"
#include "tests/unit/loopback.h"

#define BOUND 60.0 /* seconds; a test that waits so long has failed */

/* The stage: one probe, one server that it may probe, and what was reported. */
static struct {
	struct ev_loop *loop;
	ev_timer bound;
	struct http_server server;
	struct descriptor desc;
	struct probe *probe;
	unsigned reports;
	enum reason reason;
	char detail[400]; /* the reason's own sentence when the probe has none */
	char path[64];    /* of a unix socket */
} stage;

static void on_bound(struct ev_loop *loop, ev_timer *bound, int revents)
{
	UNUSED(bound);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

static void on_report(struct probe *probe, const struct probe_report *report)
{
	assert_ptr_equal(probe, stage.probe);
	assert_ptr_equal(probe->owner, &stage);
	assert_true(report->audit);
	stage.reports++;
	stage.reason = report->reason;
	(void)snprintf(stage.detail, sizeof stage.detail, "%s",
			report->detail != NULL ? report->detail : reason_sentence(report->reason));
}

static const struct probe_events events = { .on_report = on_report };

/* The probe of a descriptor with those keys; it has time, unless they say how much. */
static void make(const char *keys)
{
	bool timed = strstr(keys, "timeout: ") != NULL;
	char text[600];

	(void)snprintf(text, sizeof text, SERVICE "register: {ttl: 300s}\nprobe: {%s%s}\n", keys,
			timed ? "" : ", timeout: 30s, interval: 30s");
	stage.desc = load_text(text);
	stage.probe = probe_kinds[stage.desc.probe.type]->create(
			stage.loop, NULL, NULL, &stage.desc, &events, &stage);
	assert_non_null(stage.probe);
	assert_ptr_equal(stage.probe->kind, probe_kinds[stage.desc.probe.type]);
}

/* The same, with the server as its target. */
static void make_to_server(const char *keys)
{
	char target[TARGET_TEXT_MAX], text[400];

	target_format(target, sizeof target, &stage.server.target);
	(void)snprintf(text, sizeof text, "target: '%s', %s", target, keys);
	make(text);
}

static void drop(void)
{
	stage.probe->kind->destroy(stage.probe);
	stage.probe = NULL;
	descriptor_finish(&stage.desc);
}

static void audit(void)
{
	double timeout = (double)stage.desc.probe.timeout_ms / 1000.0;

	stage.probe->kind->audit(stage.probe, clock_now() + timeout);
}

static void expect(enum reason reason, const char *detail)
{
	unsigned before = stage.reports;

	audit();
	assert_int_equal(stage.reports, before); /* it never calls back */
	while (stage.reports == before) {
		ev_run(stage.loop, EVRUN_ONCE);
	}
	assert_int_equal(stage.reports, before + 1);
	if (stage.reason != reason || strstr(stage.detail, detail) == NULL) {
		fail_msg("%s, \"%s\"", reason_token(stage.reason), stage.detail);
	}
}

static int set_up(void **state)
{
	clear_environment(state);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&stage, 0, sizeof stage);
	stage.loop = ev_default_loop(EVFLAG_AUTO);
	ev_timer_init(&stage.bound, on_bound, BOUND, 0.0);
	ev_timer_start(stage.loop, &stage.bound);
	http_server_start(&stage.server, stage.loop, NULL);
	stage.server.answer = "HTTP/1.1 204 No Content\r\n\r\n";
	(void)snprintf(stage.path, sizeof stage.path, "/tmp/svc-agent-kinds-%d", (int)getpid());
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	drop();
	http_server_stop(&stage.server);
	(void)unlink(stage.path);
	ev_timer_stop(stage.loop, &stage.bound);
	return 0;
}

/* ---- tcp ------------------------------------------------------------------------- */

static bool has_none_of_ipv6; /* sockets: the table of the machine is full */

static int our_socket(int family, int type, int protocol)
{
	if (has_none_of_ipv6 && family == AF_INET6) {
		errno = ENFILE;
		return -1;
	}
	return (int)syscall(SYS_socket, family, type, protocol);
}

/* In place of the C library's, for the probes too. */
__typeof__(socket) socket __attribute__((alias("our_socket")));

static void tcp_passes_where_something_listens(void **state)
{
	UNUSED(state);
	make_to_server("type: tcp");
	expect(REASON_CONNECTED, "");
	expect(REASON_CONNECTED, "");
	assert_int_equal(stage.server.requests, 0); /* nothing was said */
	http_server_stop(&stage.server);
	expect(REASON_REFUSED, "nothing listens on 127.0.0.1:");
}

/*
 * An agent that had no time to look must not blame the service for it. Once in a while it has none
 * to connect, either.
 */
static void what_came_in_time_counts_however_late_we_look(void **state)
{
	UNUSED(state);
	make_to_server("type: tcp, timeout: 300ms");
	stage.reason = REASON_DEADLINE;
	for (unsigned i = 0; i < 5 && stage.reason == REASON_DEADLINE; i++) {
		audit();
		double late = clock_now() + 0.310;
		while (clock_now() < late) {
			/* the connection has been there all the while */
		}
		while (stage.reports == i) {
			ev_run(stage.loop, EVRUN_ONCE);
		}
	}
	assert_int_equal(stage.reason, REASON_CONNECTED);
}

static void tcp_takes_localhost_for_both_addresses(void **state)
{
	struct sockaddr_in6 at;
	char keys[80];

	UNUSED(state);
	if (!loopback_has_ipv6()) {
		make_to_server("type: tcp"); /* for the end of the test */
		skip();
	}
	int fd = loopback_listen_six(&at, 4);
	(void)snprintf(keys, sizeof keys, "type: tcp, target: 'localhost:%u'", ntohs(at.sin6_port));
	make(keys);
	expect(REASON_CONNECTED, "");
	(void)close(fd);
	expect(REASON_REFUSED, "nothing listens on localhost:");
}

/* The service may be at the address that we have no socket for. */
static void tcp_blames_nobody_for_a_socket_that_it_has_not(void **state)
{
	char keys[80];

	UNUSED(state);
	(void)snprintf(keys, sizeof keys, "type: tcp, target: 'localhost:%u'",
			(unsigned)stage.server.target.inet.port);
	http_server_stop(&stage.server);
	make(keys);
	has_none_of_ipv6 = true;
	expect(REASON_NO_RESOURCES, strerror(ENFILE));
	has_none_of_ipv6 = false;
	expect(REASON_REFUSED, "nothing listens on localhost:");
}

static void tcp_connects_to_a_unix_socket(void **state)
{
	UNUSED(state);
	http_server_stop(&stage.server);
	http_server_start(&stage.server, stage.loop, stage.path);
	make_to_server("type: tcp");
	expect(REASON_CONNECTED, "");
	http_server_stop(&stage.server);
	expect(REASON_REFUSED, stage.path); /* the file is there, but nobody listens */
	(void)unlink(stage.path);
	expect(REASON_REFUSED, stage.path);
}

/* The kernel drops what begins a connection when the queue of those to be accepted is full. */
static void tcp_waits_no_longer_than_the_timeout(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fds[4];
	char keys[80];

	UNUSED(state);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&at, len);
	}
	(void)snprintf(keys, sizeof keys, "type: tcp, target: '127.0.0.1:%u', timeout: 50ms",
			ntohs(at.sin_port));
	make(keys);
	expect(REASON_DEADLINE, "");
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		(void)close(fds[i]);
	}
	(void)close(listener);
}

/* ---- http ------------------------------------------------------------------------ */

static void http_looks_at_the_status(void **state)
{
	UNUSED(state);
	make_to_server("type: http, path: '/ready?a=b', metadata: {Host: shop, X-A: '1'}");
	expect(REASON_HTTP_OK, "GET /ready?a=b answered with status 204");
	assert_non_null(strstr(stage.server.request, "GET /ready?a=b HTTP/1.1\r\nHost: shop\r\n"));
	assert_non_null(strstr(stage.server.request, "\r\nX-A: 1\r\n"));
	stage.server.answer = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_OK, "302");
	stage.server.answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_STATUS, "400");
	stage.server.answer =
			"HTTP/1.1 199 What\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_STATUS, "503"); /* what comes before it is no answer yet */
	assert_int_equal(stage.server.accepted, 1);
}

static void http_takes_the_range_that_is_set(void **state)
{
	UNUSED(state);
	make_to_server("type: http, status: 204");
	expect(REASON_HTTP_OK, "204");
	stage.server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_STATUS, "200");
	drop();
	make_to_server("type: http, status: 400-499");
	expect(REASON_HTTP_STATUS, "200");
	stage.server.answer = "HTTP/1.1 499 Closed\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_OK, "499");
	stage.server.answer = "HTTP/1.1 500 Closed\r\nContent-Length: 0\r\n\r\n";
	expect(REASON_HTTP_STATUS, "500");
}

static void http_has_a_reason_for_every_end(void **state)
{
	UNUSED(state);
	make_to_server("type: http, timeout: 80ms");
	stage.server.answer = NULL;
	expect(REASON_DEADLINE, "");
	drop();
	make_to_server("type: http, timeout: 5s, interval: 5s");
	stage.server.closes = true;
	stage.server.answer = "220 mail.example.org ESMTP\r\n";
	expect(REASON_NOT_HTTP, "does not answer in HTTP");
	stage.server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
	expect(REASON_RESET, "before the whole answer"); /* after several tries */
	assert_true(stage.server.accepted > 4);
	http_server_stop(&stage.server);
	expect(REASON_REFUSED, "nothing listens on 127.0.0.1:");
}

/* Where it listens on one address of localhost, the other one's refusal says nothing. */
static void http_that_is_dropped_at_once_was_not_refused(void **state)
{
	char keys[120];

	UNUSED(state);
	stage.server.drops = true;
	(void)snprintf(keys, sizeof keys,
			"type: http, target: 'localhost:%u', timeout: 3s, interval: 3s",
			stage.server.target.inet.port);
	make(keys);
	expect(REASON_RESET, "ended before an answer");
}

/* ---- exec ------------------------------------------------------------------------ */

static void exec_looks_at_the_exit_status(void **state)
{
	UNUSED(state);
	make("type: exec, command: [sh, -c, 'echo all is well']");
	expect(REASON_EXEC_OK, reason_sentence(REASON_EXEC_OK));
	expect(REASON_EXEC_OK, "");
	drop();
	make("type: exec, command: [sh, -c, 'echo first; echo the disk is full; exit 7']");
	expect(REASON_EXEC_FAILED, "sh: it exited with 7: the disk is full");
	drop();
	make("type: exec, command: [sh, -c, 'kill -9 $$']");
	expect(REASON_EXEC_FAILED, "sh: it was ended by a signal: Killed");
	drop();
	make("type: exec, command: [sh, -c, 'test \"$SVC_AGENT_SERVICE\" = coupon-service']");
	expect(REASON_EXEC_OK, "");
}

static void exec_is_killed_at_the_timeout(void **state)
{
	char keys[160], killed[80];
	unsigned seconds = 1;

	UNUSED(state);
	/* Where the machine is late, the shell has not begun by then. */
	for (; seconds <= 32 && strstr(stage.detail, "hm") == NULL; seconds *= 2) {
		if (stage.probe != NULL) {
			drop();
		}
		(void)snprintf(keys, sizeof keys,
				"type: exec, timeout: %us, interval: %us, command: [sh, -c, "
				"'trap : TERM; echo hm; sleep 600']",
				seconds, seconds);
		make(keys);
		expect(REASON_DEADLINE, "and was killed");
	}
	(void)snprintf(killed, sizeof killed, "sh: it did not end within %u s and was killed: hm",
			seconds / 2);
	assert_string_equal(stage.detail, killed);
}

static void exec_that_cannot_be_run_says_nothing(void **state)
{
	UNUSED(state);
	make("type: exec, command: [/absent/check]");
	expect(REASON_EXEC_MISSING, "/absent/check cannot be run: No such file or directory");
	drop();
	make("type: exec, command: [/dev/null]");
	expect(REASON_EXEC_MISSING, "Permission denied");
}

/* ---- all ------------------------------------------------------------------------- */

static void what_is_forgotten_is_not_reported(void **state)
{
	static const char *const keys[] = { "type: tcp", "type: http",
		"type: exec, command: ['true']", "type: exec, command: [/absent/check]" };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (i > 0) {
			drop();
		}
		if (i < 2) {
			make_to_server(keys[i]);
		} else {
			make(keys[i]);
		}
		audit();
		stage.probe->kind->forget(stage.probe);
		for (unsigned k = 0; k < 20; k++) {
			ev_run(stage.loop, EVRUN_NOWAIT);
		}
		assert_int_equal(stage.reports, 0);
		stage.probe->kind->forget(stage.probe);
		audit(); /* goes on from nothing, and is ended by the end of the probe */
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcp_passes_where_something_listens),
		TEST(what_came_in_time_counts_however_late_we_look),
		TEST(tcp_takes_localhost_for_both_addresses),
		TEST(tcp_blames_nobody_for_a_socket_that_it_has_not),
		TEST(tcp_connects_to_a_unix_socket),
		TEST(tcp_waits_no_longer_than_the_timeout),
		TEST(http_looks_at_the_status),
		TEST(http_takes_the_range_that_is_set),
		TEST(http_has_a_reason_for_every_end),
		TEST(http_that_is_dropped_at_once_was_not_refused),
		TEST(exec_looks_at_the_exit_status),
		TEST(exec_is_killed_at_the_timeout),
		TEST(exec_that_cannot_be_run_says_nothing),
		TEST(what_is_forgotten_is_not_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
