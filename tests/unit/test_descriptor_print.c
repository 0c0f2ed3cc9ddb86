/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/descriptor/etcd_settings.h"
#include "agent/descriptor/scalar.h"
#include "agent/descriptor/schema_uses.h"
#include "tests/unit/descriptors.h"

#define READER_FILE CONF_DIR "/../tests/descriptors/good/reader.yaml"
#define GOOD(name)  CONF_DIR "/../tests/descriptors/good/" name ".yaml"
#define EVERYTHING  CONF_DIR "/../tests/descriptors/good/everything.yaml"

static char *printed(const struct descriptor *d, enum secrets secrets)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	descriptor_print(d, secrets, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_same_tls(const struct tls_settings *a, const struct tls_settings *b)
{
	assert_int_equal(a->on, b->on);
	assert_string_equal(a->ca_file, b->ca_file);
	assert_string_equal(a->cert_file, b->cert_file);
	assert_string_equal(a->key_file, b->key_file);
	assert_string_equal(a->server_name, b->server_name);
	assert_int_equal(a->insecure_skip_verify, b->insecure_skip_verify);
}

static void assert_same_words(const struct words *a, const struct words *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->at[i], b->at[i]);
	}
}

static void assert_same_output(const struct output_settings *a, const struct output_settings *b)
{
	assert_int_equal(a->type, b->type);
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->socket, b->socket);
	assert_string_equal(a->backend, b->backend);
	assert_string_equal(a->cluster, b->cluster);
	assert_string_equal(a->upstream, b->upstream);
	assert_string_equal(a->region, b->region);
	assert_same_words(&a->reload, &b->reload);
	assert_same_words(&a->command, &b->command);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
}

static void assert_same_reader(const struct descriptor *a, const struct descriptor *b)
{
	assert_true(a->discover.on && b->discover.on);
	assert_string_equal(a->discover.prefix, b->discover.prefix);
	assert_int_equal(a->discover.format, b->discover.format);
	assert_int_equal(a->discover.settle_ms, b->discover.settle_ms);
	assert_int_equal(a->discover.on_empty, b->discover.on_empty);
	assert_true(etcd_settings_equal(&a->etcd, &b->etcd));
	assert_int_equal(a->log.level, b->log.level);
	assert_int_equal(a->log.format, b->log.format);
	assert_int_equal(a->discover.n_services, b->discover.n_services);
	for (size_t i = 0; i < a->discover.n_services; i++) {
		const struct discover_service *x = &a->discover.services[i];
		const struct discover_service *y = &b->discover.services[i];
		assert_string_equal(x->name, y->name);
		assert_int_equal(x->n_outputs, y->n_outputs);
		for (size_t k = 0; k < x->n_outputs; k++) {
			assert_same_output(&x->outputs[k], &y->outputs[k]);
		}
	}
}

static void assert_same(const struct descriptor *a, const struct descriptor *b)
{
	char left[TARGET_TEXT_MAX], right[TARGET_TEXT_MAX];
	assert_string_equal(a->service.name, b->service.name);
	assert_string_equal(a->service.host, b->service.host);
	assert_int_equal(a->service.port, b->service.port);
	assert_string_equal(a->service.protocol, b->service.protocol);
	assert_true(scalars_equal(&a->service.metadata, &b->service.metadata));
	assert_string_equal(a->registry.prefix, b->registry.prefix);
	assert_int_equal(a->registry.ttl_ms, b->registry.ttl_ms);
	assert_int_equal(a->registry.formats.n, b->registry.formats.n);
	assert_memory_equal(a->registry.formats.at, b->registry.formats.at,
			a->registry.formats.n * sizeof(a->registry.formats.at[0]));
	assert_string_equal(a->registry.domain, b->registry.domain);
	assert_true(etcd_settings_equal(&a->etcd, &b->etcd));
	assert_same_tls(&a->probe.tls, &b->probe.tls);
	assert_int_equal(a->probe.type, b->probe.type);
	assert_string_equal(a->probe.path, b->probe.path);
	assert_int_equal(a->probe.status.from, b->probe.status.from);
	assert_int_equal(a->probe.status.to, b->probe.status.to);
	assert_same_words(&a->probe.command, &b->probe.command);
	target_format(left, sizeof(left), &a->probe.target);
	target_format(right, sizeof(right), &b->probe.target);
	assert_string_equal(left, right);
	assert_string_equal(a->probe.service, b->probe.service);
	assert_int_equal(a->probe.mode, b->probe.mode);
	assert_int_equal(a->probe.interval_ms, b->probe.interval_ms);
	assert_int_equal(a->probe.timeout_ms, b->probe.timeout_ms);
	assert_int_equal(a->probe.success_threshold, b->probe.success_threshold);
	assert_int_equal(a->probe.failure_threshold, b->probe.failure_threshold);
	assert_int_equal(a->probe.initial_delay_ms, b->probe.initial_delay_ms);
	assert_int_equal(a->probe.unimplemented, b->probe.unimplemented);
	assert_true(scalars_equal(&a->probe.metadata, &b->probe.metadata));
	assert_int_equal(a->shutdown.linger_ms, b->shutdown.linger_ms);
	assert_true(target_equal(&a->admin.listen, &b->admin.listen));
	assert_int_equal(a->log.level, b->log.level);
	assert_int_equal(a->log.format, b->log.format);
}

static void expect_same_again(struct descriptor *d)
{
	char *text = printed(d, SECRETS_SHOWN);
	struct descriptor back = load_text(text);
	(d->discover.on ? assert_same_reader : assert_same)(d, &back);
	descriptor_finish(&back);
	descriptor_finish(d);
	free(text);
}

static void prints_what_it_reads_back(void **state)
{
	static const char *const texts[] = { SERVICE,
		SERVICE
		"  host: ::1\nprobe: {target: \"[::1]:1\", service: \"null\", mode: watch}\n"
		"register: {prefix: \"/a b/$${x}\"}\n",
		SERVICE "etcd: {endpoints: \"https://[::1]:1,https://a\"}\nprobe: {tls: {}}\n",
		SERVICE "admin: {listen: \"[::1]:9464\"}\n",
		SERVICE "admin: {listen: unix:/run/a.sock}\n",
		SERVICE "etcd: {tls: {server_name: \"::1\", ca_file: /dev/null}}\n",
		SERVICE "etcd: {username: \"null\", password_file: /dev/null}\n",
		SERVICE "probe: {tls: {cert_file: /dev/null, key_file: /dev/null}}\n", READER,
		READER "etcd: {username: a, password_file: /dev/null, tls: {}}\n" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct descriptor d = load_text(texts[i]);
		expect_same_again(&d);
	}
	struct descriptor d;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_load(&d, EVERYTHING, &problems), 0);
	assert_int_equal(d.service.metadata.n, 17);
	expect_same_again(&d);
	assert_int_equal(descriptor_load(&d, READER_FILE, &problems), 0);
	assert_int_equal(d.discover.n_services, 2);
	expect_same_again(&d);
}

/* Only what a probe of that type has is printed. */
static void prints_each_type_of_probe(void **state)
{
	static const struct {
		const char *file, *has, *has_not;
	} rows[] = {
		{ GOOD("probe-http"), "\n  status: 200-204\n", "command:" },
		{ GOOD("probe-tcp"), "\n  target: \"[::1]:6380\"\n", "metadata: {}\n  tls" },
		{ GOOD("probe-tcp"), "\n  interval: 1s\n", "path:" },
		{ GOOD("probe-exec"), "\n  command:\n    - check\n    - \"\"\n", "target:" },
		{ EVERYTHING, "\n  mode: check\n", "status:" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct descriptor d;
		struct problems problems = { 0 };
		assert_int_equal(descriptor_load(&d, rows[i].file, &problems), 0);
		assert_int_equal(problems.n, 0);
		char *text = printed(&d, SECRETS_SHOWN);
		const char *probe = strstr(text, "\nprobe:");
		assert_non_null(probe);
		assert_non_null(strstr(probe, rows[i].has));
		assert_null(strstr(probe, rows[i].has_not));
		free(text);
		expect_same_again(&d);
	}
}

/* A password that is printed is one that stands in the file, which is warned of. */
static void prints_passwords_that_it_reads_back(void **state)
{
	static const char *const passwords[] = { "hush", "$${hush} \\\"", "7", "~", "a: b #" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		char text[200];
		struct descriptor d, back;
		struct problems problems = { 0 };
		snprintf(text, sizeof(text), "%setcd: {username: a, password: \"%s\"}\n", SERVICE,
				passwords[i]);
		assert_int_equal(descriptor_parse(&d, "f", text, strlen(text), &problems), 0);
		char *again = printed(&d, SECRETS_SHOWN);
		assert_int_equal(descriptor_parse(&back, "f", again, strlen(again), &problems), 0);
		assert_int_equal(problems.n, 2);
		assert_true(strlen(d.etcd.password) > 0);
		assert_same(&d, &back);
		descriptor_finish(&d);
		descriptor_finish(&back);
		problems_finish(&problems);
		free(again);
	}
}

/* What is left out of a descriptor that sets only what is required. */
static bool is_left_out(const struct schema_row *row)
{
	return row->need == SCHEMA_SILENT || schema_part_of(row) != NULL;
}

static void leaves_out_what_is_not_set(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(SERVICE);
	char *text = printed(&d, SECRETS_SHOWN);
	size_t n, n_left_out = 0;
	const struct schema_row *rows = schema_rows(&n);
	for (size_t i = 0; i < n; i++) {
		char line[80];
		snprintf(line, sizeof(line), " %s:", schema_leaf(rows[i].path));
		if (is_left_out(&rows[i])) {
			assert_null(strstr(text, line));
			n_left_out++;
		}
	}
	assert_int_equal(n_left_out, 16);
	assert_null(strstr(text, "discover"));
	descriptor_finish(&d);
	free(text);
}

static void prints_every_key_in_order(void **state)
{
	static const char with_all[] = SERVICE "etcd: {username: a, password: b, tls: {}}\n"
					       "probe: {tls: {}}\n"
					       "admin: {listen: localhost:1}\n";
	UNUSED(state);
	struct descriptor d;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_parse(&d, "f", with_all, strlen(with_all), &problems), 0);
	problems_finish(&problems);
	free(d.etcd.password_file); /* the two exclude each other in a file */
	d.etcd.password_file = strdup("/c");
	char *text = printed(&d, SECRETS_SHOWN);
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	const char *at = text;
	for (size_t i = 0; i < n; i++) {
		char line[80];
		if (schema_side_of(rows[i].path) == SCHEMA_READS ||
				schema_use_of(&rows[i], PROBE_GRPC) == SCHEMA_UNUSED) {
			continue;
		}
		snprintf(line, sizeof(line),
				"\n%s%s:", schema_part_of(&rows[i]) == NULL ? "  " : "    ",
				schema_leaf(rows[i].path));
		at = strstr(at, line);
		assert_non_null(at);
		at++;
	}
	assert_non_null(strstr(text, "service:\n  name: coupon-service\n  host: localhost\n"));
	assert_non_null(strstr(text, "etcd:\n  endpoints:\n    - https://localhost:2379\n"));
	assert_non_null(strstr(text, "\n  username: a\n  password: b\n  password_file: /c\n"
				     "  tls:\n    ca_file: \"\"\n"));
	assert_non_null(strstr(text, "\n    insecure_skip_verify: false\nprobe:\n"));
	descriptor_finish(&d);
	free(text);
}

/* The whole of it: what an output has depends on its type. */
static void prints_readers(void **state)
{
	static const char text[] = "discover:\n  services:\n"
				   "    - outputs:\n"
				   "        - {path: /tmp/a, type: json}\n"
				   "        - {path: /tmp/b, type: envoy, region: eu}\n"
				   "        - {socket: /c, type: haproxy}\n"
				   "      name: a\n"
				   "    - name: b\n      outputs:\n"
				   "        - {path: /tmp/d, type: nginx}\n"
				   "        - {command: [a, -b], type: exec}\n";
	static const char expected[] = "\ndiscover:\n  prefix: /services\n  format: services\n"
				       "  settle: 50ms\n  on_empty: empty\n  services:\n"
				       "    - name: a\n      outputs:\n"
				       "        - type: json\n          path: /tmp/a\n"
				       "        - type: envoy\n          path: /tmp/b\n"
				       "          cluster: a\n          region: eu\n"
				       "        - type: haproxy\n          socket: /c\n"
				       "          backend: a\n          timeout: 10s\n"
				       "    - name: b\n      outputs:\n"
				       "        - type: nginx\n          path: /tmp/d\n"
				       "          upstream: b\n          reload: []\n"
				       "          timeout: 10s\n"
				       "        - type: exec\n          command:\n"
				       "            - a\n            - \"-b\"\n"
				       "          timeout: 10s\nlog:\n";
	UNUSED(state);
	struct descriptor d = load_text(text);
	char *shown = printed(&d, SECRETS_MASKED);
	assert_non_null(strstr(shown, expected));
	assert_memory_equal(shown, "etcd:\n", 6);
	static const char *const others[] = { "service:", "register:", "probe:", "shutdown:" };
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_null(strstr(shown, others[i]));
	}
	descriptor_finish(&d);
	free(shown);
}

static void masks_request_metadata(void **state)
{
	static const char text[] = "service: {name: a, port: 1, metadata: {seen: plain}}\n"
				   "probe: {metadata: {authorization: Bearer hush}}\n";
	struct problems problems = { 0 };
	struct descriptor d;
	UNUSED(state);

	assert_int_equal(descriptor_parse(&d, "x.yaml", text, sizeof(text) - 1, &problems), 0);
	char *shown = printed(&d, SECRETS_SHOWN);
	char *masked = printed(&d, SECRETS_MASKED);
	assert_non_null(strstr(shown, "Bearer hush"));
	assert_null(strstr(masked, "hush"));
	assert_non_null(strstr(masked, "authorization: \"********\""));
	assert_non_null(strstr(masked, "seen: plain"));
	free(shown);
	free(masked);
	descriptor_finish(&d);
	problems_finish(&problems);
}

/* Names of headers have signs that mean something in YAML. */
static void masks_odd_headers(void **state)
{
	static const char text[] = "service: {name: a, port: 1}\n"
				   "probe: {type: http, path: /, metadata: {\"'#\": hush}}\n";
	struct problems problems = { 0 };
	struct descriptor d, again;
	UNUSED(state);

	assert_int_equal(descriptor_parse(&d, "x.yaml", text, sizeof(text) - 1, &problems), 0);
	char *masked = printed(&d, SECRETS_MASKED);
	assert_int_equal(descriptor_parse(&again, "x.yaml", masked, strlen(masked), &problems), 0);
	assert_string_equal(again.probe.metadata.at[0].name, "'#");
	free(masked);
	descriptor_finish(&d);
	descriptor_finish(&again);
	problems_finish(&problems);
}

static void masks_the_password(void **state)
{
	static const char text[] = SERVICE "etcd: {username: agent, password: hush, tls: {}}\n";
	struct problems problems = { 0 };
	struct descriptor d;
	UNUSED(state);

	assert_int_equal(descriptor_parse(&d, "f", text, strlen(text), &problems), 0);
	char *shown = printed(&d, SECRETS_SHOWN);
	char *masked = printed(&d, SECRETS_MASKED);
	assert_non_null(strstr(shown, "\n  password: hush\n"));
	assert_null(strstr(masked, "hush"));
	assert_non_null(strstr(masked, "\n  username: agent\n  password: \"********\"\n"));
	free(shown);
	free(masked);
	descriptor_finish(&d);
	problems_finish(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(prints_what_it_reads_back, clear_environment),
		cmocka_unit_test_setup(prints_each_type_of_probe, clear_environment),
		cmocka_unit_test_setup(prints_passwords_that_it_reads_back, clear_environment),
		cmocka_unit_test_setup(leaves_out_what_is_not_set, clear_environment),
		cmocka_unit_test_setup(prints_every_key_in_order, clear_environment),
		cmocka_unit_test_setup(prints_readers, clear_environment),
		cmocka_unit_test_setup(masks_request_metadata, clear_environment),
		cmocka_unit_test_setup(masks_odd_headers, clear_environment),
		cmocka_unit_test_setup(masks_the_password, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
