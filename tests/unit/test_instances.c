/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/instances.h"
#include "agent/util.h"

static void put(struct instances *set, const char *key, uint16_t port)
{
	struct instance *instance = instance_make(key, "localhost", port, "grpc", "{}");

	assert_non_null(instance);
	assert_int_equal(instances_put(set, instance), 0);
	instance_unref(instance); /* the set has its own */
}

static void is_ordered_whatever_the_order_of_putting(void **state)
{
	struct instances set = { 0 };
	char key[8];

	UNUSED(state);
	for (unsigned i = 0; i < 100; i++) { /* 37 and 100 have no common divisor: each once */
		(void)snprintf(key, sizeof key, "/k%03u", i * 37 % 100);
		put(&set, key, (uint16_t)(i + 1));
	}
	assert_int_equal(set.n, 100);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof key, "/k%03u", i);
		assert_string_equal(set.at[i]->key, key);
		assert_ptr_equal(instances_find(&set, key), set.at[i]);
	}
	assert_null(instances_find(&set, "/k"));
	assert_null(instances_find(&set, "/k1000"));
	instances_finish(&set);
}

static void the_same_key_is_replaced(void **state)
{
	struct instances set = { 0 };

	UNUSED(state);
	put(&set, "/b", 1);
	put(&set, "/a", 2);
	put(&set, "/b", 3);
	assert_int_equal(set.n, 2);
	assert_int_equal(instances_find(&set, "/b")->port, 3);
	instances_finish(&set);
	assert_int_equal(set.n, 0);
}

static void removes_what_is_there(void **state)
{
	struct instances set = { 0 };

	UNUSED(state);
	put(&set, "/a", 1);
	put(&set, "/b", 2);
	put(&set, "/c", 3);
	assert_true(instances_remove(&set, "/b"));
	assert_false(instances_remove(&set, "/b"));
	assert_int_equal(set.n, 2);
	assert_string_equal(set.at[0]->key, "/a");
	assert_string_equal(set.at[1]->key, "/c");
	instances_finish(&set);
}

static void a_copy_lives_on_by_itself(void **state)
{
	struct instances set = { 0 }, copy = { 0 };

	UNUSED(state);
	put(&copy, "/old", 9);
	put(&set, "/a", 1);
	put(&set, "/b", 2);
	assert_int_equal(instances_copy(&copy, &set), 0);
	assert_ptr_equal(copy.at[1], set.at[1]); /* shared */
	instances_finish(&set);
	assert_int_equal(copy.n, 2);
	assert_string_equal(copy.at[0]->key, "/a");
	assert_int_equal(copy.at[1]->port, 2);
	assert_int_equal(instances_copy(&copy, &set), 0);
	assert_int_equal(copy.n, 0);
	instances_finish(&copy);
}

static void says_what_differs(void **state)
{
	struct instances a = { 0 }, b = { 0 };

	UNUSED(state);
	put(&a, "/gone", 1);
	put(&a, "/same", 2);
	put(&a, "/moved", 3);
	put(&b, "/moved", 4);
	put(&b, "/new1", 5);
	put(&b, "/new2", 6);
	put(&b, "/same", 2);
	struct instances_diff diff = instances_compare(&a, &b);
	assert_int_equal(diff.removed, 1);
	assert_int_equal(diff.added, 2);
	assert_int_equal(diff.changed, 1);
	diff = instances_compare(&a, &a);
	assert_int_equal(diff.removed + diff.added + diff.changed, 0);
	instances_finish(&a);
	diff = instances_compare(&a, &b);
	assert_int_equal(diff.added, 4);
	instances_finish(&b);
}

static void a_new_lease_is_no_difference(void **state)
{
	struct instance *a = instance_make("/a", "h", 1, "grpc", "{\"v\":1}");
	struct instance *b = instance_make("/a", "h", 1, "grpc", "{\"v\":1}");

	UNUSED(state);
	b->lease = 7;
	b->mod_revision = 8;
	assert_true(instance_same(a, b));
	b->weight = 2;
	assert_false(instance_same(a, b));
	instance_unref(a);
	instance_unref(b);
	instance_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_ordered_whatever_the_order_of_putting),
		cmocka_unit_test(the_same_key_is_replaced),
		cmocka_unit_test(removes_what_is_there),
		cmocka_unit_test(a_copy_lives_on_by_itself),
		cmocka_unit_test(says_what_differs),
		cmocka_unit_test(a_new_lease_is_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
