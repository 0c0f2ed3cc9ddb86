/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/outputs/document.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static const char coupon[] =
		"{\"schema_version\":1,\"service\":\"coupon-service\","
		"\"prefix\":\"/services/coupon-service/\",\"revision\":7,\"stale\":false,"
		"\"age_seconds\":0,\"written_at\":\"2026-11-25T17:00:00.123Z\",\"instances\":["
		"{\"key\":\"/services/coupon-service/[::1]:50052\",\"host\":\"::1\","
		"\"port\":50052,\"protocol\":\"grpc\",\"address\":\"[::1]:50052\",\"weight\":1,"
		"\"metadata\":{}},"
		"{\"key\":\"/services/coupon-service/localhost:50051\",\"host\":\"localhost\","
		"\"port\":50051,\"protocol\":\"grpc\",\"address\":\"localhost:50051\","
		"\"weight\":100,\"metadata\":{\"version\":\"1.0.0\",\"weight\":100}}]}\n";

#define AT "2026-11-25T17:00:00.123Z"

static void writes_one_line(void **state)
{
	struct output_view view;
	UNUSED(state);
	make_coupon(&view);
	char *text = document_text(&view, AT);
	assert_string_equal(text, coupon);
	free(text);
	instances_finish(&view.instances);
}

/* Instances outlive the documents that they stand in. */
static void writes_the_same_instances_again_and_again(void **state)
{
	struct output_view view, fewer = { .service = "s", .prefix = "/s/" };
	UNUSED(state);
	make_coupon(&view);
	assert_int_equal(instances_put(&fewer.instances, view.instances.at[0]), 0);
	for (int i = 0; i < 3; i++) {
		char *text = document_text(&view, AT), *short_text = document_text(&fewer, AT);
		assert_string_equal(text, coupon);
		assert_non_null(strstr(short_text, view.instances.at[0]->key));
		free(text);
		free(short_text);
	}
	instances_finish(&view.instances);
	char *text = document_text(&fewer, AT);
	assert_non_null(strstr(text, "\"instances\":[{\"key\":"));
	free(text);
	instances_finish(&fewer.instances);
}

static void writes_large_revisions_and_whole_ages(void **state)
{
	struct output_view view = {
		.service = "s", .prefix = "/s/", .revision = INT64_MAX, .stale = true, .age = 12.9
	};
	UNUSED(state);
	char *text = document_text(&view, AT);
	assert_string_equal(text, "{\"schema_version\":1,\"service\":\"s\",\"prefix\":\"/s/\","
				  "\"revision\":9223372036854775807,\"stale\":true,"
				  "\"age_seconds\":12,\"written_at\":\"" AT "\","
				  "\"instances\":[]}\n");
	free(text);
}

static void writes_no_byte_that_is_not_utf8(void **state)
{
	struct output_view view = { .service = "s", .prefix = "/s/" };
	UNUSED(state);
	add_instance(&view, "/s/\xff\"\n\xc3\xa4\xe2\x82", "h", 1, "{\"a\":\"\x80\"}", 1);
	char *text = document_text(&view, AT);
	assert_non_null(strstr(text, "\"key\":\"/s/?\\\"\\n\xc3\xa4??\""));
	assert_non_null(strstr(text, "\"metadata\":{\"a\":\"?\"}"));
	free(text);
	instances_finish(&view.instances);
}

static void tells_the_time_as_it_reads_it(void **state)
{
	struct output_view view = { .service = "s", .prefix = "/s/" };
	struct document d;
	struct err err;
	char now[DOCUMENT_TIME_MAX];
	UNUSED(state);
	document_time(now);
	assert_int_equal(strlen(now), strlen(AT));
	char *text = document_text(&view, now);
	assert_int_equal(document_read(&d, text, strlen(text), &err), 0);
	double off = d.written_at - (double)time(NULL);
	assert_true(off > -60.0 && off < 60.0);
	document_finish(&d);
	free(text);
}

static void reads_what_it_wrote(void **state)
{
	struct output_view view;
	struct document d;
	struct err err;
	UNUSED(state);
	make_coupon(&view);
	view.stale = true;
	view.age = 30.0;
	char *text = document_text(&view, AT);
	assert_int_equal(document_read(&d, text, strlen(text), &err), 0);
	assert_string_equal(d.service, "coupon-service");
	assert_string_equal(d.prefix, "/services/coupon-service/");
	assert_int_equal(d.revision, 7);
	assert_true(d.stale);
	assert_true(d.age == 30.0);
	assert_true(d.written_at > 1795626000.1229 && d.written_at < 1795626000.1231);
	assert_int_equal(d.instances.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(instance_same(d.instances.at[i], view.instances.at[i]));
		assert_int_equal(d.instances.at[i]->weight, view.instances.at[i]->weight);
	}
	document_finish(&d);
	document_finish(&d);
	free(text);
	instances_finish(&view.instances);
}

static void keeps_metadata_as_it_was_written(void **state)
{
	static const char metadata[] = "{\"ratio\":1.10,\"id\":12345678901234567890,"
				       "\"text\":\"1.10\",\"all\":[true,null,{\"e\":1e3}]}";
	struct output_view view = { .service = "s", .prefix = "/s/" };
	struct document d;
	struct err err;
	UNUSED(state);
	add_instance(&view, "/s/a", "h", 1, metadata, 1);
	char *text = document_text(&view, AT);
	assert_int_equal(document_read(&d, text, strlen(text), &err), 0);
	assert_string_equal(d.instances.at[0]->metadata, metadata);
	document_finish(&d);
	free(text);
	instances_finish(&view.instances);
}

/* The document above with one part of it replaced. */
static int read_with(const char *part, const char *by, struct err *err)
{
	char *at = strstr(coupon, part), *text;
	struct document d, zero = { 0 };
	assert_non_null(at);
	int n = asprintf(&text, "%.*s%s%s", (int)(at - coupon), coupon, by, at + strlen(part));
	assert_true(n > 0);
	int result = document_read(&d, text, (size_t)n, err);
	free(text);
	if (result < 0) {
		assert_memory_equal(&d, &zero, sizeof d);
	}
	document_finish(&d);
	return result;
}

static void refuses_what_is_no_document(void **state)
{
	static const struct {
		const char *part, *by, *sentence;
	} cases[] = {
		{ "{\"schema", "[\"schema", "it is not one JSON object" },
		{ "]}\n", "]} x", "it is not one JSON object" },
		{ "]}\n", "]", "it is not one JSON object" },
		{ "\"schema_version\":1", "\"schema_version\":2", "its schema_version is not 1" },
		{ "\"schema_version\":1,", "", "its schema_version is not 1" },
		{ "\"revision\":7", "\"revision\":7.5", "a member" },
		{ "\"revision\":7", "\"revision\":-1", "a member" },
		{ "\"revision\":7", "\"revision\":1e300", "a member" },
		{ "\"service\":\"coupon-service\"", "\"service\":1", "a member" },
		{ "\"prefix\"", "\"x\"", "a member" },
		{ "\"stale\":false", "\"stale\":0", "a member" },
		{ "\"age_seconds\":0", "\"age_seconds\":null", "a member" },
		{ ".123Z", "", "a member" },
		{ "2026-", "", "a member" },
		{ "\"instances\":[", "\"instances\":7,\"x\":[", "a member" },
		{ "[{\"key\"", "[7,{\"key\"", "instances[0]" },
		{ "\"key\":\"/services/coupon-service/[::1]:50052\"", "\"key\":\"\"",
				"instances[0]" },
		{ "\"host\":\"::1\"", "\"host\":\"a b\"", "instances[0]" },
		{ "\"host\":\"::1\"", "\"host\":\"\"", "instances[0]" },
		{ "\"port\":50052", "\"port\":0", "instances[0]" },
		{ "\"port\":50052", "\"port\":65536", "instances[0]" },
		{ "\"port\":50052", "\"port\":\"1\"", "instances[0]" },
		{ "\"protocol\":\"grpc\"", "\"protocol\":7", "instances[0]" },
		{ "\"weight\":1,", "\"weight\":65536,", "instances[0]" },
		{ "\"weight\":1,", "\"weight\":1.5,", "instances[0]" },
		{ "\"metadata\":{}", "\"metadata\":[]", "instances[0]" },
		/* out of order, or twice */
		{ "/[::1]:50052", "/x", "instances[1]" },
		{ "/[::1]:50052", "/localhost:50051", "instances[1]" },
	};
	struct err err;
	UNUSED(state);
	assert_int_equal(read_with("\n", " \r\n\t", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (read_with(cases[i].part, cases[i].by, &err) == 0 ||
				strstr(err.text, cases[i].sentence) == NULL) {
			fail_msg("%s -> %s: %s", cases[i].part, cases[i].by, err.text);
		}
	}
}

/* Any beginning of a document, and each without one of its bytes, ends well. */
static void takes_any_part_of_a_document(void **state)
{
	struct document d;
	struct err err;
	UNUSED(state);
	for (size_t len = 0; len < sizeof coupon - 2; len++) {
		char *part = malloc(len + 1); /* of its own, so that reading on is found */
		memcpy(part, coupon, len);
		assert_int_equal(document_read(&d, part, len, &err), -1);
		free(part);
	}
}

static void refuses_what_is_too_large(void **state)
{
	struct document d;
	struct err err;
	UNUSED(state);
	char *text = malloc(DOCUMENT_MAX + 1);
	memset(text, ' ', DOCUMENT_MAX + 1);
	memcpy(text, coupon, sizeof coupon - 1);
	assert_int_equal(document_read(&d, text, DOCUMENT_MAX, &err), 0);
	document_finish(&d);
	assert_int_equal(document_read(&d, text, DOCUMENT_MAX + 1, &err), -1);
	assert_non_null(strstr(err.text, "longer"));
	free(text);
}

static char *many(size_t n)
{
	struct output_view view = { .service = "s", .prefix = "/s/" };
	char key[32];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(key, sizeof key, "/s/%06zu", i);
		add_instance(&view, key, "h", 1, "{}", 1);
	}
	char *text = document_text(&view, AT);
	instances_finish(&view.instances);
	return text;
}

static void refuses_too_many(void **state)
{
	struct document d;
	struct err err;
	UNUSED(state);
	char *text = many(DOCUMENT_INSTANCES_MAX + 1);
	assert_int_equal(document_read(&d, text, strlen(text), &err), -1);
	assert_non_null(strstr(err.text, "instances[100000]"));
	char *last = strstr(text, ",{\"key\":\"/s/100000\"");
	assert_non_null(last);
	memcpy(last, "]}", 3);
	assert_int_equal(document_read(&d, text, strlen(text), &err), 0);
	assert_int_equal(d.instances.n, DOCUMENT_INSTANCES_MAX);
	document_finish(&d);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line),
		cmocka_unit_test(writes_the_same_instances_again_and_again),
		cmocka_unit_test(writes_large_revisions_and_whole_ages),
		cmocka_unit_test(writes_no_byte_that_is_not_utf8),
		cmocka_unit_test(tells_the_time_as_it_reads_it),
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(keeps_metadata_as_it_was_written),
		cmocka_unit_test(refuses_what_is_no_document),
		cmocka_unit_test(takes_any_part_of_a_document),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(refuses_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
