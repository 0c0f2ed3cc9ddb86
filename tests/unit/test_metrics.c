/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/metrics.h"
#include "agent/admin/metrics_page.h"
#include "agent/util.h"

static struct counts counts;
static struct status status;
static uint64_t reasons[N_REASONS];
static char *text; /* the last that was made */

static const struct status_service coupon = {
	.name = "coupon-service",
	.host = "localhost",
	.port = 50051,
	.health = HEALTH_UP,
	.health_for = 12.5,
	.reasons = reasons,
	.at_goal = true,
	.listed = true,
	.ttl = 10.0,
	.seconds_left = 7.25,
};

static int set_up(void **state)
{
	UNUSED(state);
	memset(&counts, 0, sizeof counts);
	memset(reasons, 0, sizeof reasons);
	status = (struct status){ .version = "1.2.3", .uptime = 3.5, .counts = &counts };
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	free(text);
	text = NULL;
	return 0;
}

static void make(void)
{
	size_t len = 0;

	free(text);
	text = metrics_text(&status, &len);
	assert_non_null(text);
	assert_int_equal(len, strlen(text));
}

static void make_of_services(struct status_service *services, size_t n)
{
	status.services = services;
	status.n_services = n;
	make();
	status.services = NULL;
	status.n_services = 0;
}

/* How many lines begin so. */
static unsigned count_lines(const char *beginning)
{
	unsigned n = 0;

	for (const char *line = text; line != NULL && *line != '\0';) {
		n += strncmp(line, beginning, strlen(beginning)) == 0 ? 1 : 0;
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return n;
}

static void expect(const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof whole, "%s\n", line);
	if (count_lines(whole) != 1) {
		print_message("%s", text);
	}
	assert_int_equal(count_lines(whole), 1);
}

static void an_agent_that_has_nothing_says_so(void **state)
{
	UNUSED(state);
	make();
	expect("svc_agent_build_info{version=\"1.2.3\"} 1");
	expect("svc_agent_uptime_seconds 3.5");
	expect("svc_agent_ready 1");
	expect("svc_agent_reloads_total{result=\"failed\"} 0");
	expect("svc_agent_registrations_total 0");
	expect("svc_agent_deregistrations_total{reason=\"reloaded\"} 0");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"+Inf\"} 0");
	assert_int_equal(count_lines("svc_agent_health{"), 0);
	assert_int_equal(count_lines("svc_agent_etcd_requests_total{"), 0);
}

static void every_metric_is_named_typed_and_explained_once(void **state)
{
	size_t n;
	const struct metric *table = metrics_table(&n);
	UNUSED(state);
	make();
	for (size_t i = 0; i < n; i++) {
		char head[512];
		(void)snprintf(head, sizeof head, "# TYPE %s %s", table[i].name, table[i].type);
		expect(head);
		(void)snprintf(head, sizeof head, "# HELP %s %s", table[i].name, table[i].help);
		expect(head);
		assert_int_equal(strncmp(table[i].name, "svc_agent_", 10), 0);
		assert_null(strpbrk(table[i].help, "\n\\"));
	}
	assert_int_equal(count_lines("# TYPE"), n);
	assert_int_equal(count_lines("# HELP"), n);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_service_is_told_with_its_labels(void **state)
{
	struct status_service services[] = { coupon, coupon };
	UNUSED(state);
	services[1].host = "::1";
	services[1].health = HEALTH_DOWN;
	services[1].listed = services[1].at_goal = false;
	services[1].contested = services[1].drained = true;
	services[1].tries = 3;
	reasons[REASON_SERVING] = 5;
	reasons[REASON_REFUSED] = 1;
	make_of_services(services, 2);
#define COUPON "{service=\"coupon-service\",host=\"localhost\",port=\"50051\""
#define OTHER  "{service=\"coupon-service\",host=\"::1\",port=\"50051\""
	expect("svc_agent_health" COUPON "} 1");
	expect("svc_agent_health" OTHER "} 0");
	expect("svc_agent_health_seconds" COUPON "} 12.5");
	expect("svc_agent_registered" COUPON "} 1");
	expect("svc_agent_registered" OTHER "} 0");
	expect("svc_agent_at_goal" OTHER "} 0");
	expect("svc_agent_contested" COUPON "} 0");
	expect("svc_agent_contested" OTHER "} 1");
	expect("svc_agent_drained" OTHER "} 1");
	expect("svc_agent_lease_ttl_seconds" COUPON "} 10");
	expect("svc_agent_lease_seconds_left" COUPON "} 7.25");
	expect("svc_agent_etcd_tries" OTHER "} 3");
	expect("svc_agent_probes_total" COUPON ",reason=\"SERVING\"} 5");
	expect("svc_agent_probes_total" COUPON ",reason=\"REFUSED\"} 1");
	assert_int_equal(count_lines("svc_agent_probes_total" COUPON), 2);
	expect("svc_agent_ready 0");
}

static void unknown_health_is_not_health_and_no_probe_is_zero(void **state)
{
	struct status_service service = coupon;
	UNUSED(state);
	service.health = HEALTH_UNKNOWN;
	make_of_services(&service, 1);
	expect("svc_agent_health" COUPON "} 0");
	expect("svc_agent_probes_total" COUPON ",reason=\"SERVING\"} 0");
	service.reasons = NULL;
	make_of_services(&service, 1);
	expect("svc_agent_probes_total" COUPON ",reason=\"SERVING\"} 0");
}

/* What a reload has replaced stays for a while, behind what it was replaced by. */
static void no_series_is_there_twice(void **state)
{
	struct status_service services[] = { coupon, coupon, coupon, coupon };
	UNUSED(state);
	services[1].name = "another";
	services[2].retiring = services[3].retiring = true;
	services[2].listed = services[3].listed = false;
	services[3].port = 50052;
	make_of_services(services, 4);
	expect("svc_agent_registered" COUPON "} 1");
	expect("svc_agent_registered{service=\"another\",host=\"localhost\",port=\"50051\"} 1");
	expect("svc_agent_registered{service=\"coupon-service\",host=\"localhost\",port=\"50052\"} "
	       "0");
	assert_int_equal(count_lines("svc_agent_registered{"), 3);
	assert_int_equal(count_lines("svc_agent_probes_total{"), 3);
}

static void many_services_are_all_told(void **state)
{
	enum { N = 1000 };
	struct status_service *services = calloc(N, sizeof *services);
	UNUSED(state);
	assert_non_null(services);
	for (unsigned i = 0; i < N; i++) {
		services[i] = coupon;
		services[i].port = 1 + (i * 7919) % N;
	}
	make_of_services(services, N);
	assert_int_equal(count_lines("svc_agent_registered{"), N);
	free(services);
}

static void what_was_counted_is_told(void **state)
{
	UNUSED(state);
	counts.registrations = 3;
	counts.leases_lost = 2;
	counts.deregistrations[ABSENCE_DRAINED] = 4;
	status.reloads = 5;
	status.reloads_failed = 6;
	histogram_note(&counts.probes, 0.0004);
	histogram_note(&counts.probes, 0.003);
	histogram_note(&counts.probes, 11.0);
	make();
	expect("svc_agent_registrations_total 3");
	expect("svc_agent_leases_lost_total 2");
	expect("svc_agent_deregistrations_total{reason=\"drained\"} 4");
	expect("svc_agent_deregistrations_total{reason=\"unhealthy\"} 0");
	expect("svc_agent_reloads_total{result=\"ok\"} 5");
	expect("svc_agent_reloads_total{result=\"failed\"} 6");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"0.0005\"} 1");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"0.0025\"} 1");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"0.005\"} 2");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"10\"} 2");
	expect("svc_agent_probe_duration_seconds_bucket{le=\"+Inf\"} 3");
	expect("svc_agent_probe_duration_seconds_sum 11.0034");
	expect("svc_agent_probe_duration_seconds_count 3");
}

static void calls_to_etcd_are_told_by_method_and_code(void **state)
{
	UNUSED(state);
	counts.etcd.requests[ETCD_METHOD_KEEP_ALIVE][GRPC_OK] = 1234567;
	counts.etcd.requests[ETCD_METHOD_OTHER][ETCD_CODE_REFUSED] = 1;
	histogram_note(&counts.etcd.took, 0.5);
	make();
	expect("svc_agent_etcd_requests_total{method=\"LeaseKeepAlive\",code=\"OK\"} 1234567");
	expect("svc_agent_etcd_requests_total{method=\"other\",code=\"refused\"} 1");
	assert_int_equal(count_lines("svc_agent_etcd_requests_total{"), 2);
	expect("svc_agent_etcd_request_duration_seconds_count 1");
}

static void a_member_of_two_clusters_is_one_line(void **state)
{
	struct endpoint first[] = { { "a", 2379, false }, { "::1", 2379, false } };
	struct endpoint second[] = { { "::1", 2379, false }, { "c", 2379, false } };
	const struct endpoints endpoints[] = { { first, 2 }, { second, 2 } };
	struct status_cluster clusters[] = { { &endpoints[0], 0 }, { &endpoints[1], 0 } };
	UNUSED(state);
	status.clusters = clusters;
	status.n_clusters = 2;
	make();
	status.clusters = NULL;
	expect("svc_agent_etcd_endpoint{endpoint=\"a:2379\"} 1");
	expect("svc_agent_etcd_endpoint{endpoint=\"[::1]:2379\"} 1");
	expect("svc_agent_etcd_endpoint{endpoint=\"c:2379\"} 0");
	assert_int_equal(count_lines("svc_agent_etcd_endpoint{"), 3);
}

static void a_reader_is_told_with_its_outputs(void **state)
{
	struct status_output outputs[] = { { "json", "/run/a \"b\"\\c\nd\xff.json", false },
		{ "exec", "on-change", false }, { "exec", "on-change", true } };
	struct status_reader readers[] = {
		{ .name = "coupon-service",
				.file = "gw.yaml",
				.begun = true,
				.age = 2.5,
				.revision = 77,
				.instances = 4,
				.outputs = outputs,
				.n_outputs = 3 },
		{ .name = "coupon-service", .file = "other.yaml" },
		{ .name = "coupon-service",
				.file = "gw.yaml",
				.instances = 9,
				.outputs = outputs,
				.n_outputs = 1 },
	};
	UNUSED(state);
	status.readers = readers;
	status.n_readers = 3;
	make();
	status.readers = NULL;
#define READER "{service=\"coupon-service\",file=\"gw.yaml\""
	expect("svc_agent_instances" READER "} 4");
	expect("svc_agent_instances{service=\"coupon-service\",file=\"other.yaml\"} 0");
	assert_int_equal(count_lines("svc_agent_instances{"), 2);
	expect("svc_agent_reader_begun" READER "} 1");
	expect("svc_agent_reader_stale_seconds" READER "} 2.5");
	expect("svc_agent_reader_revision" READER "} 77");
	expect("svc_agent_output_failing" READER
	       ",type=\"json\",place=\"/run/a \\\"b\\\"\\\\c\\nd?.json\"} 0");
	expect("svc_agent_output_failing" READER ",type=\"exec\",place=\"on-change\"} 1");
	assert_int_equal(count_lines("svc_agent_output_failing{"), 2);
}

/* As printf() has them, with 15 digits. */
static void numbers_are_told_to_fifteen_digits(void **state)
{
	static const double numbers[] = { 0.0, 1.0, 9.0, 10.0, 1234567890.0, 999999999999999.0,
		1e15, 1e16, 1e300, -1.0, 0.3, 0.1 + 0.2, 7.25, 1e-9, 123456789012.5 };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		char wanted[64], told[64] = "";
		FILE *out = fmemopen(told, sizeof told, "w");

		assert_non_null(out);
		metrics_page_line(out, "x", NULL, numbers[i]);
		assert_int_equal(fclose(out), 0);
		(void)snprintf(wanted, sizeof wanted, "x %.15g\n", numbers[i]);
		assert_string_equal(told, wanted);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_agent_that_has_nothing_says_so),
		TEST(every_metric_is_named_typed_and_explained_once),
		TEST(a_service_is_told_with_its_labels),
		TEST(unknown_health_is_not_health_and_no_probe_is_zero),
		TEST(no_series_is_there_twice),
		TEST(many_services_are_all_told),
		TEST(what_was_counted_is_told),
		TEST(calls_to_etcd_are_told_by_method_and_code),
		TEST(a_member_of_two_clusters_is_one_line),
		TEST(a_reader_is_told_with_its_outputs),
		TEST(numbers_are_told_to_fifteen_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
