/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/descriptors.h"

static struct descriptor load_probe(const char *keys)
{
	char text[300];
	snprintf(text, sizeof(text), "%sprobe: {%s}\n", SERVICE, keys);
	return load_text(text);
}

static void is_of_a_type(void **state)
{
	static const struct {
		const char *keys;
		enum probe_type type;
	} rows[] = {
		{ "interval: 2s", PROBE_GRPC },
		{ "type: grpc", PROBE_GRPC },
		{ "type: tcp", PROBE_TCP },
		{ "type: http", PROBE_HTTP },
		{ "type: exec, command: [a]", PROBE_EXEC },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct descriptor d = load_probe(rows[i].keys);
		assert_int_equal(d.probe.type, rows[i].type);
		assert_string_equal(d.probe.target.inet.host, "localhost");
		assert_int_equal(d.probe.target.inet.port, 50051);
		descriptor_finish(&d);
	}
}

static void has_what_http_needs(void **state)
{
	UNUSED(state);
	struct descriptor d = load_probe("type: http");
	assert_string_equal(d.probe.path, "/healthz");
	assert_int_equal(d.probe.status.from, 200);
	assert_int_equal(d.probe.status.to, 399);
	assert_int_equal(d.probe.metadata.n, 0);
	descriptor_finish(&d);
	assert_null(d.probe.path);

	d = load_probe("type: http, path: \"/?a=b\", status: 204");
	assert_string_equal(d.probe.path, "/?a=b");
	assert_int_equal(d.probe.status.from, 204);
	assert_int_equal(d.probe.status.to, 204);
	descriptor_finish(&d);

	d = load_probe("type: http, status: 100-999");
	assert_int_equal(d.probe.status.from, 100);
	assert_int_equal(d.probe.status.to, 999);
	descriptor_finish(&d);
}

/* The type may stand behind them. */
static void takes_headers_by_the_type(void **state)
{
	UNUSED(state);
	struct descriptor d =
			load_probe("metadata: {Host: a, user-agent: b, X!: \"\"}, type: http");
	assert_int_equal(d.probe.metadata.n, 3);
	assert_string_equal(d.probe.metadata.at[0].name, "Host");
	assert_string_equal(d.probe.metadata.at[2].text, "");
	descriptor_finish(&d);
}

static void has_a_command(void **state)
{
	UNUSED(state);
	struct descriptor d = load_probe("type: exec, command: [check, -a, \"b c\"]");
	assert_int_equal(d.probe.command.n, 3);
	assert_string_equal(d.probe.command.at[2], "b c");
	assert_null(d.probe.command.at[3]);
	descriptor_finish(&d);
	assert_null(d.probe.command.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_of_a_type, clear_environment),
		cmocka_unit_test_setup(has_what_http_needs, clear_environment),
		cmocka_unit_test_setup(takes_headers_by_the_type, clear_environment),
		cmocka_unit_test_setup(has_a_command, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
