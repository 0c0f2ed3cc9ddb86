/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/nginx_text.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static char upstream[] = "coupon";
static const struct output_settings settings = { .type = OUTPUT_NGINX, .upstream = upstream };

static void expect(struct output_view *view, const char *servers)
{
	struct left_out left = { 0 };
	char *text = nginx_text(&settings, view, "", &left);
	char expected[2000];

	(void)snprintf(expected, sizeof expected,
			"# Written by svc-agent: the instances of coupon-service in etcd.\n"
			"upstream coupon {\n%s}\n",
			servers);
	assert_string_equal(text, expected);
	assert_int_equal(left.n, 0);
	free(text);
	instances_finish(&view->instances);
}

static void writes_servers_in_the_order_of_their_keys(void **state)
{
	struct output_view view;
	UNUSED(state);
	make_coupon(&view);
	expect(&view, "\tserver [::1]:50052 weight=1;\n"
		      "\tserver 127.0.0.1:50051 weight=100;\n");
}

static void takes_names_and_weights(void **state)
{
	struct output_view view = { .service = "coupon-service" };
	UNUSED(state);
	add_instance(&view, "/a", "coupon-1.example_x", 1, "{}", 0);
	add_instance(&view, "/b", "10.0.0.1", 65535, "{}", 65535);
	expect(&view, "\tserver coupon-1.example_x:1 down;\n"
		      "\tserver 10.0.0.1:65535 weight=65535;\n");
}

static void an_empty_one_has_a_server_that_is_down(void **state)
{
	struct output_view view = { .service = "coupon-service" };
	UNUSED(state);
	expect(&view, "\tserver 127.0.0.1:1 down; # there is none\n");
}

/* Instances are checked before they come here; this is the last line before nginx's syntax. */
static void lets_no_host_be_more_than_a_host(void **state)
{
	static const char *const hosts[] = { "a;b", "a b", "a\nb", "a{", "$a", "#a", "\"a", "a\\b",
		"unix", "UnIx", "", "a/b", "[::1]", "::1%eth0", "a:1;server b", "10.0.0.300",
		".a" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct output_view view = { .service = "coupon-service" };
		struct left_out left = { 0 };
		add_instance(&view, "/s/the key", hosts[i], 1, "{\"x\":\"; }\"}", 1);
		add_instance(&view, "/s/z", "::1", 2, "{}", 1);
		char *text = nginx_text(&settings, &view, "", &left);
		assert_string_equal(text,
				"# Written by svc-agent: the instances of coupon-service in etcd.\n"
				"upstream coupon {\n\tserver [::1]:2 weight=1;\n}\n");
		assert_int_equal(left.n, 1);
		assert_string_equal(left.first, "/s/the key");
		assert_non_null(left.why);
		free(text);
		instances_finish(&view.instances);
	}
}

static void all_left_out_is_as_good_as_empty(void **state)
{
	struct output_view view = { .service = "coupon-service" };
	struct left_out left = { 0 };
	char key[400];
	UNUSED(state);
	memset(key, 'k', sizeof key);
	key[sizeof key - 1] = '\0';
	add_instance(&view, key, "unix", 1, "{}", 1);
	add_instance(&view, "/z", "unix", 1, "{}", 1);
	char *text = nginx_text(&settings, &view, "", &left);
	assert_non_null(strstr(text, "server 127.0.0.1:1 down;"));
	assert_int_equal(left.n, 2);
	assert_int_equal(strlen(left.first), 2);
	free(text);
	instances_finish(&view.instances);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_servers_in_the_order_of_their_keys),
		cmocka_unit_test(takes_names_and_weights),
		cmocka_unit_test(an_empty_one_has_a_server_that_is_down),
		cmocka_unit_test(lets_no_host_be_more_than_a_host),
		cmocka_unit_test(all_left_out_is_as_good_as_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
