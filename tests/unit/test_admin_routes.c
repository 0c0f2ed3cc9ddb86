/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/admin_routes.h"
#include "agent/admin/status.h"
#include "agent/util.h"
#include "tests/unit/admin_host.h"

static struct played_host played;
static struct admin_answer answer;

static int set_up(void **state)
{
	UNUSED(state);
	played_host_init(&played);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	admin_answer_finish(&answer);
	return 0;
}

/* A request from this machine, to be changed for what a test is about. */
static struct admin_request request_of(const char *method, const char *path)
{
	return (struct admin_request){ .method = method, .path = path, .local = true };
}

static void ask_for(const struct admin_request *request)
{
	admin_answer_finish(&answer);
	admin_answer_make(&answer, request, &played.host);
}

static void ask(const char *method, const char *path)
{
	const struct admin_request request = request_of(method, path);

	ask_for(&request);
}

static void expect(unsigned status, const char *body)
{
	assert_int_equal(answer.status, status);
	assert_int_equal(answer.len, strlen(body));
	assert_memory_equal(answer.body, body, answer.len);
	assert_string_equal(answer.type, "text/plain; charset=utf-8");
}

static void expect_begins(unsigned status, const char *type, const char *begins)
{
	assert_int_equal(answer.status, status);
	assert_string_equal(answer.type, type);
	assert_true(answer.len > strlen(begins));
	assert_memory_equal(answer.body, begins, strlen(begins));
}

static void tells_that_the_loop_turns(void **state)
{
	UNUSED(state);
	ask("GET", "/healthz");
	expect(200, "ok\n");
	assert_int_equal(played.looks, 0);
}

static void shows_the_status_and_the_metrics(void **state)
{
	UNUSED(state);
	ask("GET", "/status");
	expect_begins(200, "application/json", "{\"schema_version\":1,");
	ask("GET", "/metrics");
	expect_begins(200, "text/plain; version=0.0.4; charset=utf-8",
			"# HELP svc_agent_build_info ");
	ask("HEAD", "/status");
	expect_begins(200, "application/json", "{"); /* whoever sends it leaves the body out */
}

static void is_ready_when_all_is_at_its_goal(void **state)
{
	UNUSED(state);
	ask("GET", "/readyz");
	expect(200, "ok\n");
	played.services[0].at_goal = false;
	played.services[0].retiring = true;
	ask("GET", "/readyz");
	expect(200, "ok\n");
	played.leaving = true;
	ask("GET", "/readyz");
	expect(503, "the agent is ending\n");
}

static void says_why_a_service_is_not_at_its_goal(void **state)
{
	struct status_service *s = &played.services[0];
	UNUSED(state);
	s->at_goal = s->listed = false;
	ask("GET", "/readyz");
	expect(503, "coupon-service localhost:50051: not listed yet\n");
	s->listed = true;
	ask("GET", "/readyz");
	expect(503, "coupon-service localhost:50051: listed, and not to be\n");
	s->tries = 3;
	s->etcd = "etcd1:2379";
	ask("GET", "/readyz");
	expect(503, "coupon-service localhost:50051: no clear answer from etcd at etcd1:2379, "
		    "tries: 3\n");
	s->contested = true;
	ask("GET", "/readyz");
	expect(503, "coupon-service localhost:50051: another instance has its key\n");
	s->health = HEALTH_UNKNOWN;
	ask("GET", "/readyz");
	expect(503, "coupon-service localhost:50051: its health is not known yet\n");
	s->probed = true;
	s->sentence = "nothing listens\non 127.0.0.1:50051";
	s->host = "::1";
	played.services[1].at_goal = played.services[1].listed = false;
	ask("GET", "/readyz");
	expect(503, "coupon-service [::1]:50051: its health is not known yet: "
		    "nothing listens?on 127.0.0.1:50051\n"
		    "point-service localhost:50052: not listed yet\n");
}

static void says_why_a_reader_is_not_at_its_goal(void **state)
{
	struct status_reader *r = &played.reader;
	UNUSED(state);
	played.n_readers = 1;
	ask("GET", "/readyz");
	expect(200, "ok\n");
	r->at_goal = r->begun = false;
	ask("GET", "/readyz");
	expect(503, "timesale-service /services: etcd at etcd1:2379 has not told its instances "
		    "yet\n");
	r->begun = r->stale = true;
	r->age = 42.4;
	ask("GET", "/readyz");
	expect(503, "timesale-service /services: etcd has not confirmed its instances for 42 s\n");
	played.output = (struct status_output){ "json", "/run/x.json", true };
	ask("GET", "/readyz");
	expect(503, "timesale-service /services: etcd has not confirmed its instances for 42 s\n"
		    "timesale-service /services: the output json to /run/x.json fails\n");
	r->stale = false;
	ask("GET", "/readyz");
	expect(503, "timesale-service /services: the output json to /run/x.json fails\n");
}

static void drains_and_resumes_all(void **state)
{
	UNUSED(state);
	ask("POST", "/drain");
	expect_begins(200, "application/json", "{");
	assert_string_equal(played.told, "drain;");
	ask("POST", "/resume");
	expect_begins(200, "application/json", "{");
	assert_string_equal(played.told, "drain;resume;");
}

static void drains_those_that_are_named(void **state)
{
	static const char *const names[] = { "point-service", "coupon-service" };
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.names = names;
	request.n_names = 2;
	ask_for(&request);
	expect_begins(200, "application/json", "{");
	assert_string_equal(played.told, "drain point-service coupon-service;");
}

static void says_which_is_not_here(void **state)
{
	static const char *const names[] = { "point-service", "c\x1bupon" };
	static const char *const empty[] = { "" };
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.names = names;
	request.n_names = 2;
	ask_for(&request);
	expect(404, "this agent does not register 'c?upon': nothing was done\n");
	request.names = empty; /* as a variable that is not set gives it: that is not all */
	request.n_names = 1;
	ask_for(&request);
	expect(404, "this agent does not register '': nothing was done\n");
	assert_string_equal(played.told, "");
}

static void only_who_is_here_may_act(void **state)
{
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.local = false;
	ask_for(&request);
	expect(403, "only who is on this machine may do that\n");
	request.local = true;
	request.has_origin = true;
	ask_for(&request);
	expect(403, "a page in a browser (Origin) may not do that\n");
	request = request_of("GET", "/status"); /* but may look */
	request.local = false;
	request.has_origin = true;
	request.host = "agent.example";
	ask_for(&request);
	assert_int_equal(answer.status, 200);
	assert_string_equal(played.told, "");
}

static void only_a_host_of_this_machine_may_act(void **state)
{
	static const struct {
		const char *host;
		bool good;
	} cases[] = {
		{ "localhost", true },
		{ "LocalHost:9464", true },
		{ "127.0.0.1:9464", true },
		{ "127.0.0.1", true },
		{ "10.0.0.7:9464", true },
		{ "[::1]:9464", true },
		{ "", true },
		{ NULL, true },
		{ "evil.example", false },
		{ "evil.example:9464", false },
		{ "localhost.evil.example:9464", false },
		{ "127.0.0.1.evil.example", false },
		{ "evil.example@127.0.0.1", false },
		{ "localhost evil.example", false },
		{ "localhost:", false },
		{ "[::1", false },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct admin_request request = request_of("POST", "/resume");
		request.host = cases[i].host;
		ask_for(&request);
		assert_int_equal(answer.status, cases[i].good ? 200 : 403);
	}
	assert_string_equal(
			played.told, "resume;resume;resume;resume;resume;resume;resume;resume;");
}

static void refuses_what_it_does_not_have(void **state)
{
	UNUSED(state);
	ask("GET", "/");
	expect(404, "not found: there is GET /healthz, /readyz, /status, /metrics and "
		    "POST /drain, /resume\n");
	ask("POST", "/drain/");
	assert_int_equal(answer.status, 404);
	ask("GET", "");
	assert_int_equal(answer.status, 404);
	ask("GET", "/drain");
	expect(405, "/drain is for POST\n");
	assert_string_equal(answer.allow, "POST");
	ask("HEAD", "/resume");
	assert_string_equal(answer.allow, "POST");
	ask("POST", "/status");
	expect(405, "/status is for GET, HEAD\n");
	assert_string_equal(answer.allow, "GET, HEAD");
	ask("TRACE", "/metrics");
	assert_int_equal(answer.status, 405);
	ask("get", "/metrics");
	assert_int_equal(answer.status, 405);
	assert_int_equal(played.looks, 0);
	assert_string_equal(played.told, "");
}

static void refuses_arguments_that_it_does_not_know(void **state)
{
	static const char *const names[] = { "point-service" };
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.unknown = "serv\nice";
	ask_for(&request);
	expect(400, "/drain takes no 'serv?ice'\n");
	request = request_of("GET", "/status");
	request.names = names;
	request.n_names = 1;
	ask_for(&request);
	expect(400, "/status takes no 'service'\n");
	assert_string_equal(played.told, "");
}

static void refuses_a_long_body(void **state)
{
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.large_body = true;
	ask_for(&request);
	expect(413, "a long body is not taken, nor one of unknown length\n");
	assert_string_equal(played.told, "");
}

/* Who names services there does not mean all of them. */
static void refuses_a_body_where_no_name_is_in_the_query(void **state)
{
	static const char *const names[] = { "coupon-service" };
	struct admin_request request = request_of("POST", "/drain");
	UNUSED(state);
	request.has_body = true;
	ask_for(&request);
	expect(400, "a body is not read: services are named by /drain?service=NAME\n");
	assert_string_equal(played.told, "");
	request.names = names;
	request.n_names = 1;
	ask_for(&request);
	assert_int_equal(answer.status, 200);
}

static void is_out_of_memory_at_times(void **state)
{
	UNUSED(state);
	played.no_memory = true;
	ask("GET", "/status");
	assert_int_equal(answer.status, 500);
	assert_int_equal(answer.len, 0);
	assert_null(answer.body);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_that_the_loop_turns),
		TEST(shows_the_status_and_the_metrics),
		TEST(is_ready_when_all_is_at_its_goal),
		TEST(says_why_a_service_is_not_at_its_goal),
		TEST(says_why_a_reader_is_not_at_its_goal),
		TEST(drains_and_resumes_all),
		TEST(drains_those_that_are_named),
		TEST(says_which_is_not_here),
		TEST(only_who_is_here_may_act),
		TEST(only_a_host_of_this_machine_may_act),
		TEST(refuses_what_it_does_not_have),
		TEST(refuses_arguments_that_it_does_not_know),
		TEST(refuses_a_long_body),
		TEST(refuses_a_body_where_no_name_is_in_the_query),
		TEST(is_out_of_memory_at_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
