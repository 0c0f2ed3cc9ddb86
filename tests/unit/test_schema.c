/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/schema.h"
#include "agent/util.h"

/* What descriptor.c and the pages for people take for granted. */
static void has_a_sound_schema(void **state)
{
	UNUSED(state);
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	assert_in_range(n, 1, 64);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(schema_find(rows[i].path), &rows[i]);
		const char *dot = strchr(rows[i].path, '.');
		assert_non_null(dot);
		char section[32] = "";
		memcpy(section, rows[i].path, (size_t)(dot - rows[i].path));
		assert_true(schema_is_section(section));
		assert_true(strlen(rows[i].help) > 0);
		assert_null(strchr(rows[i].help, '\n'));
		assert_false(schema_is_unsupported(rows[i].path));
		assert_true(rows[i].min <= rows[i].max);
		bool follows = strcmp(rows[i].path, "probe.target") == 0;
		assert_int_equal(rows[i].fallback == NULL, rows[i].required || follows);
		bool worded = rows[i].kind == SCHEMA_WORD || rows[i].kind == SCHEMA_ONLY ||
			      rows[i].kind == SCHEMA_ONLY_LIST;
		assert_int_equal(rows[i].words != NULL, worded);
	}
	assert_true(schema_is_section("register"));
	assert_false(schema_is_section("registe"));
	assert_false(schema_is_section("registers"));
	assert_null(schema_find("service"));
}

static void suggests_keys(void **state)
{
	static const struct {
		const char *path, *meant;
	} rows[] = {
		{ "prob", "probe" },
		{ "services", "service" },
		{ "registry", "register" },
		{ "consul", NULL },
		{ "probe.fail_threshold", "probe.failure_threshold" },
		{ "probe.Interval", "probe.interval" },
		{ "etcd.timeout", "etcd.request_timeout" },
		{ "etcd.endpoint", "etcd.endpoints" },
		{ "etcd.ttl", "register.ttl" },
		{ "port", "service.port" },
		{ "service.colour", NULL },
		{ "", NULL },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *meant = schema_suggest(rows[i].path);
		if (rows[i].meant == NULL) {
			assert_null(meant);
		} else {
			assert_non_null(meant);
			assert_string_equal(meant, rows[i].meant);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_sound_schema),
		cmocka_unit_test(suggests_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
