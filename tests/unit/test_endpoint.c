/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/endpoint.h"
#include "agent/util.h"

#define V6_LONG "1111:2222:3333:4444:5555:6666:7777:8888"

static void knows_hosts(void **state)
{
	static const struct {
		const char *host;
		bool valid, address, ipv6;
	} rows[] = {
		{ "localhost", true, false, false },
		{ "etcd-1.example.org", true, false, false },
		{ "a_b", true, false, false },
		{ "org.", true, false, false },
		{ "3com", true, false, false },
		{ "127.0.0.1", true, true, false },
		{ "::1", true, true, true },
		{ V6_LONG, true, true, true },
		{ "::ffff:1.2.3.4", true, true, true },
		{ "", false, false, false },
		{ ".a", false, false, false },
		{ "-a", false, false, false },
		{ "a..b", false, false, false },
		{ "10.0.0.300", false, false, false },
		{ "10.0.0", false, false, false },
		{ "[::1]", false, false, false },
		{ "fe80::1%eth0", false, false, false },
		{ "a b", false, false, false },
		{ "a/b", false, false, false },
		{ "a:1", false, false, false },
		{ "\xc3\xa4", false, false, false },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(endpoint_host_valid(rows[i].host), rows[i].valid);
		assert_int_equal(endpoint_is_address(rows[i].host), rows[i].address);
		assert_int_equal(endpoint_is_ipv6(rows[i].host), rows[i].ipv6);
	}
}

static void limits_the_length_of_a_name(void **state)
{
	char host[ENDPOINT_HOST_MAX + 2];
	UNUSED(state);
	memset(host, 'a', sizeof(host));
	host[ENDPOINT_HOST_MAX + 1] = '\0';
	assert_false(endpoint_host_valid(host));
	struct endpoint e;
	struct err err;
	assert_int_equal(endpoint_parse(&e, host, 1, &err), -1);
	assert_string_equal(err.text, "the host is longer than 253 characters");

	host[ENDPOINT_HOST_MAX] = '\0';
	assert_true(endpoint_host_valid(host));
	assert_int_equal(endpoint_parse(&e, host, 65535, &err), 0);
	char text[ENDPOINT_TEXT_MAX];
	endpoint_format(text, sizeof(text), e.host, e.port);
	assert_int_equal(strlen(text), ENDPOINT_HOST_MAX + 6);
	assert_string_equal(text + ENDPOINT_HOST_MAX, ":65535");
}

static void parses_and_writes(void **state)
{
	static const struct {
		const char *text;
		uint16_t fallback;
		const char *host;
		uint16_t port;
		const char *back;
	} rows[] = {
		{ "localhost:2379", 0, "localhost", 2379, "localhost:2379" },
		{ "localhost", 2379, "localhost", 2379, "localhost:2379" },
		{ "10.0.0.1:1", 2379, "10.0.0.1", 1, "10.0.0.1:1" },
		{ "[::1]:65535", 0, "::1", 65535, "[::1]:65535" },
		{ "[::1]", 2379, "::1", 2379, "[::1]:2379" },
		{ "h:02379", 0, "h", 2379, "h:2379" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e;
		struct err err;
		char back[ENDPOINT_TEXT_MAX];
		assert_int_equal(endpoint_parse(&e, rows[i].text, rows[i].fallback, &err), 0);
		assert_string_equal(e.host, rows[i].host);
		assert_int_equal(e.port, rows[i].port);
		endpoint_format(back, sizeof(back), e.host, e.port);
		assert_string_equal(back, rows[i].back);
	}
}

static void refuses_endpoints(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *sentence;
	} rows[] = {
		{ "", ERR_SYNTAX, "'' is not a host name or an address" },
		{ "localhost", ERR_SYNTAX, "'localhost' has no port" },
		{ "[::1]", ERR_SYNTAX, "'[::1]' has no port" },
		{ ":1", ERR_SYNTAX, "'' is not a host name or an address" },
		{ "a:", ERR_SYNTAX, "'' is not a port" },
		{ "a:0", ERR_RANGE, "port 0 is outside 1..65535" },
		{ "a:65536", ERR_RANGE, "port 65536 is outside 1..65535" },
		{ "a:4294967297", ERR_RANGE, "port 4294967297 is outside 1..65535" },
		{ "a:-1", ERR_SYNTAX, "'-1' is not a port" },
		{ "a:1x", ERR_SYNTAX, "'1x' is not a port" },
		{ "a: 1", ERR_SYNTAX, "' 1' is not a port" },
		{ "::1:2379", ERR_SYNTAX,
				"'::1:2379' has several colons (put brackets round an IPv6 address: [::1]:2379)" },
		{ "[::1:2379", ERR_SYNTAX, "'[::1:2379' is not [address]:port" },
		{ "[::1]2379", ERR_SYNTAX, "'[::1]2379' is not [address]:port" },
		{ "[]:1", ERR_SYNTAX, "'' is not an IPv6 address" },
		{ "[localhost]:1", ERR_SYNTAX, "'localhost' is not an IPv6 address" },
		{ "[127.0.0.1]:1", ERR_SYNTAX, "'127.0.0.1' is not an IPv6 address" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e = { .host = "kept", .port = 7 };
		struct err err;
		assert_int_equal(endpoint_parse(&e, rows[i].text, 0, &err), -1);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.text, rows[i].sentence);
		assert_string_equal(e.host, "kept");
		assert_int_equal(e.port, 7);
	}
}

static void knows_what_never_leaves_the_machine(void **state)
{
	static const char *const loopback[] = { "localhost", "127.0.0.1", "127.255.0.9", "::1" };
	static const char *const other[] = { "128.0.0.1", "10.0.0.127", "::", "::2", "0.0.0.0",
		"localhost.example.org", "127.0.0.1.example.org", "" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
		assert_true(endpoint_is_loopback(loopback[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		assert_false(endpoint_is_loopback(other[i]));
	}
}

static void parses_urls(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		enum endpoint_scheme scheme;
	} rows[] = {
		{ "etcd-1", "etcd-1", 2379, ENDPOINT_BARE },
		{ "etcd-1:1", "etcd-1", 1, ENDPOINT_BARE },
		{ "http://etcd-1", "etcd-1", 2379, ENDPOINT_HTTP },
		{ "http://[::1]:1/", "::1", 1, ENDPOINT_HTTP },
		{ "https://etcd-1:1", "etcd-1", 1, ENDPOINT_HTTPS },
		{ "https://[::1]/", "::1", 2379, ENDPOINT_HTTPS },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e = { .tls = true };
		enum endpoint_scheme scheme;
		struct err err;
		assert_int_equal(endpoint_parse_url(&e, &scheme, rows[i].text, 2379, &err), 0);
		assert_string_equal(e.host, rows[i].host);
		assert_int_equal(e.port, rows[i].port);
		assert_int_equal(scheme, rows[i].scheme);
		assert_false(e.tls);
	}
}

static void refuses_urls(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "https://", "'https://' has no host" },
		{ "http:///", "'http:///' has no host" },
		{ "", "'' has no host" },
		{ "https://a:1/v3", "'1/v3' is not a port" },
		{ "https://a/v3", "'a/v3' is not a host name or an address" },
		{ "a:1/", "'1/' is not a port" },
		{ "https://root:hush@a:1", "an endpoint has no user in it, that is etcd.username" },
		{ "root@a:1", "an endpoint has no user in it, that is etcd.username" },
		{ "HTTPS://a", "'HTTPS://a' is not host:port, http://host:port or https://host:port" },
		{ "http://https://a", "'http://https://a' is not host:port, http://host:port or "
				      "https://host:port" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e = { .host = "kept" };
		enum endpoint_scheme scheme = ENDPOINT_HTTP;
		struct err err;
		assert_int_equal(endpoint_parse_url(&e, &scheme, rows[i].text, 2379, &err), -1);
		assert_string_equal(err.text, rows[i].sentence);
		assert_string_equal(e.host, "kept");
		assert_int_equal(scheme, ENDPOINT_HTTP);
	}
	char text[600];
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	struct endpoint e;
	enum endpoint_scheme scheme;
	struct err err;
	assert_int_equal(endpoint_parse_url(&e, &scheme, text, 2379, &err), -1);
	assert_non_null(strstr(err.text, "...' is too long for an endpoint"));
}

static void parses_targets(void **state)
{
	static const struct {
		const char *text, *back;
		enum target_kind kind;
	} rows[] = {
		{ "127.0.0.1:50051", "127.0.0.1:50051", TARGET_INET },
		{ "localhost:50051", "localhost:50051", TARGET_INET },
		{ ":50051", "localhost:50051", TARGET_INET },
		{ "[::1]:50051", "[::1]:50051", TARGET_INET },
		{ "unix:/run/coupon.sock", "unix:/run/coupon.sock", TARGET_UNIX },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target t;
		struct err err;
		char back[TARGET_TEXT_MAX];
		assert_int_equal(target_parse(&t, rows[i].text, &err), 0);
		assert_int_equal(t.kind, rows[i].kind);
		target_format(back, sizeof(back), &t);
		assert_string_equal(back, rows[i].back);
	}
}

static void refuses_targets(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "coupon:50051",
				"'coupon' is a name that would need a look-up on every reconnect: "
				"give an address, or localhost" },
		{ "127.0.0.1", "'127.0.0.1' has no port" },
		{ ":", "'' is not a port" },
		{ ":0", "port 0 is outside 1..65535" },
		{ "::1:50051", "'::1:50051' has several colons (put brackets round an IPv6 address: [::1]:2379)" },
		{ "unix:x.sock", "'unix:x.sock' needs an absolute path (unix:/run/x.sock)" },
		{ "unix:", "'unix:' needs an absolute path (unix:/run/x.sock)" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target t = { .kind = TARGET_UNIX, .path = "/kept" };
		struct err err;
		assert_int_equal(target_parse(&t, rows[i].text, &err), -1);
		assert_string_equal(err.text, rows[i].sentence);
		assert_string_equal(t.path, "/kept");
	}
}

static void limits_the_path_of_a_socket(void **state)
{
	char text[5 + TARGET_PATH_MAX + 2] = "unix:/";
	struct target t;
	struct err err;
	UNUSED(state);
	memset(text + 6, 's', TARGET_PATH_MAX);
	assert_int_equal(target_parse(&t, text, &err), -1);
	assert_string_equal(err.text, "the path of the socket has 108 bytes, 107 are possible");

	text[5 + TARGET_PATH_MAX] = '\0';
	assert_int_equal(target_parse(&t, text, &err), 0);
	char back[TARGET_TEXT_MAX];
	target_format(back, sizeof(back), &t);
	assert_string_equal(back, text);
}

static void compares_what_leads_somewhere(void **state)
{
	static const struct target all[] = {
		{ .kind = TARGET_INET, .inet = { .host = "::1", .port = 1 } },
		{ .kind = TARGET_INET, .inet = { .host = "::1", .port = 2 } },
		{ .kind = TARGET_INET, .inet = { .host = "::2", .port = 1 } },
		{ .kind = TARGET_UNIX, .path = "/a" },
		{ .kind = TARGET_UNIX, .path = "/b" },
		{ .kind = TARGET_INET },
	};
	struct endpoint tls = { .host = "::1", .port = 1, .tls = true };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(target_is_set(&all[i]), i < ARRAY_LEN(all) - 1);
		for (size_t k = 0; k < ARRAY_LEN(all); k++) {
			assert_int_equal(target_equal(&all[i], &all[k]), i == k);
		}
	}
	assert_true(endpoint_same(&tls, &all[0].inet));
	assert_false(endpoint_same(&tls, &all[1].inet));
	assert_false(endpoint_same(&tls, &all[2].inet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_hosts),
		cmocka_unit_test(limits_the_length_of_a_name),
		cmocka_unit_test(parses_and_writes),
		cmocka_unit_test(refuses_endpoints),
		cmocka_unit_test(knows_what_never_leaves_the_machine),
		cmocka_unit_test(parses_urls),
		cmocka_unit_test(refuses_urls),
		cmocka_unit_test(parses_targets),
		cmocka_unit_test(refuses_targets),
		cmocka_unit_test(limits_the_path_of_a_socket),
		cmocka_unit_test(compares_what_leads_somewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
