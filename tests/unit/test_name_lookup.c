/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/name_lookup.h"
#include "agent/util.h"

static void several_are_looked_up_at_once(void **state)
{
	const struct endpoint endpoints[] = {
		{ .host = "127.0.0.1", .port = 2379 },
		{ .host = "::1", .port = 2379 },
		{ .host = "no-such-host.invalid", .port = 1 },
	};
	struct name_found found[ARRAY_LEN(endpoints)];
	char list[80];
	UNUSED(state);
	assert_int_equal(name_lookup(endpoints, ARRAY_LEN(endpoints), 30.0, found), 0);
	name_list(&found[0], list, sizeof list);
	assert_string_equal(list, "127.0.0.1");
	name_list(&found[1], list, sizeof list);
	assert_string_equal(list, "::1");
	assert_int_equal(found[2].n, 0);
	assert_true(strlen(found[2].why) > 0);
	assert_string_equal(found[0].why, "");
}

static void a_list_is_cut_to_fit(void **state)
{
	const struct endpoint endpoint = { .host = "127.0.0.1", .port = 2379 };
	struct name_found found;
	char list[6];
	UNUSED(state);
	assert_int_equal(name_lookup(&endpoint, 1, 30.0, &found), 0);
	name_list(&found, list, sizeof list);
	assert_string_equal(list, "127.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_are_looked_up_at_once),
		cmocka_unit_test(a_list_is_cut_to_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
