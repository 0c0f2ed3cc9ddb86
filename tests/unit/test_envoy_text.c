/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/envoy_text.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static char cluster[] = "coupon";
static const char near[] = "eu", none[] = "";

#define ENDPOINT(address, port, health, weight)                                                    \
	"{\"endpoint\":{\"address\":{\"socket_address\":{\"address\":\"" address                   \
	"\",\"port_value\":" port "}}},\"health_status\":\"" health                                \
	"\",\"load_balancing_weight\":" weight "}"

#define LOCALITY(region, priority, weight, endpoints)                                              \
	"{\"locality\":{" region "},\"priority\":" priority ",\"load_balancing_weight\":" weight   \
	",\"lb_endpoints\":[" endpoints "]}"

static struct left_out left;

static void expect(struct output_view *view, const char *region, const char *localities)
{
	char near_there[8];
	struct output_settings settings = {
		.type = OUTPUT_ENVOY, .cluster = cluster, .region = near_there
	};
	char expected[4000];

	(void)snprintf(near_there, sizeof near_there, "%s", region);
	left = (struct left_out){ 0 };
	char *text = envoy_text(&settings, view, "", &left);
	(void)snprintf(expected, sizeof expected,
			"{\"version_info\":\"%d\",\"resources\":[{\"@type\":\"type.googleapis.com/"
			"envoy.config.endpoint.v3.ClusterLoadAssignment\",\"cluster_name\":"
			"\"coupon\",\"endpoints\":[%s]}]}\n",
			(int)view->revision, localities);
	assert_string_equal(text, expected);
	free(text);
}

static void writes_one_locality_without_regions(void **state)
{
	struct output_view view;
	UNUSED(state);
	make_coupon(&view);
	const char *expected = LOCALITY("", "0", "101",
			ENDPOINT("::1", "50052", "HEALTHY", "1") "," ENDPOINT(
					"127.0.0.1", "50051", "HEALTHY", "100"));
	expect(&view, none, expected);
	expect(&view, near, expected); /* there is no gap: all that is far is nearest */
	instances_finish(&view.instances);
}

static void writes_an_empty_list(void **state)
{
	struct output_view view = { .revision = 3 };
	UNUSED(state);
	expect(&view, near, "");
}

static void a_weight_of_0_is_draining(void **state)
{
	struct output_view view = { .revision = 3 };
	UNUSED(state);
	add_instance(&view, "/a", "10.0.0.1", 1, "{\"weight\":0}", 0);
	expect(&view, none, LOCALITY("", "0", "1", ENDPOINT("10.0.0.1", "1", "DRAINING", "1")));
	instances_finish(&view.instances);
}

static void puts_other_regions_behind(void **state)
{
	struct output_view view = { .revision = 3 };
	UNUSED(state);
	add_instance(&view, "/a", "10.0.0.1", 1, "{\"region\":\"us\"}", 2);
	add_instance(&view, "/b", "10.0.0.2", 1, "{\"region\":\"eu\"}", 3);
	add_instance(&view, "/c", "10.0.0.3", 1, "{\"region\":\"asia\"}", 4);
	add_instance(&view, "/d", "10.0.0.4", 1, "{\"region\":\"us\"}", 5);
	add_instance(&view, "/e", "10.0.0.5", 1, "{\"region\":7}", 6);
	expect(&view, near,
			LOCALITY("\"region\":\"eu\"", "0", "3",
					ENDPOINT("10.0.0.2", "1", "HEALTHY", "3")) "," LOCALITY("",
					"1", "6",
					ENDPOINT("10.0.0.5", "1", "HEALTHY",
							"6")) "," LOCALITY("\"region\":\"asia\"",
					"1", "4",
					ENDPOINT("10.0.0.3", "1", "HEALTHY",
							"4")) "," LOCALITY("\"region\":\"us\"", "1",
					"7",
					ENDPOINT("10.0.0.1", "1", "HEALTHY", "2") "," ENDPOINT(
							"10.0.0.4", "1", "HEALTHY", "5")));
	expect(&view, none,
			LOCALITY("", "0", "6",
					ENDPOINT("10.0.0.5", "1", "HEALTHY",
							"6")) "," LOCALITY("\"region\":\"asia\"",
					"0", "4",
					ENDPOINT("10.0.0.3", "1", "HEALTHY",
							"4")) "," LOCALITY("\"region\":\"eu\"", "0",
					"3",
					ENDPOINT("10.0.0.2", "1", "HEALTHY",
							"3")) "," LOCALITY("\"region\":\"us\"", "0",
					"7",
					ENDPOINT("10.0.0.1", "1", "HEALTHY", "2") "," ENDPOINT(
							"10.0.0.4", "1", "HEALTHY", "5")));
	instances_finish(&view.instances);
}

static void leaves_names_out(void **state)
{
	struct output_view view = { .revision = 3 };
	UNUSED(state);
	add_instance(&view, "/a", "coupon.example", 1, "{}", 1);
	add_instance(&view, "/b", "10.0.0.1", 1, "{}", 1);
	expect(&view, none, LOCALITY("", "0", "1", ENDPOINT("10.0.0.1", "1", "HEALTHY", "1")));
	assert_int_equal(left.n, 1);
	assert_string_equal(left.first, "/a");
	assert_non_null(strstr(left.why, "EDS"));
	instances_finish(&view.instances);
}

static void regions_are_texts_like_any_other(void **state)
{
	struct output_view view = { .revision = 3 };
	UNUSED(state);
	add_instance(&view, "/a", "10.0.0.1", 1, "{\"region\":\"a\\\"},{\"}", 1);
	expect(&view, none,
			LOCALITY("\"region\":\"a\\\"},{\"", "0", "1",
					ENDPOINT("10.0.0.1", "1", "HEALTHY", "1")));
	instances_finish(&view.instances);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_locality_without_regions),
		cmocka_unit_test(writes_an_empty_list),
		cmocka_unit_test(a_weight_of_0_is_draining),
		cmocka_unit_test(puts_other_regions_behind),
		cmocka_unit_test(leaves_names_out),
		cmocka_unit_test(regions_are_texts_like_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
