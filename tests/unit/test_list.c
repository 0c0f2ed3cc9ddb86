/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/list.h"
#include "agent/util.h"

struct item {
	int number;
	struct list link;
};

static int number_of(const struct list *link)
{
	return ((const struct item *)(const void *)((const char *)link -
						    offsetof(struct item, link)))
			->number;
}

/* The numbers of a list as one: 3, 2, 1 is 321. */
static int spell(const struct list *head)
{
	int all = 0;

	for (; head != NULL; head = head->next) {
		all = all * 10 + number_of(head);
	}
	return all;
}

static void keeps_order_wherever_one_leaves(void **state)
{
	static const int left_without[] = { 32, 31, 21 };
	UNUSED(state);

	for (size_t gone = 0; gone < ARRAY_LEN(left_without); gone++) {
		struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
		struct list *head = NULL;
		for (size_t i = 0; i < ARRAY_LEN(items); i++) {
			list_add(&head, &items[i].link);
		}
		assert_int_equal(spell(head), 321);
		list_remove(&items[gone].link);
		assert_int_equal(spell(head), left_without[gone]);
		assert_null(items[gone].link.at);
		list_add(&head, &items[gone].link);
		assert_int_equal(number_of(head), gone + 1);
	}
}

static void a_queue_keeps_order_wherever_one_leaves(void **state)
{
	static const int left_without[] = { 23, 13, 12 };
	UNUSED(state);

	for (size_t gone = 0; gone < ARRAY_LEN(left_without); gone++) {
		struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
		struct fifo queue;
		fifo_init(&queue);
		for (size_t i = 0; i < ARRAY_LEN(items); i++) {
			fifo_add(&queue, &items[i].link);
		}
		assert_int_equal(spell(queue.first), 123);
		fifo_remove(&queue, &items[gone].link);
		assert_int_equal(spell(queue.first), left_without[gone]);
		fifo_add(&queue, &items[gone].link);
		assert_int_equal(spell(queue.first), 10 * left_without[gone] + (int)gone + 1);
	}
}

static void a_queue_that_was_emptied_is_as_new(void **state)
{
	struct item items[2] = { { .number = 1 }, { .number = 2 } };
	struct list *elsewhere = NULL;
	struct fifo queue;
	UNUSED(state);

	fifo_init(&queue);
	fifo_add(&queue, &items[0].link);
	fifo_remove(&queue, &items[0].link);
	assert_null(queue.first);
	fifo_add(&queue, &items[1].link);
	list_add(&elsewhere, &items[0].link);
	fifo_remove(&queue, &items[0].link); /* it is in another list */
	assert_null(elsewhere);
	fifo_add(&queue, &items[0].link);
	assert_int_equal(spell(queue.first), 21);
}

static void moves_between_lists(void **state)
{
	struct item items[2] = { { .number = 1 }, { .number = 2 } };
	struct list *from = NULL, *to = NULL;
	UNUSED(state);

	list_add(&from, &items[0].link);
	list_add(&from, &items[1].link);
	list_move(&to, &items[0].link);
	assert_int_equal(spell(from), 2);
	assert_int_equal(spell(to), 1);
	list_move(&to, &items[1].link);
	assert_null(from);
	assert_int_equal(spell(to), 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_wherever_one_leaves),
		cmocka_unit_test(a_queue_keeps_order_wherever_one_leaves),
		cmocka_unit_test(a_queue_that_was_emptied_is_as_new),
		cmocka_unit_test(moves_between_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
