/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/scalar.h"
#include "agent/schema.h"
#include "tests/unit/descriptors.h"

#define EVERYTHING CONF_DIR "/../tests/descriptors/good/everything.yaml"

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

static void assert_same_endpoints(const struct endpoints *a, const struct endpoints *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->at[i].host, b->at[i].host);
		assert_int_equal(a->at[i].port, b->at[i].port);
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
	assert_same_endpoints(&a->etcd.endpoints, &b->etcd.endpoints);
	assert_int_equal(a->etcd.request_timeout_ms, b->etcd.request_timeout_ms);
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
	assert_int_equal(a->log.level, b->log.level);
	assert_int_equal(a->log.format, b->log.format);
}

static void expect_same_again(struct descriptor *d)
{
	char *text = printed(d, SECRETS_SHOWN);
	struct descriptor back = load_text(text);
	assert_same(d, &back);
	descriptor_finish(&back);
	descriptor_finish(d);
	free(text);
}

static void prints_what_it_reads_back(void **state)
{
	static const char *const texts[] = { SERVICE, SERVICE
		"  host: ::1\nprobe: {target: \"[::1]:1\", service: \"null\", mode: watch}\n"
		"register: {prefix: \"/a b/$${x}\"}\n" };
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
}

static void prints_every_key_in_order(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(SERVICE);
	char *text = printed(&d, SECRETS_SHOWN);
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	const char *at = text;
	for (size_t i = 0; i < n; i++) {
		char line[80];
		snprintf(line, sizeof(line), "\n  %s:", strchr(rows[i].path, '.') + 1);
		at = strstr(at, line);
		assert_non_null(at);
		at++;
	}
	assert_non_null(strstr(text, "service:\n  name: coupon-service\n  host: localhost\n"));
	assert_non_null(strstr(text, "etcd:\n  endpoints:\n    - localhost:2379\n"));
	descriptor_finish(&d);
	free(text);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(prints_what_it_reads_back, clear_environment),
		cmocka_unit_test_setup(prints_every_key_in_order, clear_environment),
		cmocka_unit_test_setup(masks_request_metadata, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
