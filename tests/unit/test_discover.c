/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/descriptor/discover.h"
#include "tests/unit/descriptors.h"

#define READER_FILE CONF_DIR "/../tests/descriptors/good/reader.yaml"

/* ---- what a reader becomes -------------------------------------------------------------- */

static void fills_in_defaults(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(READER);
	assert_true(d.discover.on);
	assert_string_equal(d.discover.prefix, "/services");
	assert_int_equal(d.discover.format, FORMAT_SERVICES);
	assert_int_equal(d.discover.settle_ms, 50);
	assert_int_equal(d.discover.on_empty, ON_EMPTY_EMPTY);
	assert_int_equal(d.discover.n_services, 1);
	assert_string_equal(d.discover.services[0].name, "coupon-service");
	assert_int_equal(d.discover.services[0].n_outputs, 1);
	const struct output_settings *o = &d.discover.services[0].outputs[0];
	assert_int_equal(o->type, OUTPUT_JSON);
	assert_string_equal(o->path, "/tmp/coupon.json");
	const char *const others[] = { o->socket, o->backend, o->cluster, o->upstream, o->region };
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_string_equal(others[i], "");
	}
	assert_null(o->reload.at);
	assert_int_equal(o->command.n, 0);
	assert_int_equal(o->timeout_ms, 10000);
	assert_int_equal(d.etcd.endpoints.n, 1);
	assert_int_equal(d.log.level, LOG_INFO);
	descriptor_finish(&d);
	assert_null(d.discover.services);
	descriptor_finish(&d);
}

/* What only the other kind has is zeroed. */
static void is_of_one_kind(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(READER "service:\nprobe: ~\nregister:\nshutdown: {}\n");
	static const struct descriptor zero;
	assert_true(d.discover.on);
	assert_memory_equal(&d.service, &zero.service, sizeof(d.service));
	assert_memory_equal(&d.registry, &zero.registry, sizeof(d.registry));
	assert_memory_equal(&d.probe, &zero.probe, sizeof(d.probe));
	descriptor_finish(&d);

	d = load_text(SERVICE);
	assert_memory_equal(&d.discover, &zero.discover, sizeof(d.discover));
	descriptor_finish(&d);

	struct problems problems = { 0 };
	static const char lingers[] = READER "shutdown: {linger: 5s}\n";
	assert_int_equal(descriptor_parse(&d, "f", lingers, strlen(lingers), &problems), 0);
	assert_int_equal(problems.n, 1); /* the warning */
	assert_int_equal(d.shutdown.linger_ms, 0);
	descriptor_finish(&d);
	problems_finish(&problems);
}

static void assert_words(const struct words *words, const char *const *expected, size_t n)
{
	assert_int_equal(words->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(words->at[i], expected[i]);
	}
	assert_null(words->at[n]);
}

static void reads_every_key(void **state)
{
	UNUSED(state);
	struct descriptor d;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_load(&d, READER_FILE, &problems), 0);
	show(&problems);
	assert_int_equal(problems.n, 0);
	assert_string_equal(d.discover.prefix, "/team/services");
	assert_int_equal(d.discover.format, FORMAT_GO_ZERO);
	assert_int_equal(d.discover.settle_ms, 10000);
	assert_int_equal(d.discover.on_empty, ON_EMPTY_KEEP);
	assert_int_equal(d.discover.n_services, 2);
	assert_int_equal(d.discover.services[0].n_outputs, 6);
	const struct output_settings *o = d.discover.services[0].outputs;
	assert_string_equal(o[0].path, "/tmp/coupon service.json");
	assert_int_equal(o[1].type, OUTPUT_ENVOY);
	assert_string_equal(o[1].path, "/tmp/${x}: #");
	assert_string_equal(o[1].cluster, "7");
	assert_string_equal(o[1].region, "null");
	assert_int_equal(o[2].type, OUTPUT_HAPROXY);
	assert_string_equal(o[2].socket, "/run/haproxy/admin.sock");
	assert_string_equal(o[2].backend, "coupon:1");
	assert_int_equal(o[2].timeout_ms, 100);
	assert_int_equal(o[3].type, OUTPUT_NGINX);
	assert_string_equal(o[3].path, "relative.conf");
	assert_string_equal(o[3].upstream, "true");
	assert_int_equal(o[3].timeout_ms, 300000);
	static const char *const reload[] = { "nginx", "-s", "reload", "", "~", "7", "a: b # c",
		"${x}", "gr\xc3\xbc\xc3\x9f\xe2\x80\xa8" };
	assert_words(&o[3].reload, reload, ARRAY_LEN(reload));
	assert_int_equal(o[4].type, OUTPUT_EXEC);
	static const char *const command[] = { "/bin/true", "[a]" };
	assert_words(&o[4].command, command, ARRAY_LEN(command));
	assert_int_equal(o[4].timeout_ms, 1500);
	o = d.discover.services[1].outputs;
	assert_string_equal(o[0].cluster, "point_service.1");
	assert_string_equal(o[1].backend, "point_service.1");
	assert_string_equal(o[2].upstream, "point_service.1");
	assert_int_equal(o[2].reload.n, 0);
	descriptor_finish(&d);
}

static void reads_the_environment(void **state)
{
	UNUSED(state);
	setenv("SERVICE_NAME", "point-service", 1);
	setenv("GATEWAY_RUN_DIR", "/tmp", 1);
	struct descriptor d = load_text(
			"discover:\n  services:\n    - name: ${SERVICE_NAME}\n      outputs:\n"
			"        - type: ${KIND:-exec}\n"
			"          command: [\"${GATEWAY_RUN_DIR}/a\", \"${SERVICE_NAME} x\", $]\n");
	assert_string_equal(d.discover.services[0].name, "point-service");
	const struct output_settings *o = d.discover.services[0].outputs;
	assert_int_equal(o->type, OUTPUT_EXEC);
	static const char *const command[] = { "/tmp/a", "point-service x", "$" };
	assert_words(&o->command, command, ARRAY_LEN(command));
	descriptor_finish(&d);
}

/* ---- limits ----------------------------------------------------------------------------- */

/* `n` services with `m` outputs each, as one text. The caller frees it. */
static char *large_reader(unsigned n, unsigned m)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	fputs("discover:\n  services:\n", out);
	for (unsigned i = 0; i < n; i++) {
		fprintf(out, "    - name: s%u\n      outputs:\n", i);
		for (unsigned k = 0; k < m; k++) {
			fprintf(out, "        - {type: json, path: /tmp/%u.%u}\n", i, k);
		}
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void takes_as_many_as_there_may_be(void **state)
{
	UNUSED(state);
	char *text = large_reader(256, 16);
	struct descriptor d = load_text(text);
	assert_int_equal(d.discover.n_services, 256);
	assert_int_equal(d.discover.services[255].n_outputs, 16);
	assert_string_equal(d.discover.services[255].outputs[15].path, "/tmp/255.15");
	descriptor_finish(&d);
	free(text);
}

static void takes_the_limits_themselves(void **state)
{
	char socket[108] = "/", label[254] = "", words[64 * 2] = "";
	UNUSED(state);
	memset(socket + 1, 's', sizeof(socket) - 2);
	memset(label, 'c', sizeof(label) - 1);
	for (size_t i = 0; i < 64; i++) {
		words[2 * i] = 'a';
		words[2 * i + 1] = i < 63 ? ',' : '\0';
	}
	char text[2000];
	snprintf(text, sizeof(text),
			"discover: {settle: 0s, services: [{name: a, outputs: ["
			"{type: haproxy, socket: %s, backend: %s, timeout: 100ms}, "
			"{type: exec, command: [%s], timeout: 5m}]}]}\n",
			socket, label, words);
	struct descriptor d = load_text(text);
	assert_int_equal(d.discover.settle_ms, 0);
	assert_int_equal(strlen(d.discover.services[0].outputs[0].socket), 107);
	assert_int_equal(strlen(d.discover.services[0].outputs[0].backend), 253);
	assert_int_equal(d.discover.services[0].outputs[1].command.n, 64);
	descriptor_finish(&d);
}

/* ---- places ----------------------------------------------------------------------------- */

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void knows_the_same_place(void **state)
{
	static const struct {
		enum output_type type;
		const char *path, *socket, *backend;
	} rows[] = {
		/* in order */
		{ OUTPUT_JSON, "/", "", "" },
		{ OUTPUT_ENVOY, "/a", "", "" },
		{ OUTPUT_NGINX, "/a/b", "", "" },
		{ OUTPUT_JSON, "/a/bc", "", "" },
		{ OUTPUT_JSON, "/a/c", "", "" },
		{ OUTPUT_JSON, "/ab", "", "" },
		{ OUTPUT_JSON, "a", "", "" },
		{ OUTPUT_JSON, "a/.b", "", "" },
		{ OUTPUT_HAPROXY, "", "/a", "x" },
		{ OUTPUT_HAPROXY, "", "/a", "y" },
		{ OUTPUT_HAPROXY, "", "/b", "x" },
	};
	struct output_settings o[ARRAY_LEN(rows)] = { 0 };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		o[i].type = rows[i].type;
		o[i].path = strdup(rows[i].path);
		o[i].socket = strdup(rows[i].socket);
		o[i].backend = strdup(rows[i].backend);
		assert_true(discover_has_place(&o[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			int expected = (i > k) - (i < k);
			assert_int_equal(sign(discover_compare_places(&o[i], &o[k])), expected);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		free(o[i].path);
		free(o[i].socket);
		free(o[i].backend);
	}
}

static void knows_a_path_by_other_spellings(void **state)
{
	static const char *const same[] = { "/a/b", "//a/b", "/./a///b", "/a/././b", "/a/b/." };
	static const char *const other[] = { "a/b", "/a/b.", "/a/.b", "/a", "/a/b/c", "/a/../b",
		"/A/b" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		char a[20], b[20];
		struct output_settings x = { .path = a }, y = { .type = OUTPUT_NGINX, .path = b };
		snprintf(a, sizeof(a), "%s", same[i]);
		for (size_t k = 0; k < ARRAY_LEN(same); k++) {
			snprintf(b, sizeof(b), "%s", same[k]);
			assert_int_equal(discover_compare_places(&x, &y), 0);
		}
		for (size_t k = 0; k < ARRAY_LEN(other); k++) {
			snprintf(b, sizeof(b), "%s", other[k]);
			assert_int_not_equal(discover_compare_places(&x, &y), 0);
		}
	}
}

static void names_places(void **state)
{
	char path[] = "/run/a.json", socket[] = "/run/h.sock", backend[] = "b", name[80];
	struct output_settings file = { .path = path };
	struct output_settings servers = {
		.type = OUTPUT_HAPROXY, .socket = socket, .backend = backend
	};
	struct output_settings command = { .type = OUTPUT_EXEC };
	UNUSED(state);
	discover_name_place(&file, name, sizeof(name));
	assert_string_equal(name, "the file /run/a.json");
	discover_name_place(&servers, name, sizeof(name));
	assert_string_equal(name, "the backend b at /run/h.sock");
	discover_name_place(&file, name, 10);
	assert_string_equal(name, "the file ");
	assert_false(discover_has_place(&command));
}

/* One command may be run for several services, and one socket lead to several backends. */
static void allows_what_is_not_the_same(void **state)
{
	UNUSED(state);
	struct descriptor d =
			load_text("discover:\n  services:\n"
				  "    - name: a\n      outputs:\n"
				  "        - {type: exec, command: [/bin/true]}\n"
				  "        - {type: exec, command: [/bin/true]}\n"
				  "        - {type: haproxy, socket: /run/h.sock}\n"
				  "        - {type: haproxy, socket: /run/h.sock, backend: A}\n"
				  "        - {type: json, path: /tmp/a}\n"
				  "    - name: b\n      outputs:\n"
				  "        - {type: haproxy, socket: /run/h.sock}\n"
				  "        - {type: json, path: /tmp/b}\n");
	assert_int_equal(d.discover.services[0].n_outputs, 5);
	descriptor_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fills_in_defaults, clear_environment),
		cmocka_unit_test_setup(is_of_one_kind, clear_environment),
		cmocka_unit_test_setup(reads_every_key, clear_environment),
		cmocka_unit_test_setup(reads_the_environment, clear_environment),
		cmocka_unit_test_setup(takes_as_many_as_there_may_be, clear_environment),
		cmocka_unit_test_setup(takes_the_limits_themselves, clear_environment),
		cmocka_unit_test(knows_the_same_place),
		cmocka_unit_test(knows_a_path_by_other_spellings),
		cmocka_unit_test(names_places),
		cmocka_unit_test_setup(allows_what_is_not_the_same, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
