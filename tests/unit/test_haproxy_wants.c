/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/outputs/haproxy_wants.h"
#include "agent/util.h"
#include "tests/unit/output_view.h"

static struct left_out left;

static void expect(struct output_view *view, const char *expected)
{
	left = (struct left_out){ 0 };
	char *text = haproxy_wants_text(NULL, view, "", &left);
	assert_string_equal(text, expected);
	free(text);
	instances_finish(&view->instances);
}

static void names_servers_by_their_address(void **state)
{
	struct output_view view;
	struct haproxy_wants wants;
	UNUSED(state);
	make_coupon(&view);
	assert_int_equal(haproxy_wants_make(&wants, &view, &left), 0);
	assert_int_equal(wants.n, 2);
	assert_string_equal(wants.at[1].name, "::1:50052");
	assert_string_equal(wants.at[1].address, "::1");
	assert_int_equal(wants.at[1].port, 50052);
	haproxy_wants_finish(&wants);
	haproxy_wants_finish(&wants);
	expect(&view, "127.0.0.1:50051 weight 100\n::1:50052 weight 1\n");
}

static void scales_weights_in_proportion(void **state)
{
	struct output_view view = { 0 };
	UNUSED(state);
	add_instance(&view, "/a", "10.0.0.1", 1, "{}", 65535);
	add_instance(&view, "/b", "10.0.0.2", 1, "{}", 32768);
	add_instance(&view, "/c", "10.0.0.3", 1, "{}", 1);
	add_instance(&view, "/d", "10.0.0.4", 1, "{}", 0);
	expect(&view, "10.0.0.1:1 weight 256\n10.0.0.2:1 weight 128\n"
		      "10.0.0.3:1 weight 1\n10.0.0.4:1 weight 0\n");
	add_instance(&view, "/a", "10.0.0.1", 1, "{}", 256);
	add_instance(&view, "/b", "10.0.0.2", 1, "{}", 3);
	expect(&view, "10.0.0.1:1 weight 256\n10.0.0.2:1 weight 3\n");
}

static void writes_addresses_as_haproxy_does(void **state)
{
	struct output_view view = { 0 };
	UNUSED(state);
	add_instance(&view, "/a", "0:0::00:1", 1, "{}", 1);
	add_instance(&view, "/b", "2001:DB8::A", 1, "{}", 1);
	expect(&view, "2001:db8::a:1 weight 1\n::1:1 weight 1\n");
}

static void an_address_is_one_server(void **state)
{
	struct output_view view = { 0 };
	UNUSED(state);
	add_instance(&view, "/a", "::1", 1, "{}", 1);
	add_instance(&view, "/b", "0::1", 1, "{}", 9);
	add_instance(&view, "/c", "localhost", 1, "{}", 5);
	add_instance(&view, "/d", "127.0.0.1", 1, "{}", 3);
	expect(&view, "127.0.0.1:1 weight 5\n::1:1 weight 9\n");
}

static void leaves_names_out(void **state)
{
	struct output_view view = { 0 };
	UNUSED(state);
	add_instance(&view, "/a", "coupon.example", 1, "{}", 1);
	add_instance(&view, "/b", "1.2.3.4 weight 7", 1, "{}", 1);
	add_instance(&view, "/c", "1.2.3.4\nshow info", 1, "{}", 1);
	expect(&view, "");
	assert_int_equal(left.n, 3);
	assert_string_equal(left.first, "/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_servers_by_their_address),
		cmocka_unit_test(scales_weights_in_proportion),
		cmocka_unit_test(writes_addresses_as_haproxy_does),
		cmocka_unit_test(an_address_is_one_server),
		cmocka_unit_test(leaves_names_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
