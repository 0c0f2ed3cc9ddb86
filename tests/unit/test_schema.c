/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/descriptor/schema_uses.h"
#include "agent/util.h"

/* A key of a part stands behind its part, or behind another key of it. */
static void finds_parts(const struct schema_row *row, const struct schema_row *before)
{
	const struct schema_row *part = schema_part_of(row);
	bool three = strchr(strchr(row->path, '.') + 1, '.') != NULL && schema_is_in(row, NULL);
	assert_int_equal(part != NULL, three);
	if (part != NULL) {
		assert_int_equal(part->kind, SCHEMA_PART);
		assert_true(before == part || schema_part_of(before) == part);
		assert_string_equal(schema_leaf(row->path), row->path + strlen(part->path) + 1);
	}
}

/* A key of the mappings in a list stands behind the list, or behind another key of it. */
static void finds_lists(const struct schema_row *rows, size_t i)
{
	size_t n_lists = schema_is_in(&rows[i], NULL) ? 1 : 0;
	for (size_t k = 0; k < i; k++) {
		if (schema_is_in(&rows[i], &rows[k])) {
			assert_int_equal(rows[k].kind, SCHEMA_MAPPINGS);
			assert_true(k == i - 1 || schema_is_in(&rows[i - 1], &rows[k]));
			n_lists++;
		}
	}
	assert_int_equal(n_lists, 1);
	if (rows[i].kind == SCHEMA_MAPPINGS) {
		assert_non_null(schema_items(&rows[i]));
		assert_true(rows[i].need == SCHEMA_REQUIRED && rows[i].min == 1);
	}
}

/* What descriptor.c and the pages for people take for granted. */
static void has_a_sound_schema(void **state)
{
	UNUSED(state);
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	assert_in_range(n, 1, 96);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(schema_find(rows[i].path), &rows[i]);
		const char *dot = strchr(rows[i].path, '.');
		assert_non_null(dot);
		char section[32] = "";
		memcpy(section, rows[i].path, (size_t)(dot - rows[i].path));
		assert_true(schema_is_section(section));
		assert_true(strlen(rows[i].help) > 0);
		assert_null(strchr(rows[i].help, '\n'));
		assert_true(rows[i].min <= rows[i].max);
		bool follows = strcmp(rows[i].path, "probe.target") == 0;
		bool nowhere = rows[i].kind == SCHEMA_TARGET && rows[i].need == SCHEMA_SILENT;
		bool part = rows[i].kind == SCHEMA_PART || nowhere;
		bool required = rows[i].need == SCHEMA_REQUIRED;
		assert_int_equal(rows[i].fallback == NULL, required || follows || part);
		bool empty = rows[i].fallback != NULL && strcmp(rows[i].fallback, "\"\"") == 0;
		assert_true(rows[i].need != SCHEMA_SILENT || part || empty);
		assert_in_range(strlen(rows[i].path), 1, 64);
		finds_lists(rows, i);
		finds_parts(&rows[i], i > 0 ? &rows[i - 1] : NULL);
		bool worded = rows[i].kind == SCHEMA_WORD || rows[i].kind == SCHEMA_FORMATS;
		assert_int_equal(rows[i].words != NULL, worded);
	}
	assert_true(schema_is_section("register"));
	assert_false(schema_is_section("registe"));
	assert_false(schema_is_section("registers"));
	assert_false(schema_is_section("discover.services"));
	assert_null(schema_find("service"));
	assert_null(schema_find("discover.services[]"));
}

/* Each type writes to one place, and the key of that is needed. */
static void knows_what_an_output_has(void **state)
{
	static const char *const needed[] = { "path", "path", "socket", "path", "command" };
	static const char *const possible[] = { "", "cluster region", "backend timeout",
		"upstream reload timeout", "timeout" };
	UNUSED(state);
	size_t n, n_rows = 0;
	const struct schema_row *rows = schema_rows(&n), *outputs = schema_outputs();
	for (size_t i = 0; i < n; i++) {
		const char *key = schema_leaf(rows[i].path);
		if (!schema_is_in(&rows[i], outputs)) {
			continue;
		}
		n_rows++;
		for (unsigned type = 0; type < ARRAY_LEN(needed); type++) {
			enum schema_use use = schema_use_of(&rows[i], type);
			bool must = strcmp(key, needed[type]) == 0 || strcmp(key, "type") == 0;
			bool may = strstr(possible[type], key) != NULL;
			assert_int_equal(use, must  ? SCHEMA_NEEDED
					      : may ? SCHEMA_POSSIBLE
						    : SCHEMA_UNUSED);
		}
	}
	assert_int_equal(n_rows, 10);
	assert_string_equal(schema_output_type()->words[0], "json");
	assert_null(schema_output_type()->words[ARRAY_LEN(needed)]);
}

/* The keys that not all types of probes have; every other one is of all. */
static void knows_what_a_probe_has(void **state)
{
	static const char *const own[] = { "target service mode unimplemented metadata tls",
		"target", "target path status metadata tls", "" };
	UNUSED(state);
	size_t n, n_rows = 0;
	const struct schema_row *rows = schema_rows(&n);
	const char *const *words = schema_probe_type()->words;
	assert_string_equal(words[0], "grpc");
	assert_null(words[ARRAY_LEN(own)]);
	for (size_t i = 0; i < n; i++) {
		const char *path = rows[i].path;
		const struct schema_row *part = schema_part_of(&rows[i]);
		const char *key = schema_leaf(part != NULL ? part->path : path);
		bool of_all = true;
		char types[80] = "";
		for (unsigned type = 0; type < ARRAY_LEN(own); type++) {
			of_all = of_all && strstr(own[type], key) == NULL;
		}
		if (strncmp(path, "probe.", 6) != 0) {
			continue;
		}
		n_rows++;
		for (unsigned type = 0; type < ARRAY_LEN(own); type++) {
			bool command = strcmp(key, "command") == 0;
			bool has = command ? type == 3 : of_all || strstr(own[type], key) != NULL;
			assert_int_equal(
					schema_use_of(&rows[i], type), !has      ? SCHEMA_UNUSED
								       : command ? SCHEMA_NEEDED
										 : SCHEMA_POSSIBLE);
			if (has) {
				snprintf(types + strlen(types), sizeof(types) - strlen(types),
						"%s%s", types[0] == '\0' ? "" : ", ", words[type]);
			}
		}
		char listed[80];
		schema_list_types(&rows[i], listed, sizeof(listed));
		assert_string_equal(listed, types);
	}
	assert_int_equal(n_rows, 20);
	assert_int_equal(schema_use_of(schema_find("etcd.tls"), 1), SCHEMA_POSSIBLE);
}

static void knows_whose_a_section_is(void **state)
{
	static const struct {
		const char *path;
		enum schema_side side;
	} rows[] = {
		{ "service", SCHEMA_REGISTERS },
		{ "register.ttl", SCHEMA_REGISTERS },
		{ "probe.tls.ca_file", SCHEMA_REGISTERS },
		{ "etcd.tls.ca_file", SCHEMA_BOTH },
		{ "log", SCHEMA_BOTH },
		{ "discover.services[].name", SCHEMA_READS },
		{ "shutdown.linger", SCHEMA_IDLE },
		{ "nothing.linger", SCHEMA_BOTH },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(schema_side_of(rows[i].path), rows[i].side);
	}
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
		{ "discovery", "discover" },
		{ "discover.service", "discover.services" },
		{ "discover.outputs", "discover.services[].outputs" },
		{ "discover.services[].output", "discover.services[].outputs" },
		{ "discover.services[].outputs[].paths", "discover.services[].outputs[].path" },
		{ "discover.services[].outputs[].prefix", "discover.prefix" },
		{ "service.type", "probe.type" },
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
		cmocka_unit_test(knows_what_an_output_has),
		cmocka_unit_test(knows_what_a_probe_has),
		cmocka_unit_test(knows_whose_a_section_is),
		cmocka_unit_test(suggests_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
