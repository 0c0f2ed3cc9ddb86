/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/schema.h"
#include "agent/util.h"

/* A key of a part stands behind its part, or behind another key of it. */
static void finds_parts(const struct schema_row *row, const struct schema_row *before)
{
	const struct schema_row *part = schema_part_of(row);
	bool three = strchr(strchr(row->path, '.') + 1, '.') != NULL;
	assert_int_equal(part != NULL, three);
	if (part != NULL) {
		assert_int_equal(part->kind, SCHEMA_PART);
		assert_true(before == part || schema_part_of(before) == part);
		assert_string_equal(schema_leaf(row->path), row->path + strlen(part->path) + 1);
	}
}

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
		bool part = rows[i].kind == SCHEMA_PART, required = rows[i].need == SCHEMA_REQUIRED;
		assert_int_equal(rows[i].fallback == NULL, required || follows || part);
		bool empty = rows[i].fallback != NULL && strcmp(rows[i].fallback, "\"\"") == 0;
		assert_true(rows[i].need != SCHEMA_SILENT || part || empty);
		assert_in_range(strlen(rows[i].path), 1, 64);
		finds_parts(&rows[i], i > 0 ? &rows[i - 1] : NULL);
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
		{ "tls", "etcd.tls" },
		{ "etcd.tsl", "etcd.tls" },
		{ "probe.tls.ca_files", "probe.tls.ca_file" },
		{ "etcd.tls.cert", "etcd.tls.cert_file" },
		{ "etcd.tls.insecure", "etcd.tls.insecure_skip_verify" },
		{ "probe.ca_file", "probe.tls.ca_file" },
		{ "etcd.ca_file", "etcd.tls.ca_file" },
		{ "service.ca_file", "etcd.tls.ca_file" },
		{ "etcd.tls.username", "etcd.username" },
		{ "probe.tls.password", "etcd.password" },
		{ "etcd.tls.interval", "probe.interval" },
		{ "etcd.tls.colour", NULL },
		{ "etcd.tls.ca_file.name", "service.name" },
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
