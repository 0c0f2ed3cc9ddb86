/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "agent/listing_text.h"
#include "agent/util.h"

static struct instance *make(const char *host, uint16_t port, const char *metadata, int64_t lease)
{
	struct instance *instance = instance_make("/services/a/h", host, port, "grpc", metadata);

	assert_non_null(instance);
	instance->lease = lease;
	instance->create_revision = 7;
	instance->mod_revision = 9;
	return instance;
}

static void expect_list(enum listing_style style, const struct listing_row *rows, size_t n,
		const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(listing_print(style, rows, n, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void expect_event(enum listing_style style, enum listing_event event,
		const struct instance *instance, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(listing_print_event(style, "now", event, "a", instance, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void a_table_has_columns_and_no_space_at_the_end(void **state)
{
	struct instance *one =
			make("localhost", 50051, "{\"version\":\"1.0\",\"weight\":1.10}", 255);
	struct instance *two = make("::1", 1, "{}", 0);
	const struct listing_row rows[] = { { "coupon-service", one, 9 },
		{ "a", two, LISTING_NO_LEASE }, { "a", one, LISTING_LEASE_GONE },
		{ "a", one, LISTING_UNKNOWN } };

	UNUSED(state);
	expect_list(LISTING_TABLE, rows, ARRAY_LEN(rows),
			"SERVICE         INSTANCE         PROTOCOL  LEASE  LEFT  SINCE       METADATA\n"
			"coupon-service  localhost:50051  grpc      ff     9s    revision 7  "
			"version=1.0 weight=1.1\n"
			"a               [::1]:1          grpc      -      -     revision 7\n"
			"a               localhost:50051  grpc      ff     gone  revision 7  "
			"version=1.0 weight=1.1\n"
			"a               localhost:50051  grpc      ff     ?     revision 7  "
			"version=1.0 weight=1.1\n");
	instance_unref(one);
	instance_unref(two);
}

static void nothing_steers_the_terminal(void **state)
{
	struct instance *instance = make("h", 1, "{\"a\":\"x\\u001b[2J\\n\",\"b\":[1,\"\\r\"]}", 0);

	UNUSED(state);
	expect_event(LISTING_TABLE, LISTING_ADDED, instance,
			"now added   a h:1 a=x?[2J? b=[1,\"\\r\"]\n");
	instance_unref(instance);
}

static void json_is_a_line_for_each(void **state)
{
	struct instance *one = make("h", 1, "{\"weight\":1.10}", 255);
	struct instance *two = make("::1", 2, "{}", 0);
	const struct listing_row rows[] = { { "a", one, 9 }, { "b", two, LISTING_NO_LEASE } };

	UNUSED(state);
	expect_list(LISTING_JSON, rows, ARRAY_LEN(rows),
			"{\"service\":\"a\",\"instance\":{\"key\":\"/services/a/h\",\"host\":\"h\","
			"\"port\":1,\"protocol\":\"grpc\",\"address\":\"h:1\",\"weight\":1,"
			"\"metadata\":{\"weight\":1.10}},\"lease\":\"ff\",\"seconds_left\":9,"
			"\"create_revision\":7,\"mod_revision\":9}\n"
			"{\"service\":\"b\",\"instance\":{\"key\":\"/services/a/h\",\"host\":\"::1\","
			"\"port\":2,\"protocol\":\"grpc\",\"address\":\"[::1]:2\",\"weight\":1,"
			"\"metadata\":{}},\"lease\":null,\"seconds_left\":null,"
			"\"create_revision\":7,\"mod_revision\":9}\n");
	instance_unref(one);
	instance_unref(two);
}

static void events_are_lines(void **state)
{
	struct instance *instance = make("h", 1, "{\"v\":true}", 0);

	UNUSED(state);
	expect_event(LISTING_TABLE, LISTING_NOW, instance, "now now     a h:1 v=true\n");
	expect_event(LISTING_TABLE, LISTING_CHANGED, instance, "now changed a h:1 v=true\n");
	expect_event(LISTING_TABLE, LISTING_REMOVED, instance, "now removed a h:1 v=true\n");
	expect_event(LISTING_TABLE, LISTING_NONE, NULL, "now none    a\n");
	expect_event(LISTING_JSON, LISTING_NONE, NULL,
			"{\"time\":\"now\",\"event\":\"none\",\"service\":\"a\",\"instance\":null}\n");
	expect_event(LISTING_JSON, LISTING_ADDED, instance,
			"{\"time\":\"now\",\"event\":\"added\",\"service\":\"a\",\"instance\":{"
			"\"key\":\"/services/a/h\",\"host\":\"h\",\"port\":1,\"protocol\":\"grpc\","
			"\"address\":\"h:1\",\"weight\":1,\"metadata\":{\"v\":true}}}\n");
	instance_unref(instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_has_columns_and_no_space_at_the_end),
		cmocka_unit_test(nothing_steers_the_terminal),
		cmocka_unit_test(json_is_a_line_for_each),
		cmocka_unit_test(events_are_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
