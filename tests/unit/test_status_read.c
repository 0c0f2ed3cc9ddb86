/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_json.h"
#include "agent/admin/status_read.h"
#include "agent/util.h"
#include "status_stage.h"

/* A document with `count` services, and one reader. */
static char *make_document(size_t count)
{
	struct status_service services[3] = { stage_service("a"), stage_service("b"),
		stage_service("a") };
	const struct status_reader reader = stage_reader("r");

	services[1].health = HEALTH_DOWN;
	services[1].reason = REASON_REFUSED;
	services[1].goal = GOAL_ABSENT;
	services[1].state = LEASE_REVOKING;
	services[1].at_goal = services[1].listed = false;
	services[1].lease = -2;
	services[1].tries = 4;
	services[1].drained = services[1].withdrawn = services[1].contested = true;
	services[1].linger_left = 0.5;
	services[2].health = HEALTH_UNKNOWN;
	services[2].probed = false;
	services[2].sentence = services[2].etcd = NULL;
	services[2].lease = 0;
	services[2].retiring = true;
	struct status s = stage_status(services, count, &reader, 1);
	s.readers[0].outputs[1].failing = true;
	s.readers[0].stale = true;
	s.readers[0].age = 1.5;
	s.reloads = 2;
	s.drained = true;
	size_t len;
	char *text = status_json(&s, &len);
	assert_non_null(text);
	status_finish(&s);
	return text;
}

static void what_was_written_is_read_back(void **state)
{
	char *text = make_document(3), *again;
	struct status_document d;
	struct err err;
	size_t len;

	UNUSED(state);
	assert_int_equal(status_read(&d, text, strlen(text), &err), 0);
	assert_int_equal(d.status.n_services, 3);
	assert_int_equal(d.status.services[1].lease, -2);
	again = status_json(&d.status, &len);
	assert_string_equal(again, text);
	free(again);
	free(text);
	status_document_finish(&d);
	assert_null(d.tree);
}

/* `from` replaced by `to`, once. */
static char *replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *made = NULL;

	assert_non_null(at);
	assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return made;
}

static void what_is_not_known_is_passed_over(void **state)
{
	char *text = make_document(1);
	char *more = replace(text, "\"uptime\":", "\"new\":{\"a\":[1]},\"uptime\":");
	char *other = replace(more, "\"reason\":\"SERVING\"", "\"reason\":\"TEAPOT\"");
	struct status_document d;
	struct err err;

	UNUSED(state);
	assert_int_equal(status_read(&d, other, strlen(other), &err), 0);
	assert_true(d.status.services[0].probed);
	assert_int_equal(d.status.services[0].reason, N_REASONS);
	status_document_finish(&d);
	free(text);
	free(more);
	free(other);
}

static void what_is_no_status_is_refused(void **state)
{
	static const struct {
		const char *from, *to, *text;
	} cases[] = {
		{ "\"schema_version\":1", "\"schema_version\":2",
				"the agent's status has the schema_version 2, "
				"this program knows 1" },
		{ "\"schema_version\":1,", "",
				"the answer is no status: 'schema_version' is "
				"missing or not of its kind" },
		{ "\"uptime\":7300.250", "\"uptime\":-1", "'uptime'" },
		{ "\"uptime\":7300.250", "\"uptime\":\"1\"", "'uptime'" },
		{ "\"reloads\":2", "\"reloads\":2.5", "'reloads'" },
		{ "\"reloads\":2", "\"reloads\":5000000000", "'reloads'" },
		{ "\"version\":\"1.2.3\"", "\"version\":null", "'version'" },
		{ "\"drained\":true", "\"drained\":1", "'drained'" },
		{ "\"health\":\"up\"", "\"health\":\"green\"", "'health'" },
		{ "\"goal\":\"present\"", "\"goal\":null", "'goal'" },
		{ "\"state\":\"held\"", "\"state\":\"hel\"", "'state'" },
		{ "\"reason\":\"SERVING\"", "\"reason\":7", "'reason'" },
		{ "\"lease\":\"694d9aabd4b5c20a\"", "\"lease\":\"-1\"", "'lease'" },
		{ "\"lease\":\"694d9aabd4b5c20a\"", "\"lease\":\"\"", "'lease'" },
		{ "\"lease\":\"694d9aabd4b5c20a\"", "\"lease\":\"694d9aabd4b5c20a0\"", "'lease'" },
		{ "\"lease\":\"694d9aabd4b5c20a\"", "\"lease\":7", "'lease'" },
		{ "\"services\":[{", "\"services\":[7,{", "'name'" },
		{ "\"services\":[", "\"servces\":[", "'services'" },
		{ "\"readers\":[", "\"readers\":7,\"x\":[", "'readers'" },
		{ "\"outputs\":[", "\"outputs\":[{\"type\":\"a\",\"place\":7},", "'place'" },
		{ "\"outputs\":[", "\"outputs\":{},\"x\":[", "'outputs'" },
		{ "]}\n", "]\n", "it is not one JSON object" },
	};
	char *text = make_document(1);

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *wrong = replace(text, cases[i].from, cases[i].to);
		struct status_document d;
		struct err err = { 0 };
		assert_int_equal(status_read(&d, wrong, strlen(wrong), &err), -1);
		if (strstr(err.text, cases[i].text) == NULL) {
			fail_msg("case %zu: %s", i, err.text);
		}
		assert_null(d.tree);
		assert_null(d.status.services);
		free(wrong);
	}
	free(text);
}

static void only_what_is_named_is_kept(void **state)
{
	static const char *const names[] = { "a", "r" };
	static const char *const unknown[] = { "b", "c" };
	char *text = make_document(3);
	struct status_document d;
	struct err err;

	UNUSED(state);
	assert_int_equal(status_read(&d, text, strlen(text), &err), 0);
	assert_string_equal(status_missing(&d.status, unknown, 2), "c");
	assert_null(status_missing(&d.status, names, 2));
	status_keep(&d.status, NULL, 0);
	assert_int_equal(d.status.n_services, 3);

	status_keep(&d.status, names, 2);
	assert_int_equal(d.status.n_services, 2);
	assert_string_equal(d.status.services[1].name, "a");
	assert_true(d.status.services[1].retiring);
	assert_int_equal(d.status.n_readers, 1);
	status_keep(&d.status, names, 1);
	assert_int_equal(d.status.n_readers, 0);
	status_document_finish(&d);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(what_is_not_known_is_passed_over),
		cmocka_unit_test(what_is_no_status_is_refused),
		cmocka_unit_test(only_what_is_named_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
