/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/util.h"

static void puts_texts_together(void **state)
{
	struct problems p = { 0 };
	UNUSED(state);
	problems_add(&p, false, "a.yaml", 7, 13, "probe.interval", "%s is short", "1ms");
	problems_add(&p, true, "a.yaml", 8, 1, "register.ttl", "is long");
	problems_add(&p, false, "a.yaml", 0, 0, "etcd.endpoints", "no place");
	problems_add(&p, false, "a.yaml", 0, 0, NULL, "no key");
	problems_add(&p, true, "a.yaml", 1, 2, NULL, "odd");
	assert_int_equal(p.n, 5);
	assert_int_equal(p.n_errors, 3);
	assert_string_equal(p.at[0].text, "a.yaml:7:13: probe.interval: 1ms is short");
	assert_int_equal(p.at[0].line, 7);
	assert_int_equal(p.at[0].column, 13);
	assert_false(p.at[0].warning);
	assert_string_equal(p.at[1].text, "a.yaml:8:1: register.ttl: warning: is long");
	assert_true(p.at[1].warning);
	assert_string_equal(p.at[2].text, "a.yaml: etcd.endpoints: no place");
	assert_string_equal(p.at[3].text, "a.yaml: no key");
	assert_string_equal(p.at[4].text, "a.yaml:1:2: warning: odd");
	problems_finish(&p);
	assert_int_equal(p.n, 0);
	assert_int_equal(p.n_errors, 0);
	problems_finish(&p);
}

static void makes_input_harmless(void **state)
{
	struct problems p = { 0 };
	UNUSED(state);
	problems_add(&p, false, "f", 1, 1, "k", "'%s'", "a\nb\x1b[2J\x7f");
	problems_add(&p, false, "f", 1, 1, "k", "'%s'", "\xc2\x9b \xff \xe2\x82");
	problems_add(&p, false, "f", 1, 1, "k", "'%s'", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
	assert_string_equal(p.at[0].text, "f:1:1: k: 'a\\x0ab\\x1b[2J\\x7f'");
	assert_string_equal(p.at[1].text, "f:1:1: k: '\\xc2\\x9b \\xff \\xe2\\x82'");
	assert_string_equal(p.at[2].text, "f:1:1: k: 'gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80'");
	problems_finish(&p);
}

static void sorts_from_an_index_on(void **state)
{
	static const unsigned places[][2] = { { 9, 9 }, { 5, 2 }, { 5, 1 }, { 0, 0 }, { 5, 1 },
		{ 1, 7 } };
	static const char *const sorted[] = { "f:9:9: 0", "f: 3", "f:1:7: 5", "f:5:1: 2",
		"f:5:1: 4", "f:5:2: 1" };
	struct problems p = { 0 };
	UNUSED(state);
	for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
		problems_add(&p, false, "f", places[i][0], places[i][1], NULL, "%u", i);
	}
	problems_sort(&p, 1);
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
		assert_string_equal(p.at[i].text, sorted[i]);
	}
	problems_finish(&p);
	problems_sort(&p, 0);
	assert_int_equal(p.n, 0);
}

static void prints_one_a_line(void **state)
{
	struct problems p = { 0 };
	char *text = NULL;
	size_t len = 0;
	UNUSED(state);
	problems_add(&p, false, "f", 1, 1, NULL, "one");
	problems_add(&p, true, "f", 2, 1, NULL, "two");
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	problems_print(&p, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "f:1:1: one\nf:2:1: warning: two\n");
	free(text);
	problems_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_texts_together),
		cmocka_unit_test(makes_input_harmless),
		cmocka_unit_test(sorts_from_an_index_on),
		cmocka_unit_test(prints_one_a_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
