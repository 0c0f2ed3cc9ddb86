/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/descriptor/rules.h"
#include "agent/descriptor/schema.h"
#include "tests/unit/descriptors.h"

#define TRUSTS "any certificate is taken, so whoever stands in between can read and change all"

/* The rules that have a test of their own. */
#define OF_READERS 2
#define OF_FORMATS 3 /* ... of those that write for several tools */

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
		{ "etcd: {username: a, password_file: /dev/null, endpoints: [127.0.0.1, e]}\n",
				"f:4:18: etcd.username: warning: its password crosses the network "
				"in the clear to e: set etcd.tls" },
		{ "etcd: {tls: {insecure_skip_verify: true}}\n",
				"f:4:36: etcd.tls.insecure_skip_verify: warning: " TRUSTS },
		{ "probe: {tls: {insecure_skip_verify: true}}\n",
				"f:4:37: probe.tls.insecure_skip_verify: warning: " TRUSTS },
		{ "etcd: {tls: {insecure_skip_verify: true, ca_file: /dev/null}}\n",
				"f:4:36: etcd.tls.insecure_skip_verify: warning: " TRUSTS
				", ca_file changes nothing about that" },
		{ "probe: {tls: {insecure_skip_verify: true, server_name: a}}\n",
				"f:4:37: probe.tls.insecure_skip_verify: warning: " TRUSTS
				", server_name changes nothing about that" },
		{ "etcd: {tls: {ca_file: /nosuch/ca.pem}}\n",
				"f:4:23: etcd.tls.ca_file: warning: /nosuch/ca.pem cannot be read "
				"now: No such file or directory" },
		{ "probe: {tls: {ca_file: /}}\n",
				"f:4:24: probe.tls.ca_file: warning: / is a folder" },
	};
	UNUSED(state);
	size_t n, n_warnings = 0;
	const struct rule *rules = rules_all(&n);
	for (size_t i = 0; i < n; i++) {
		n_warnings += rules[i].warning; /* an error has a bad descriptor */
	}
	/* Each rule, insecure_skip_verify with other keys, and what single values warn of. */
	assert_int_equal(ARRAY_LEN(rows), n_warnings - OF_READERS - OF_FORMATS + 2 + 3);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%s%s", SERVICE, rows[i].text);
		expect_problem(text, rows[i].warning, true);
	}
}

static void warns_about_slips_of_readers(void **state)
{
	UNUSED(state);
	expect_problem(READER "  settle: 10001ms\n",
			"f:6:11: discover.settle: warning: an instance that is gone stays in the "
			"outputs for up to 10001ms",
			true);
	expect_problem(READER "shutdown: {linger: 10m}\n",
			"f:6:20: shutdown.linger: warning: a reader has withdrawn nothing that it "
			"could wait for",
			true);
	expect_problem("discover: {services: [{name: a, outputs: [{type: nginx, path: "
		       "/nosuch/b/c}]}]}\n",
			"f:1:63: discover.services[0].outputs[0].path: warning: /nosuch/b/c cannot "
			"be written now: No such file or directory",
			true);
	expect_problem("discover: {services: [{name: a, outputs: [{type: envoy, path: "
		       "/tmp}]}]}\n",
			"f:1:63: discover.services[0].outputs[0].path: warning: /tmp is a folder",
			true);
	static const char *const fine[] = { "  settle: 10s\n", "  on_empty: keep\n",
		"etcd: {request_timeout: 60s}\n", "shutdown: {}\n", "shutdown:\n" };
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		char text[300];
		snprintf(text, sizeof(text), "%s%s", READER, fine[i]);
		struct descriptor d = load_text(text);
		descriptor_finish(&d);
	}
}

/* The values next to those above are fine, and nobody is warned of what he has not written. */
static void warns_about_nothing_else(void **state)
{
	static const char *const texts[] = { "register: {ttl: 5m}\n",
		"etcd: {request_timeout: 9999ms}\n", "register: {ttl: 2s}\n",
		"probe: {interval: 10s}\n", "probe: {timeout: 1s}\n", "probe: {interval: 200ms}\n",
		"probe: {failure_threshold: 300}\n", "probe: {initial_delay: 10m}\n",
		"shutdown: {linger: 5m}\n",
		"etcd: {username: a, password_file: /dev/null, endpoints: \"[::1],127.9.9.9\"}\n",
		"etcd: {username: a, password_file: /dev/null, endpoints: https://e}\n",
		"etcd: {username: a, password_file: /dev/null, tls: {}}\n",
		"etcd: {username: \"\", endpoints: e}\n",
		"probe: {tls: {insecure_skip_verify: false, ca_file: /dev/null}}\n" };
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

static void warns_about_formats_that_miss_each_other(void **state)
{
	static const struct {
		const char *text, *warning;
	} rows[OF_FORMATS] = {
		{ "register: {formats: [go-zero, grpc-naming]}\n",
				"f:4:21: register.formats: warning: grpc-naming and go-zero stand "
				"under the same prefix coupon-service/, where go-zero takes every "
				"value for host:port" },
		{ "register: {formats: kitex, prefix: /a}\n",
				"f:4:36: register.prefix: warning: counts for the format services, "
				"which is not in register.formats" },
		{ "register: {domain: example.org}\n",
				"f:4:20: register.domain: warning: counts for the format skydns, "
				"which is not in register.formats" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		snprintf(text, sizeof(text), SERVICE "%s", rows[i].text);
		expect_problem(text, rows[i].warning, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(warns_about_probable_slips, clear_environment),
		cmocka_unit_test_setup(warns_about_slips_of_readers, clear_environment),
		cmocka_unit_test_setup(warns_about_formats_that_miss_each_other, clear_environment),
		cmocka_unit_test_setup(warns_about_nothing_else, clear_environment),
		cmocka_unit_test_setup(names_keys_that_are_there, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
