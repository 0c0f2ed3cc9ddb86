/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/pairing.h"
#include "agent/util.h"

#define MANY 2000

/* A descriptor in a file of that name. */
static struct descriptor *load(const char *file, const char *text)
{
	struct descriptor *d = calloc(1, sizeof *d);
	struct problems problems = { 0 };

	assert_non_null(d);
	if (descriptor_parse(d, file, text, strlen(text), &problems) < 0) {
		problems_print(&problems, stdout);
		fail();
	}
	problems_finish(&problems);
	return d;
}

static void drop(struct descriptor *d)
{
	descriptor_finish(d);
	free(d);
}

/* What a descriptor in `file` is to the only one that runs, which is in run.yaml. */
static void expect(const char *running, const char *file, const char *fresh, size_t old, bool same)
{
	struct descriptor *was = load("run.yaml", running), *is = load(file, fresh);
	const struct descriptor *one = was, *other = is;
	struct pair pair;

	assert_int_equal(pairing_find(&pair, &other, 1, &one, 1), 0);
	assert_int_equal(pair.old, old);
	assert_int_equal(pair.same, same);
	drop(was);
	drop(is);
}

#define COUPON "service: {name: coupon, port: 1}\n"
#define READER "discover: {services: [{name: coupon, outputs: [{type: exec, command: [a]}]}]}\n"

static void one_that_says_the_same_is_the_same(void **state)
{
	static const char *const others[] = {
		COUPON,
		"# a comment\nservice:\n  port: 1\n  name: coupon\n",
		COUPON "register: {ttl: 10s}\nprobe: {interval: 1000ms}\n",
		COUPON "log: {level: debug, format: json}\n",
		COUPON "admin: {listen: localhost:1}\n",
		COUPON "shutdown: {linger: 1s}\n",
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		expect(COUPON, "run.yaml", others[i], 0, true);
		expect(COUPON, "moved.yaml", others[i], 0, true);
	}
	expect(READER, "moved.yaml", READER, 0, true);
}

static void one_with_the_same_key_takes_its_place(void **state)
{
	static const char *const others[] = {
		COUPON "register: {ttl: 11s}\n",
		COUPON "probe: {interval: 2s}\n",
		COUPON "etcd: {endpoints: other:1}\n",
		COUPON "etcd: {username: a, password: b}\n",
		"service: {name: coupon, port: 1, metadata: {weight: 2}}\n",
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		expect(COUPON, "moved.yaml", others[i], 0, false);
	}
}

static void a_secret_that_differs_is_a_difference(void **state)
{
	UNUSED(state);
	expect(COUPON "etcd: {username: a, password: b}\n", "run.yaml",
			COUPON "etcd: {username: a, password: c}\n", 0, false);
}

static void another_key_from_the_same_file_takes_its_place(void **state)
{
	UNUSED(state);
	expect(COUPON, "run.yaml", "service: {name: coupon, port: 2}\n", 0, false);
	expect(COUPON, "moved.yaml", "service: {name: coupon, port: 2}\n", PAIRING_NONE, false);
	expect(READER, "run.yaml",
			"discover: {settle: 1s, services: [{name: point, outputs: "
			"[{type: exec, command: [a]}]}]}\n",
			0, false);
}

static void who_reads_takes_no_place_of_who_registers(void **state)
{
	UNUSED(state);
	expect(COUPON, "run.yaml", READER, PAIRING_NONE, false);
	expect(READER, "run.yaml", COUPON, PAIRING_NONE, false);
}

/* The key counts for more than the file: two files may have been swapped. */
static void nobody_is_paired_twice(void **state)
{
	struct descriptor *was[] = { load("a.yaml", COUPON),
		load("b.yaml", "service: {name: point, port: 1}\n") };
	struct descriptor *is[] = { load("a.yaml", "service: {name: point, port: 1, host: b}\n"),
		load("b.yaml", COUPON "register: {ttl: 11s}\n"),
		load("c.yaml", "service: {name: sale, port: 1}\n") };
	const struct descriptor *running[] = { was[0], was[1] }, *fresh[] = { is[0], is[1], is[2] };
	struct pair pairs[3];

	UNUSED(state);
	assert_int_equal(pairing_find(pairs, fresh, 3, running, 2), 0);
	assert_int_equal(pairs[1].old, 0);            /* by its key */
	assert_int_equal(pairs[0].old, PAIRING_NONE); /* its file's was taken */
	assert_int_equal(pairs[2].old, PAIRING_NONE);
	for (size_t i = 0; i < 2; i++) {
		drop(was[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		drop(is[i]);
	}
}

static void finds_each_of_many(void **state)
{
	static struct descriptor *all[MANY];
	static const struct descriptor *running[MANY], *fresh[MANY];
	static struct pair pairs[MANY];

	UNUSED(state);
	for (size_t i = 0; i < MANY; i++) {
		char file[40], text[80];
		(void)snprintf(file, sizeof file, "%zu.yaml", i);
		(void)snprintf(text, sizeof text, "service: {name: s%zu, port: 1}\n", i);
		all[i] = load(file, text);
		running[i] = all[i];
		fresh[MANY - 1 - i] = all[i];
	}
	assert_int_equal(pairing_find(pairs, fresh, MANY, running, MANY), 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(pairs[i].old, MANY - 1 - i);
		assert_true(pairs[i].same);
	}
	assert_int_equal(pairing_find(pairs, fresh, 0, running, MANY), 0);
	assert_int_equal(pairing_find(pairs, fresh, 1, running, 0), 0);
	assert_int_equal(pairs[0].old, PAIRING_NONE);
	for (size_t i = 0; i < MANY; i++) {
		drop(all[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_says_the_same_is_the_same),
		cmocka_unit_test(one_with_the_same_key_takes_its_place),
		cmocka_unit_test(a_secret_that_differs_is_a_difference),
		cmocka_unit_test(another_key_from_the_same_file_takes_its_place),
		cmocka_unit_test(who_reads_takes_no_place_of_who_registers),
		cmocka_unit_test(nobody_is_paired_twice),
		cmocka_unit_test(finds_each_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
