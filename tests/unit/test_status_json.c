/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_json.h"
#include "agent/util.h"
#include "status_stage.h"

/* The document of `s`, which it finishes. */
static char *document(struct status *s)
{
	size_t len;
	char *text = status_json(s, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	status_finish(s);
	return text;
}

static void expect(struct status *s, const char *expected)
{
	char *text = document(s);

	assert_string_equal(text, expected);
	free(text);
}

#define SERVICE                                                                                    \
	"{\"name\":\"a\",\"host\":\"localhost\",\"port\":50051,"                                   \
	"\"key\":\"/services/a/localhost:50051\",\"file\":\"a.yaml\",\"health\":\"up\","           \
	"\"reason\":\"SERVING\",\"sentence\":\"the service says that it serves\","                 \
	"\"health_for\":61.500,\"goal\":\"present\",\"state\":\"held\",\"at_goal\":true,"          \
	"\"listed\":true,\"contested\":false,\"lease\":\"694d9aabd4b5c20a\",\"ttl\":10.000,"       \
	"\"seconds_left\":9.200,\"tries\":0,\"etcd\":\"localhost:2379\",\"drained\":false,"        \
	"\"withdrawn\":false,\"linger_left\":0.000,\"retiring\":false}"

#define READER                                                                                     \
	"{\"name\":\"b\",\"prefix\":\"/services/a/\",\"file\":\"r.yaml\",\"begun\":true,"          \
	"\"stale\":false,\"age\":0.000,\"revision\":1234,\"instances\":3,\"at_goal\":true,"        \
	"\"etcd\":\"localhost:2379\",\"outputs\":["                                                \
	"{\"type\":\"json\",\"place\":\"/run/a.json\",\"failing\":false},"                         \
	"{\"type\":\"haproxy\",\"place\":\"/run/h.sock\",\"failing\":false}]}"

static void all_of_it_is_one_line(void **state)
{
	struct endpoint at[] = { { .host = "etcd-1", .port = 2379 }, { .host = "::1", .port = 1 } };
	const struct endpoints endpoints = { at, 2 };
	const struct status_service service = stage_service("a");
	const struct status_reader reader = stage_reader("b");
	struct status s = stage_status(&service, 1, &reader, 1);

	UNUSED(state);
	s.clusters = calloc(1, sizeof *s.clusters);
	assert_non_null(s.clusters);
	s.clusters[0] = (struct status_cluster){ &endpoints, 1 };
	s.n_clusters = 1;
	char *text = document(&s);
	assert_string_equal(text,
			"{\"schema_version\":1,\"version\":\"1.2.3\",\"uptime\":7300.250,"
			"\"ready\":true,\"leaving\":false,\"drained\":false,\"reloads\":0,"
			"\"reloads_failed\":0,\"services\":[" SERVICE "],\"readers\":[" READER
			"],\"clusters\":[{\"endpoints\":[\"etcd-1:2379\",\"[::1]:1\"],"
			"\"in_use\":\"[::1]:1\"}]}\n");
	free(text);
}

static void an_empty_agent_has_empty_lists(void **state)
{
	struct status s = stage_status(NULL, 0, NULL, 0);

	UNUSED(state);
	s.leaving = true;
	s.drained = true;
	s.reloads = 3;
	s.reloads_failed = 1;
	expect(&s, "{\"schema_version\":1,\"version\":\"1.2.3\",\"uptime\":7300.250,"
		   "\"ready\":false,\"leaving\":true,\"drained\":true,\"reloads\":3,"
		   "\"reloads_failed\":1,\"services\":[],\"readers\":[],\"clusters\":[]}\n");
}

static void what_is_not_known_is_null(void **state)
{
	struct status_service service = stage_service("a");

	UNUSED(state);
	service.health = HEALTH_UNKNOWN;
	service.probed = false;
	service.goal = GOAL_KEEP;
	service.state = LEASE_NONE;
	service.lease = 0;
	service.etcd = NULL;
	struct status s = stage_status(&service, 1, NULL, 0);
	char *text = document(&s);
	assert_non_null(strstr(text, "\"health\":\"unknown\",\"reason\":null,\"sentence\":null,"));
	assert_non_null(strstr(text, "\"goal\":\"keep\",\"state\":\"none\","));
	assert_non_null(strstr(text, "\"lease\":null,"));
	assert_non_null(strstr(text, "\"etcd\":null,"));
	free(text);
}

static void each_claim_has_a_member_of_its_own(void **state)
{
	static const char *const names[] = { "at_goal", "listed", "contested", "drained",
		"withdrawn", "retiring" };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct status_service service = stage_service("a");
		char claim[40];
		bool *const claims[] = { &service.at_goal, &service.listed, &service.contested,
			&service.drained, &service.withdrawn, &service.retiring };
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			*claims[j] = i == j;
		}
		struct status s = stage_status(&service, 1, NULL, 0);
		char *text = document(&s);
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			(void)snprintf(claim, sizeof claim, "\"%s\":%s", names[j],
					i == j ? "true" : "false");
			assert_non_null(strstr(strstr(text, "services"), claim));
		}
		free(text);
	}
}

static void a_lease_is_written_as_etcdctl_takes_it(void **state)
{
	struct status_service service = stage_service("a");

	UNUSED(state);
	service.lease = -1;
	struct status s = stage_status(&service, 1, NULL, 0);
	char *text = document(&s);
	assert_non_null(strstr(text, "\"lease\":\"ffffffffffffffff\""));
	free(text);
}

static void texts_are_escaped_and_mended(void **state)
{
	struct status_service service = stage_service("a");

	UNUSED(state);
	service.sentence = "a \"quoted\" \033 \xff end";
	struct status s = stage_status(&service, 1, NULL, 0);
	char *text = document(&s);
	assert_non_null(strstr(text, "\"sentence\":\"a \\\"quoted\\\" \\u001b ? end\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_one_line),
		cmocka_unit_test(an_empty_agent_has_empty_lists),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(each_claim_has_a_member_of_its_own),
		cmocka_unit_test(a_lease_is_written_as_etcdctl_takes_it),
		cmocka_unit_test(texts_are_escaped_and_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
