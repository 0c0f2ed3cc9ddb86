/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/entries.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "agent/util.h"
#include "tests/unit/descriptors.h"

/* All that is required, and with it: an address of the long kind, and metadata of each kind. */
static const char plain[] = SERVICE;
static const char full[] =
		"service:\n"
		"  name: Coupon.v1\n"
		"  host: '2001:db8::1'\n"
		"  port: 1\n"
		"  protocol: http\n"
		"  metadata:\n"
		"    version: 1.0.0\n"
		"    weight: 7\n"
		"    ratio: 1.10\n"
		"    big: 123456789012345678901234567890\n"
		"    on: true\n"
		"    none: ~\n"
		"    \"a\\\"b\": \"7\\n\\\"gr\xc3\xbc\"\n"
		"register: {prefix: /team, ttl: 1m, domain: Example.org, formats: [services, skydns]}\n";

struct golden {
	const char *key, *value;
};

static void expect(enum format f, const char *text, const struct golden *g)
{
	struct descriptor d = load_text(text);
	char *key, *value;

	assert_int_equal(format_write(f, &d, &key, &value), 0);
	assert_string_equal(key, g->key);
	assert_string_equal(value, g->value);
	free(key);
	free(value);
	descriptor_finish(&d);
}

static void writes_what_is_required(void **state)
{
	static const struct golden golden[N_FORMATS] = {
		[FORMAT_SERVICES] = { "/services/coupon-service/localhost:50051",
				"{\"host\":\"localhost\",\"port\":50051,\"protocol\":\"grpc\"}" },
		[FORMAT_GRPC_NAMING] = { "coupon-service/localhost:50051",
				"{\"Op\":0,\"Addr\":\"localhost:50051\",\"Metadata\":null}" },
		[FORMAT_SKYDNS] = { "/skydns/local/skydns/coupon-service/2886343384275936645",
				"{\"host\":\"localhost\",\"port\":50051,\"priority\":10,\"weight\":100,"
				"\"ttl\":10}" },
		[FORMAT_GO_ZERO] = { "coupon-service/2886343384275936645", "localhost:50051" },
		[FORMAT_KRATOS] = { "/microservices/coupon-service/localhost:50051",
				"{\"id\":\"localhost:50051\",\"name\":\"coupon-service\","
				"\"version\":\"\",\"metadata\":{},"
				"\"endpoints\":[\"grpc://localhost:50051\"]}" },
		[FORMAT_KITEX] = { "kitex/registry-etcd/coupon-service/localhost:50051",
				"{\"network\":\"tcp\",\"address\":\"localhost:50051\",\"weight\":10,"
				"\"tags\":{}}" },
	};

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		expect(f, plain, &golden[f]);
	}
}

static void writes_all_there_may_be(void **state)
{
	static const struct golden golden[N_FORMATS] = {
		[FORMAT_SERVICES] = { "/team/Coupon.v1/[2001:db8::1]:1",
				"{\"host\":\"2001:db8::1\",\"port\":1,\"protocol\":\"http\","
				"\"version\":\"1.0.0\",\"weight\":7,\"ratio\":1.10,"
				"\"big\":123456789012345678901234567890,\"on\":true,\"none\":null,"
				"\"a\\\"b\":\"7\\n\\\"gr\xc3\xbc\"}" },
		/* the metadata is a text: an object would bring gRPC for Go down */
		[FORMAT_GRPC_NAMING] = { "Coupon.v1/[2001:db8::1]:1",
				"{\"Op\":0,\"Addr\":\"[2001:db8::1]:1\",\"Metadata\":"
				"\"{\\\"version\\\":\\\"1.0.0\\\",\\\"weight\\\":7,\\\"ratio\\\":1.10,"
				"\\\"big\\\":123456789012345678901234567890,\\\"on\\\":true,"
				"\\\"none\\\":null,"
				"\\\"a\\\\\\\"b\\\":\\\"7\\\\n\\\\\\\"gr\xc3\xbc\\\"}\"}" },
		[FORMAT_SKYDNS] = { "/skydns/org/example/v1/coupon/5339982430037376204",
				"{\"host\":\"2001:db8::1\",\"port\":1,\"priority\":10,\"weight\":7,"
				"\"ttl\":60}" },
		[FORMAT_GO_ZERO] = { "Coupon.v1/5339982430037376204", "[2001:db8::1]:1" },
		/* all of it text, as Go wants it; the version in its own place */
		[FORMAT_KRATOS] = { "/microservices/Coupon.v1/[2001:db8::1]:1",
				"{\"id\":\"[2001:db8::1]:1\",\"name\":\"Coupon.v1\","
				"\"version\":\"1.0.0\",\"metadata\":{\"weight\":\"7\","
				"\"ratio\":\"1.10\",\"big\":\"123456789012345678901234567890\","
				"\"on\":\"true\",\"none\":\"\",\"a\\\"b\":\"7\\n\\\"gr\xc3\xbc\"},"
				"\"endpoints\":[\"http://[2001:db8::1]:1\"]}" },
		/* the same, and the weight in its own place */
		[FORMAT_KITEX] = { "kitex/registry-etcd/Coupon.v1/[2001:db8::1]:1",
				"{\"network\":\"tcp\",\"address\":\"[2001:db8::1]:1\",\"weight\":7,"
				"\"tags\":{\"version\":\"1.0.0\",\"ratio\":\"1.10\","
				"\"big\":\"123456789012345678901234567890\",\"on\":\"true\","
				"\"none\":\"\",\"a\\\"b\":\"7\\n\\\"gr\xc3\xbc\"}}" },
	};

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		expect(f, full, &golden[f]);
	}
}

/* What is no weight stays what it is, and the format's own is written. */
static void a_weight_is_a_whole_number(void **state)
{
	static const struct {
		const char *metadata, *skydns, *kitex;
	} rows[] = {
		{ "weight: 0", "\"weight\":1,", "\"weight\":1,\"tags\":{}" },
		{ "weight: 65535", "\"weight\":65535,", "\"weight\":65535,\"tags\":{}" },
		{ "weight: 65536", "\"weight\":100,",
				"\"weight\":10,\"tags\":{\"weight\":\"65536\"}" },
		{ "weight: 1.5", "\"weight\":100,", "\"weight\":10,\"tags\":{\"weight\":\"1.5\"}" },
		{ "weight: -1", "\"weight\":100,", "\"weight\":10,\"tags\":{\"weight\":\"-1\"}" },
		{ "weight: '7'", "\"weight\":100,", "\"weight\":10,\"tags\":{\"weight\":\"7\"}" },
		{ "weight: much", "\"weight\":100,",
				"\"weight\":10,\"tags\":{\"weight\":\"much\"}" },
	};
	char text[200], *key, *value;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(text, sizeof text, "%s  metadata: {%s}\n", plain, rows[i].metadata);
		struct descriptor d = load_text(text);
		for (unsigned k = 0; k < 2; k++) {
			enum format f = k == 0 ? FORMAT_SKYDNS : FORMAT_KITEX;
			assert_int_equal(format_write(f, &d, &key, &value), 0);
			assert_non_null(strstr(value, k == 0 ? rows[i].skydns : rows[i].kitex));
			free(key);
			free(value);
		}
		descriptor_finish(&d);
	}
}

static void a_version_is_a_text_or_a_number(void **state)
{
	static const struct {
		const char *metadata, *expected;
	} rows[] = {
		{ "version: 2", "\"version\":\"2\",\"metadata\":{}" },
		{ "version: 1.10", "\"version\":\"1.10\",\"metadata\":{}" },
		{ "version: true", "\"version\":\"\",\"metadata\":{\"version\":\"true\"}" },
		{ "version: ", "\"version\":\"\",\"metadata\":{\"version\":\"\"}" },
	};
	char text[200], *key, *value;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(text, sizeof text, "%s  metadata: {%s}\n", plain, rows[i].metadata);
		struct descriptor d = load_text(text);
		assert_int_equal(format_write(FORMAT_KRATOS, &d, &key, &value), 0);
		assert_non_null(strstr(value, rows[i].expected));
		free(key);
		free(value);
		descriptor_finish(&d);
	}
}

/* ---- read again ------------------------------------------------------------------------------ */

static void expect_again(enum format f, const char *text, const char *protocol,
		const char *metadata, uint32_t weight)
{
	struct descriptor d = load_text(text);
	struct err err = { ERR_NONE, "" };
	char *key, *value;

	assert_int_equal(format_write(f, &d, &key, &value), 0);
	struct instance *made = format_read(f, key, value, strlen(value), &err);
	if (made == NULL) {
		fail_msg("%s: %s", value, err.text);
		return;
	}
	assert_string_equal(made->key, key);
	assert_string_equal(made->host, d.service.host);
	assert_int_equal(made->port, d.service.port);
	assert_string_equal(made->protocol, protocol);
	assert_string_equal(made->metadata, metadata);
	assert_int_equal(made->weight, weight);
	instance_unref(made);
	free(key);
	free(value);
	descriptor_finish(&d);
}

#define TYPED                                                                                      \
	"{\"version\":\"1.0.0\",\"weight\":7,\"ratio\":1.10,"                                      \
	"\"big\":123456789012345678901234567890,\"on\":true,\"none\":null,"                        \
	"\"a\\\"b\":\"7\\n\\\"gr\xc3\xbc\"}"
#define REST                                                                                       \
	"\"ratio\":\"1.10\",\"big\":\"123456789012345678901234567890\",\"on\":\"true\","           \
	"\"none\":\"\",\"a\\\"b\":\"7\\n\\\"gr\xc3\xbc\"}"

static void what_is_written_is_read(void **state)
{
	static const struct {
		const char *protocol, *metadata;
		uint32_t weight;
	} again[N_FORMATS] = {
		[FORMAT_SERVICES] = { "http", TYPED, 7 },
		[FORMAT_GRPC_NAMING] = { "", TYPED, 7 },
		[FORMAT_SKYDNS] = { "", "{\"priority\":10,\"weight\":7}", 7 },
		[FORMAT_GO_ZERO] = { "", "{}", 1 },
		[FORMAT_KRATOS] = { "http", "{\"version\":\"1.0.0\",\"weight\":\"7\"," REST, 7 },
		[FORMAT_KITEX] = { "", "{\"weight\":7,\"version\":\"1.0.0\"," REST, 7 },
	};

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		expect_again(f, full, again[f].protocol, again[f].metadata, again[f].weight);
	}
	expect_again(FORMAT_SERVICES, plain, "grpc", "{}", 1);
	expect_again(FORMAT_GRPC_NAMING, plain, "", "{}", 1);
	expect_again(FORMAT_SKYDNS, plain, "", "{\"priority\":10,\"weight\":100}", 100);
	expect_again(FORMAT_KRATOS, plain, "grpc", "{}", 100);
	expect_again(FORMAT_KITEX, plain, "", "{\"weight\":10}", 10);
}

/* A reader of the service finds the key where it looks, and knows whose it is. */
static void keys_stand_under_their_prefix(void **state)
{
	struct descriptor d = load_text(plain);
	char name[64], *key, *value;

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		char *prefix = format_prefix(f, "/services", "coupon-service");
		assert_int_equal(format_write(f, &d, &key, &value), 0);
		assert_int_equal(strncmp(key, prefix, strlen(prefix)), 0);
		assert_null(strchr(key + strlen(prefix), '/'));
		assert_true(format_service_of(f, NULL, key, name, sizeof name));
		assert_string_equal(name, "coupon-service");
		free(prefix);
		free(key);
		free(value);
	}
	descriptor_finish(&d);
}

/* ---- all of a descriptor --------------------------------------------------------------------- */

static void entries_are_as_the_descriptor_has_them(void **state)
{
	struct descriptor d = load_text(SERVICE "register: {formats: [kitex, services]}\n");
	struct entries e;

	UNUSED(state);
	assert_int_equal(entries_init(&e, &d), 0);
	assert_int_equal(e.n, 2);
	assert_string_equal(e.at[0].key, "kitex/registry-etcd/coupon-service/localhost:50051");
	assert_non_null(strstr(e.at[0].value, "\"network\":\"tcp\""));
	assert_string_equal(e.at[1].key, "/services/coupon-service/localhost:50051");
	assert_string_equal(e.at[1].value,
			"{\"host\":\"localhost\",\"port\":50051,\"protocol\":\"grpc\"}");
	entries_finish(&e);
	assert_int_equal(e.n, 0);
	entries_finish(&e);
	descriptor_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_is_required),
		cmocka_unit_test(writes_all_there_may_be),
		cmocka_unit_test(a_weight_is_a_whole_number),
		cmocka_unit_test(a_version_is_a_text_or_a_number),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(keys_stand_under_their_prefix),
		cmocka_unit_test(entries_are_as_the_descriptor_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
