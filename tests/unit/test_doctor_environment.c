/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/doctor/doctor_environment.h"
#include "agent/util.h"

static struct doctor_findings f;

/* Looks at one descriptor, or at two, and then at what is set in vain. */
static void look_at(bool registers, const char *text, const char *other)
{
	struct doctor_variables all = { .registers = registers };

	doctor_findings_finish(&f);
	doctor_environment(&f, "a.yaml", text, &all);
	if (other != NULL) {
		doctor_environment(&f, "b.yaml", other, &all);
	}
	doctor_environment_unused(&f, &all);
}

static void look(const char *text)
{
	look_at(true, text, NULL);
}

static int setup(void **state)
{
	static const char *const names[] = { "SERVICE_NAME", "SERVICE_HOST", "GRPC_PORT",
		"ETCD_HOSTS" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)unsetenv(names[i]);
	}
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	doctor_findings_finish(&f);
	return 0;
}

static void names_are_told_and_values_are_not(void **state)
{
	UNUSED(state);
	(void)setenv("GRPC_PORT", "4711", 1);
	look("service: {port: ${GRPC_PORT:-1}, name: ${SERVICE_NAME}, host: ${GRPC_PORT}}\n"
	     "etcd: {endpoints: [a]}\n");
	assert_int_equal(f.n, 1);
	assert_string_equal(f.at[0].found,
			"set: GRPC_PORT; not set, so that the default counts: SERVICE_NAME");
}

static void what_is_set_in_vain_is_a_warning(void **state)
{
	UNUSED(state);
	(void)setenv("SERVICE_HOST", "x", 1);
	(void)setenv("ETCD_HOSTS", "x", 1);
	look("service: {name: a}\netcd:\n  endpoints: [b]\n");
	assert_int_equal(f.n, 3);
	assert_string_equal(f.at[0].found, "it uses no variables");
	assert_int_equal(f.at[1].code, ENVIRONMENT_UNUSED);
	assert_non_null(strstr(f.at[1].found, "SERVICE_HOST is set"));
	assert_non_null(strstr(f.at[2].found, "ETCD_HOSTS is set"));
}

static void one_of_several_descriptors_is_enough(void **state)
{
	UNUSED(state);
	(void)setenv("GRPC_PORT", "1", 1);
	look_at(true, "endpoints: a\n", "endpoints: b\nport: ${GRPC_PORT}\n");
	assert_int_equal(f.n, 2);
	assert_string_equal(f.at[1].found, "set: GRPC_PORT");
}

static void what_tells_of_a_service_is_nothing_to_a_reader(void **state)
{
	UNUSED(state);
	(void)setenv("GRPC_PORT", "1", 1);
	(void)setenv("ETCD_HOSTS", "x", 1);
	look_at(false, "endpoints: a\n", NULL);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.at[1].found, "ETCD_HOSTS is set, but no descriptor uses it");
}

static void a_variable_that_holds_nothing_is_said_to(void **state)
{
	UNUSED(state);
	(void)setenv("ETCD_HOSTS", "", 1);
	look("endpoints: ${ETCD_HOSTS:-a}\n");
	assert_string_equal(f.at[0].found, "set: ETCD_HOSTS (empty)");
}

static void etcd_hosts_is_the_default_of_the_endpoints(void **state)
{
	UNUSED(state);
	(void)setenv("ETCD_HOSTS", "x", 1);
	look("service: {name: a}\n");
	assert_int_equal(f.n, 1);
	assert_string_equal(f.at[0].found, "set: ETCD_HOSTS");
}

static void comments_and_literal_dollars_use_nothing(void **state)
{
	UNUSED(state);
	look("# ${A} endpoints:\nname: $${B} # ${C}\nlink: a#${D}\nendpoints: # ${E}");
	assert_int_equal(f.n, 1);
	assert_string_equal(f.at[0].found, "not set, so that the default counts: D");
}

static void names_without_an_end_are_passed_over(void **state)
{
	UNUSED(state);
	look("endpoints: ${");
	assert_string_equal(f.at[0].found, "it uses no variables");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_are_told_and_values_are_not, setup),
		cmocka_unit_test_setup(what_is_set_in_vain_is_a_warning, setup),
		cmocka_unit_test_setup(one_of_several_descriptors_is_enough, setup),
		cmocka_unit_test_setup(what_tells_of_a_service_is_nothing_to_a_reader, setup),
		cmocka_unit_test_setup(a_variable_that_holds_nothing_is_said_to, setup),
		cmocka_unit_test_setup(etcd_hosts_is_the_default_of_the_endpoints, setup),
		cmocka_unit_test_setup(comments_and_literal_dollars_use_nothing, setup),
		cmocka_unit_test_setup(names_without_an_end_are_passed_over, setup),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
