/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor.h"
#include "agent/scalar.h"
#include "agent/util.h"
#include "agent/value.h"

/* texts: prefix, name, host, protocol. The caller finishes it. */
static struct descriptor coupon(const char *const texts[4], uint32_t port)
{
	struct descriptor d = { 0 };
	d.registry.prefix = strdup(texts[0]);
	d.service.name = strdup(texts[1]);
	d.service.host = strdup(texts[2]);
	d.service.protocol = strdup(texts[3]);
	d.service.port = port;
	return d;
}

static void expect(char *made, const char *expected)
{
	assert_non_null(made);
	assert_string_equal(made, expected);
	free(made);
}

static void makes_key_and_value(void **state)
{
	static const char *const texts[] = { "/services", "coupon-service", "localhost", "grpc" };
	struct descriptor d = coupon(texts, 50051);
	UNUSED(state);
	expect(value_key(&d), "/services/coupon-service/localhost:50051");
	expect(value_make(&d), "{\"host\":\"localhost\",\"port\":50051,\"protocol\":\"grpc\"}");
	descriptor_finish(&d);
}

static void puts_brackets_in_the_key_only(void **state)
{
	static const char *const texts[] = { "/a/b", "x", "::1", "grpc" };
	struct descriptor d = coupon(texts, 65535);
	UNUSED(state);
	expect(value_key(&d), "/a/b/x/[::1]:65535");
	expect(value_make(&d), "{\"host\":\"::1\",\"port\":65535,\"protocol\":\"grpc\"}");
	descriptor_finish(&d);
}

static void keeps_order_and_types(void **state)
{
	static const char *const texts[] = { "/services", "s", "h", "grpc" };
	static const struct {
		enum scalar_kind kind;
		const char *name, *text;
	} members[] = {
		{ SCALAR_TEXT, "version", "1.0.0" },
		{ SCALAR_NUMBER, "weight", "100" },
		{ SCALAR_NUMBER, "ratio", "1.10" },
		{ SCALAR_NUMBER, "big", "123456789012345678901234567890" },
		{ SCALAR_TRUE, "on", "true" },
		{ SCALAR_FALSE, "off", "false" },
		{ SCALAR_NULL, "none", "~" },
		{ SCALAR_TEXT, "a\"b", "7\n\"\\gr\xc3\xbc" },
	};
	struct descriptor d = coupon(texts, 1);
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		assert_int_equal(scalars_add(&d.service.metadata, members[i].kind, members[i].name,
						 members[i].text),
				0);
	}
	expect(value_make(&d),
			"{\"host\":\"h\",\"port\":1,\"protocol\":\"grpc\",\"version\":\"1.0.0\","
			"\"weight\":100,\"ratio\":1.10,\"big\":123456789012345678901234567890,"
			"\"on\":true,\"off\":false,\"none\":null,"
			"\"a\\\"b\":\"7\\n\\\"\\\\gr\xc3\xbc\"}");
	descriptor_finish(&d);
}

static void types_as_written(void **state)
{
	static const struct {
		const char *text;
		enum scalar_kind kind;
	} rows[] = {
		{ "true", SCALAR_TRUE },
		{ "false", SCALAR_FALSE },
		{ "True", SCALAR_TEXT },
		{ "yes", SCALAR_TEXT },
		{ "null", SCALAR_NULL },
		{ "~", SCALAR_NULL },
		{ "", SCALAR_NULL },
		{ "0", SCALAR_NUMBER },
		{ "-0", SCALAR_NUMBER },
		{ "100", SCALAR_NUMBER },
		{ "1.10", SCALAR_NUMBER },
		{ "-1.5e+3", SCALAR_NUMBER },
		{ "1E9", SCALAR_NUMBER },
		{ "1.0.0", SCALAR_TEXT },
		{ "01", SCALAR_TEXT },
		{ "+1", SCALAR_TEXT },
		{ ".5", SCALAR_TEXT },
		{ "5.", SCALAR_TEXT },
		{ "1e", SCALAR_TEXT },
		{ "1e+", SCALAR_TEXT },
		{ "-", SCALAR_TEXT },
		{ "0x10", SCALAR_TEXT },
		{ "1_000", SCALAR_TEXT },
		{ "1 ", SCALAR_TEXT },
		{ ".inf", SCALAR_TEXT },
		{ "NaN", SCALAR_TEXT },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(scalar_kind_of(rows[i].text), rows[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_key_and_value),
		cmocka_unit_test(puts_brackets_in_the_key_only),
		cmocka_unit_test(keeps_order_and_types),
		cmocka_unit_test(types_as_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
