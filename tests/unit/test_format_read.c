/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "agent/json_read.h"
#include "agent/util.h"

#define KEY "/services/s/x"

struct golden {
	enum format f;
	const char *value;
	const char *host;
	uint16_t port;
	const char *protocol, *metadata;
	uint32_t weight;
};

static void expect(const struct golden *g)
{
	struct err err = { ERR_NONE, "" };
	struct instance *made = format_read(g->f, KEY, g->value, strlen(g->value), &err);

	if (made == NULL) {
		fail_msg("%s: %s", g->value, err.text);
		return;
	}
	assert_string_equal(made->key, KEY);
	assert_string_equal(made->host, g->host);
	assert_int_equal(made->port, g->port);
	assert_string_equal(made->protocol, g->protocol);
	assert_string_equal(made->metadata, g->metadata);
	assert_int_equal(made->weight, g->weight);
	assert_int_equal(made->refs, 1);
	assert_int_equal(made->lease, 0);
	instance_unref(made);
}

static void expect_all(const struct golden *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		expect(&at[i]);
	}
}

static void services(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_SERVICES, "{\"host\":\"localhost\",\"port\":50051,\"protocol\":\"grpc\"}",
				"localhost", 50051, "grpc", "{}", 1 },
		{ FORMAT_SERVICES,
				"{\"host\":\"::1\",\"port\":65535,\"protocol\":\"grpc\",\"version\":\"1.0.0\","
				"\"weight\":100,\"ratio\":1.10,\"on\":true,\"none\":null,\"a\":[1.0,{}]}",
				"::1", 65535, "grpc",
				"{\"version\":\"1.0.0\",\"weight\":100,\"ratio\":1.10,\"on\":true,"
				"\"none\":null,\"a\":[1.0,{}]}",
				100 },
		{ FORMAT_SERVICES, " { \"z\" : 1,\n\"port\":1, \"y\":2, \"host\":\"10.0.0.1\" }",
				"10.0.0.1", 1, "", "{\"z\":1,\"y\":2}", 1 },
		/* as JSON.parse has it: names exactly, and the last of them counts */
		{ FORMAT_SERVICES,
				"{\"host\":\"a\",\"Host\":7,\"port\":1,\"host\":\"b\",\"port\":2.0}",
				"b", 2, "", "{\"Host\":7}", 1 },
		{ FORMAT_SERVICES, "{\"host\":\"a\",\"port\":1,\"x\":1,\"y\":2,\"x\":3}", "a", 1,
				"", "{\"y\":2,\"x\":3}", 1 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void weights(void **state)
{
	static const struct golden table[] = {
#define WEIGHT(text, n)                                                                            \
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1,\"weight\":" text "}", "h", 1, "",          \
		"{\"weight\":" text "}", n }
		WEIGHT("0", 0),
		WEIGHT("1", 1),
		WEIGHT("65535", 65535),
		WEIGHT("65536", 1),
		WEIGHT("99999999999999999999", 1),
		WEIGHT("-5", 1),
		WEIGHT("7.0", 1),
		WEIGHT("\"7\"", 1),
		WEIGHT("true", 1),
		WEIGHT("[7]", 1),
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void grpc_naming(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"localhost:50051\",\"Metadata\":null}",
				"localhost", 50051, "", "{}", 1 },
		{ FORMAT_GRPC_NAMING, "{\"Addr\":\"[fd00::1]:1\"}", "fd00::1", 1, "", "{}", 1 },
		{ FORMAT_GRPC_NAMING,
				"{\"Op\":0,\"Addr\":\"h:1\","
				"\"Metadata\":\"{\\\"version\\\":\\\"1\\\",\\\"weight\\\":7}\"}",
				"h", 1, "", "{\"version\":\"1\",\"weight\":7}", 7 },
		{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"h:1\",\"Metadata\":{\"weight\":7}}",
				"h", 1, "", "{\"weight\":7}", 7 },
		{ FORMAT_GRPC_NAMING, "{\"addr\":\"h:1\",\"metadata\":\"{no\",\"x\":1}", "h", 1, "",
				"{\"Metadata\":\"{no\",\"x\":1}", 1 },
		{ FORMAT_GRPC_NAMING, "{\"Addr\":\"h:1\",\"Metadata\":[1.0]}", "h", 1, "",
				"{\"Metadata\":[1.0]}", 1 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void skydns(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_SKYDNS,
				"{\"host\":\"10.0.0.1\",\"port\":8080,\"priority\":10,\"weight\":20,\"ttl\":9}",
				"10.0.0.1", 8080, "", "{\"priority\":10,\"weight\":20}", 20 },
		{ FORMAT_SKYDNS, "{\"host\":\"::1\",\"port\":1,\"text\":\"x\",\"group\":\"g\"}",
				"::1", 1, "", "{\"text\":\"x\",\"group\":\"g\"}", 100 },
		{ FORMAT_SKYDNS, "{\"Host\":\"h\",\"PORT\":1,\"weight\":0}", "h", 1, "",
				"{\"weight\":0}", 100 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void go_zero(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_GO_ZERO, "127.0.0.1:8080", "127.0.0.1", 8080, "", "{}", 1 },
		{ FORMAT_GO_ZERO, "[::1]:1", "::1", 1, "", "{}", 1 },
		{ FORMAT_GO_ZERO, "coupon.example.org:65535", "coupon.example.org", 65535, "", "{}",
				1 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void kratos(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_KRATOS,
				"{\"id\":\"7f\",\"name\":\"s\",\"version\":\"1.0.0\",\"metadata\":"
				"{\"weight\":\"7\",\"region\":\"a\"},\"endpoints\":[\"grpc://h:1\"]}",
				"h", 1, "grpc",
				"{\"version\":\"1.0.0\",\"weight\":\"7\",\"region\":\"a\"}", 7 },
		{ FORMAT_KRATOS,
				"{\"id\":\"7f\",\"name\":\"s\",\"version\":\"\",\"metadata\":null,\"endpoints\":"
				"[\"http://h:1\",\"grpc://[::1]:2?isSecure=false\"]}",
				"::1", 2, "grpc", "{}", 100 },
		{ FORMAT_KRATOS, "{\"endpoints\":[\"grpcs://h:1/x\",\"grpc://h:2\"]}", "h", 1,
				"grpcs", "{}", 100 },
		{ FORMAT_KRATOS, "{\"endpoints\":[\"http://h:1#x\",7]}", "h", 1, "http", "{}",
				100 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

static void kitex(void **state)
{
	static const struct golden table[] = {
		{ FORMAT_KITEX, "{\"network\":\"tcp\",\"address\":\"h:1\",\"weight\":7,\"tags\":{\"a\":\"b\"}}",
				"h", 1, "", "{\"weight\":7,\"a\":\"b\"}", 7 },
		{ FORMAT_KITEX, "{\"network\":\"tcp6\",\"address\":\"[::1]:1\",\"weight\":0,\"tags\":null}",
				"::1", 1, "", "{\"weight\":0}", 10 },
		{ FORMAT_KITEX, "{\"Address\":\"h:1\",\"Tags\":{\"weight\":\"3\"}}", "h", 1, "",
				"{\"weight\":\"3\"}", 3 },
	};

	UNUSED(state);
	expect_all(table, ARRAY_LEN(table));
}

/* ---- what is none ---------------------------------------------------------------------------- */

static void expect_none(enum format f, const char *value, size_t len, const char *words)
{
	struct err err = { ERR_NONE, "" };

	if (format_read(f, KEY, value, len, &err) != NULL) {
		fail_msg("%s: taken", value);
	}
	if (strstr(err.text, words) == NULL) {
		fail_msg("%s: %s", value, err.text);
	}
}

static const struct {
	enum format f;
	const char *value, *words;
} broken[] = {
	{ FORMAT_SERVICES, "", "not JSON" },
	{ FORMAT_SERVICES, "localhost:50051", "not JSON" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1", "not JSON" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1}}", "not JSON" },
	{ FORMAT_SERVICES, "{'host':'h','port':1}", "not JSON" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":01}", "not JSON" },
	{ FORMAT_SERVICES, "{\"host\":\"h\n\",\"port\":1}", "not JSON" },
	{ FORMAT_SERVICES, "\"h:1\"", "is text, not a JSON object" },
	{ FORMAT_SERVICES, "[{\"host\":\"h\",\"port\":1}]", "is a list" },
	{ FORMAT_SERVICES, "null", "is null" },
	{ FORMAT_SERVICES, "50051", "is a number" },
	{ FORMAT_SERVICES, "{}", "has no host" },
	{ FORMAT_SERVICES, "{\"port\":1}", "has no host" },
	{ FORMAT_SERVICES, "{\"Host\":\"h\",\"port\":1}", "has no host" },
	{ FORMAT_SERVICES, "{\"host\":\"h\"}", "has no port" },
	{ FORMAT_SERVICES, "{\"host\":7,\"port\":1}", "host is a number, not text" },
	{ FORMAT_SERVICES, "{\"host\":null,\"port\":1}", "host is null" },
	{ FORMAT_SERVICES, "{\"host\":[\"h\"],\"port\":1}", "host is a list" },
	{ FORMAT_SERVICES, "{\"host\":\"\",\"port\":1}", "'' is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"a b\",\"port\":1}", "'a b' is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"a;\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"a\\n\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"h:1\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"[::1]\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"::1%lo\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"10.0.0.300\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"gr\xc3\xbc\",\"port\":1}", "is not a host" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":\"1\"}", "port is text, not a number" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":null}", "port is null" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":0}", "port 0 is outside 1..65535" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":-1}", "port -1 is outside" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":65536}", "port 65536 is outside" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":50051.5}", "port 50051.5 is outside" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1e400}", "port 1e400 is outside" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1,\"protocol\":7}", "protocol is a number" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1,\"protocol\":\"a b\"}", "not a word" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1,\"x\":\"\\u0000\"}", "holds a NUL" },
	{ FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1,\"x\":\"\xc0\x80\"}", "valid UTF-8" },
	{ FORMAT_GRPC_NAMING, "{}", "has no Addr" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"\"}", "is not a host" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"1.2.3.4\"}", "has no port" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"h:0\"}", "outside" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"h:70000\"}", "outside" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":\"::1:1\"}", "several colons" },
	{ FORMAT_GRPC_NAMING, "{\"Op\":0,\"Addr\":{}}", "Addr is an object" },
	{ FORMAT_GRPC_NAMING, "127.0.0.1:1", "not JSON" },
	{ FORMAT_SKYDNS, "{\"text\":\"a\"}", "has no host" },
	{ FORMAT_SKYDNS, "{\"host\":\"1.2.3.4\"}", "has no port" },
	{ FORMAT_SKYDNS, "{\"host\":\"1.2.3.4\",\"port\":65536}", "outside" },
	{ FORMAT_GO_ZERO, "", "is not a host" },
	{ FORMAT_GO_ZERO, "h", "has no port" },
	{ FORMAT_GO_ZERO, ":8080", "is not a host" },
	{ FORMAT_GO_ZERO, "h:8080\n", "is not a port" },
	{ FORMAT_GO_ZERO, "{\"host\":\"h\",\"port\":1}", "several colons" },
	{ FORMAT_GO_ZERO, "\xff:1", "not host:port" },
	{ FORMAT_KRATOS, "{\"id\":\"7\",\"name\":\"s\"}", "has no endpoints" },
	{ FORMAT_KRATOS, "{\"endpoints\":null}", "has no endpoints" },
	{ FORMAT_KRATOS, "{\"endpoints\":[]}", "has no endpoints" },
	{ FORMAT_KRATOS, "{\"endpoints\":\"grpc://h:1\"}", "is text, not a list" },
	{ FORMAT_KRATOS, "{\"endpoints\":[7]}", "an endpoint is a number" },
	{ FORMAT_KRATOS, "{\"endpoints\":[\"h:1\"]}", "not scheme://host:port" },
	{ FORMAT_KRATOS, "{\"endpoints\":[\"grpc://h\"]}", "has no port" },
	{ FORMAT_KRATOS, "{\"endpoints\":[\"grpc://u:p@h:1\"]}", "several colons" },
	{ FORMAT_KRATOS, "{\"endpoints\":[\"a b://h:1\"]}", "not a word" },
	{ FORMAT_KRATOS, "{\"metadata\":7,\"endpoints\":[\"grpc://h:1\"]}", "not an object" },
	{ FORMAT_KRATOS, "{\"version\":1,\"endpoints\":[\"grpc://h:1\"]}", "version is a number" },
	{ FORMAT_KITEX, "{\"network\":\"tcp\"}", "has no address" },
	{ FORMAT_KITEX, "{\"network\":\"unix\",\"address\":\"/run/x\"}", "network is not tcp" },
	{ FORMAT_KITEX, "{\"network\":\"tcp\",\"address\":\"h:1\",\"tags\":[]}", "tags is a list" },
};

static void broken_values(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		expect_none(broken[i].f, broken[i].value, strlen(broken[i].value), broken[i].words);
	}
}

static void huge_values(void **state)
{
	static char value[100000], place[400], host[300];

	UNUSED(state);
	memset(value, ' ', sizeof value);
	memcpy(value, "{\"host\":\"h\",\"port\":1,\"x\":\"", 26);
	memcpy(value + sizeof value - 2, "\"}", 2);
	expect_none(FORMAT_SERVICES, value, sizeof value, "100000 bytes, 65536 are possible");
	expect_none(FORMAT_GO_ZERO, value, sizeof value, "host:port is shorter");
	expect_none(FORMAT_GO_ZERO, "h:1\0", 4, "not host:port");
	expect_none(FORMAT_SERVICES, "{\"host\":\"h\",\"port\":1}\0", 22, "holds a NUL");

	memset(host, 'a', sizeof host - 1);
	(void)snprintf(place, sizeof place, "{\"endpoints\":[\"grpc://%s:1\"]}", host);
	expect_none(FORMAT_KRATOS, place, strlen(place), "too long");
	(void)snprintf(place, sizeof place, "{\"port\":1,\"host\":\"%s\"}", host);
	expect_none(FORMAT_SERVICES, place, strlen(place), "is not a host");
}

/* Whatever is taken is an instance: a host, a port, and metadata that can be read again. */
static void expect_sound(enum format f, const char *value, size_t len)
{
	struct err err = { ERR_NONE, "" };
	struct instance *made = format_read(f, KEY, value, len, &err);

	if (made == NULL) {
		assert_true(err.code != ERR_NONE && err.text[0] != '\0');
		return;
	}
	cJSON *metadata = json_read(made->metadata, strlen(made->metadata), &err);
	assert_non_null(metadata);
	cJSON_Delete(metadata);
	assert_true(endpoint_host_valid(made->host));
	assert_true(made->port > 0);
	assert_true(made->weight <= INSTANCE_WEIGHT_MAX);
	instance_unref(made);
}

/* Each golden value cut at each place, and with each of its bytes replaced by each of these. */
static void damaged_values(void **state)
{
	static const char *const values[N_FORMATS] = {
		"{\"host\":\"::1\",\"port\":65535,\"protocol\":\"grpc\",\"a\":[1.0,{\"b\":\"\\u00fc\"}]}",
		"{\"Op\":0,\"Addr\":\"[::1]:1\",\"Metadata\":\"{\\\"weight\\\":7}\",\"x\":-1e5}",
		"{\"host\":\"10.0.0.1\",\"port\":80,\"priority\":10,\"weight\":20,\"ttl\":9}",
		"coupon.example.org:65535",
		"{\"version\":\"1\",\"metadata\":{\"weight\":\"7\"},\"endpoints\":[\"grpc://h:1?a=b\"]}",
		"{\"network\":\"tcp\",\"address\":\"h:1\",\"weight\":7,\"tags\":{\"a\":null}}",
	};
	static const char bytes[] = "\0\x01\n \"\\{}[],:0-.eu\x7f\x80\xc3\xff";
	char value[200];

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		size_t len = strlen(values[f]);
		for (size_t at = 0; at < len; at++) {
			memcpy(value, values[f], len);
			expect_sound(f, value, at);
			for (size_t i = 0; i < sizeof bytes - 1; i++) {
				value[at] = bytes[i];
				expect_sound(f, value, len);
			}
		}
	}
}

static void keys_are_checked_too(void **state)
{
	static const char value[] = "{\"host\":\"h\",\"port\":1}";
	static char key[5000];
	struct err err = { ERR_NONE, "" };

	UNUSED(state);
	assert_null(format_read(FORMAT_SERVICES, "/services/\xff/h:1", value, strlen(value), &err));
	assert_non_null(strstr(err.text, "the key is not valid UTF-8"));
	memset(key, 'k', sizeof key - 1);
	assert_null(format_read(FORMAT_SERVICES, key, value, strlen(value), &err));
	assert_non_null(strstr(err.text, "the key has 4999 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services),
		cmocka_unit_test(weights),
		cmocka_unit_test(grpc_naming),
		cmocka_unit_test(skydns),
		cmocka_unit_test(go_zero),
		cmocka_unit_test(kratos),
		cmocka_unit_test(kitex),
		cmocka_unit_test(broken_values),
		cmocka_unit_test(huge_values),
		cmocka_unit_test(damaged_values),
		cmocka_unit_test(keys_are_checked_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
