/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/outputs/view.h"
#include "agent/util.h"

static void names_the_first_that_is_left_out(void **state)
{
	struct instance *a = instance_make("/s/a", "a", 1, "", "{}");
	char key[400];
	UNUSED(state);
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	struct instance *b = instance_make(key, "localhost", 1, "", "{}");

	struct left_out left = { 0 };
	left_out_note(&left, a, "its host is a name");
	left_out_note(&left, b, "another reason");
	assert_int_equal(left.n, 2);
	assert_string_equal(left.first, "/s/a");
	assert_string_equal(left.why, "its host is a name");

	left = (struct left_out){ 0 };
	left_out_note(&left, b, "it is long");
	assert_int_equal(strlen(left.first), sizeof left.first - 1);

	assert_string_equal(view_host(a), "a");
	assert_string_equal(view_host(b), "127.0.0.1");
	instance_unref(a);
	instance_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_first_that_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
