/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/format.h"
#include "agent/util.h"

static void names_are_as_in_a_descriptor(void **state)
{
	static const char *const names[N_FORMATS] = { "services", "grpc-naming", "skydns",
		"go-zero", "kratos", "kitex" };

	UNUSED(state);
	for (enum format f = 0; f < N_FORMATS; f++) {
		assert_string_equal(format_name(f), names[f]);
	}
}

static void expect_prefix(
		enum format f, const char *prefix, const char *service, const char *expected)
{
	char *made = format_prefix(f, prefix, service);

	assert_non_null(made);
	assert_string_equal(made, expected);
	free(made);
}

static void prefixes(void **state)
{
	UNUSED(state);
	expect_prefix(FORMAT_SERVICES, "/services", "coupon", "/services/coupon/");
	expect_prefix(FORMAT_SERVICES, "/a/b", "coupon", "/a/b/coupon/");
	expect_prefix(FORMAT_SERVICES, NULL, NULL, "/services/");
	expect_prefix(FORMAT_GRPC_NAMING, "/services", "coupon", "coupon/");
	expect_prefix(FORMAT_GRPC_NAMING, "/a", "coupon", "/a/coupon/");
	expect_prefix(FORMAT_GRPC_NAMING, "", NULL, "");
	expect_prefix(FORMAT_SKYDNS, "/services", "coupon", "/skydns/local/skydns/coupon/");
	expect_prefix(FORMAT_SKYDNS, "/skydns/org/example", "B.Coupon",
			"/skydns/org/example/coupon/b/");
	expect_prefix(FORMAT_SKYDNS, NULL, ".a..b.", "/skydns/local/skydns/b/a/");
	expect_prefix(FORMAT_SKYDNS, NULL, NULL, "/skydns/local/skydns/");
	expect_prefix(FORMAT_GO_ZERO, "/services", "user.rpc", "user.rpc/");
	expect_prefix(FORMAT_KRATOS, "/services", "coupon", "/microservices/coupon/");
	expect_prefix(FORMAT_KRATOS, "/n", NULL, "/n/");
	expect_prefix(FORMAT_KITEX, "/services", "coupon", "kitex/registry-etcd/coupon/");
}

static void expect_service(enum format f, const char *prefix, const char *key, const char *expected)
{
	char name[32];

	if (expected == NULL) {
		assert_false(format_service_of(f, prefix, key, name, sizeof name));
	} else {
		assert_true(format_service_of(f, prefix, key, name, sizeof name));
		assert_string_equal(name, expected);
	}
}

static void services_of_keys(void **state)
{
	UNUSED(state);
	expect_service(FORMAT_SERVICES, "/services", "/services/coupon/localhost:50051", "coupon");
	expect_service(FORMAT_SERVICES, "/a/b", "/a/b/coupon/[::1]:1", "coupon");
	expect_service(FORMAT_SERVICES, "/a/b", "/a/bc/coupon/h:1", NULL);
	expect_service(FORMAT_SERVICES, "/a/b", "/services/coupon/h:1", NULL);
	expect_service(FORMAT_SERVICES, NULL, "/services/coupon", NULL);
	expect_service(FORMAT_SERVICES, NULL, "/services/coupon/", NULL);
	expect_service(FORMAT_SERVICES, NULL, "/services//h:1", NULL);
	expect_service(FORMAT_SERVICES, NULL, "/services", NULL);
	expect_service(FORMAT_GRPC_NAMING, "/services", "coupon/h:1", "coupon");
	expect_service(FORMAT_GRPC_NAMING, NULL, "shop/coupon/h:1", "shop/coupon");
	expect_service(FORMAT_GRPC_NAMING, NULL, "coupon", NULL);
	expect_service(FORMAT_SKYDNS, NULL, "/skydns/local/skydns/coupon/b/17", "b.coupon");
	expect_service(FORMAT_SKYDNS, NULL, "/skydns/local/skydns/17", NULL);
	expect_service(FORMAT_SKYDNS, NULL, "/skydns/local/skydns////17", NULL);
	expect_service(FORMAT_GO_ZERO, NULL, "user.rpc/7587", "user.rpc");
	expect_service(FORMAT_KRATOS, "/services", "/microservices/coupon/7f3e", "coupon");
	expect_service(FORMAT_KITEX, NULL, "kitex/registry-etcd/coupon/h:1", "coupon");
}

static void a_name_has_to_fit(void **state)
{
	static const char key[] = "/services/coupon/h:1";
	char name[7];

	UNUSED(state);
	assert_true(format_service_of(FORMAT_SERVICES, NULL, key, name, 7));
	assert_string_equal(name, "coupon");
	assert_false(format_service_of(FORMAT_SERVICES, NULL, key, name, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_in_a_descriptor),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(services_of_keys),
		cmocka_unit_test(a_name_has_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
