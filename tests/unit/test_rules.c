/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/rules.h"
#include "agent/schema.h"
#include "tests/unit/descriptors.h"

static void warns_about_probable_slips(void **state)
{
	static const struct {
		const char *text, *warning;
	} rows[] = {
		{ "  host: 0.0.0.0\n", "f:4:9: service.host: warning: 0.0.0.0 is where a server "
				       "listens, nobody can connect to it" },
		{ "register: {ttl: 10m}\n", "f:4:17: register.ttl: warning: 10m is how long a dead "
					    "entry stays listed when the agent is killed" },
		{ "etcd: {request_timeout: 10s}\n",
				"f:4:25: etcd.request_timeout: warning: 10s is not below "
				"register.ttl (10s): one slow answer costs the lease" },
		{ "probe: {interval: 11s}\n",
				"f:4:19: probe.interval: warning: 11s is longer than register.ttl "
				"(10s): the lease is renewed on old news" },
		{ "probe: {timeout: 10s}\n",
				"f:4:18: probe.timeout: warning: 10s is longer than probe.interval "
				"(1s): a hung service is found late" },
		{ "probe: {failure_threshold: 301}\n",
				"f:4:28: probe.failure_threshold: warning: 301 failures at an "
				"interval of 1s leave a hung service listed for long" },
		{ "probe: {initial_delay: 11m}\n",
				"f:4:24: probe.initial_delay: warning: nothing is registered for 11m "
				"after the start" },
		{ "shutdown: {linger: 6m}\n", "f:4:20: shutdown.linger: warning: the agent goes on "
					      "for 6m after it was told to stop" },
		{ "etcd: {endpoints: \"a:1,b:1,a:1\"}\n",
				"f:4:19: etcd.endpoints: warning: a:1 is listed twice" },
	};
	UNUSED(state);
	size_t n;
	rules_all(&n);
	assert_int_equal(ARRAY_LEN(rows), n + 1); /* each rule, and the endpoints */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%s%s", SERVICE, rows[i].text);
		expect_problem(text, rows[i].warning, true);
	}
}

/* The values next to those above are fine, and nobody is warned of what he has not written. */
static void warns_about_nothing_else(void **state)
{
	static const char *const texts[] = { "register: {ttl: 5m}\n",
		"etcd: {request_timeout: 9999ms}\n", "register: {ttl: 2s}\n",
		"probe: {interval: 10s}\n", "probe: {timeout: 1s}\n", "probe: {interval: 200ms}\n",
		"probe: {failure_threshold: 300}\n", "probe: {initial_delay: 10m}\n",
		"shutdown: {linger: 5m}\n" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%s%s", SERVICE, texts[i]);
		struct descriptor d = load_text(text);
		descriptor_finish(&d);
	}
}

static void names_keys_that_are_there(void **state)
{
	UNUSED(state);
	size_t n;
	const struct rule *rules = rules_all(&n);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(schema_find(rules[i].key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(warns_about_probable_slips, clear_environment),
		cmocka_unit_test_setup(warns_about_nothing_else, clear_environment),
		cmocka_unit_test_setup(names_keys_that_are_there, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
