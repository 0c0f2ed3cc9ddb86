/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/doctor/doctor_findings.h"
#include "agent/util.h"

static char *text;
static size_t len;

static FILE *open_text(void)
{
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	return out;
}

static void expect_text(FILE *out, const char *expected)
{
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- the table ------------------------------------------------------------------------- */

static void every_code_says_what_to_do(void **state)
{
	UNUSED(state);
	for (int i = 0; i < N_DOCTOR_CODES; i++) {
		enum doctor_code code = (enum doctor_code)i;
		bool bad = doctor_code_level(code) >= DOCTOR_LEVEL_WARNING;
		assert_int_equal(bad, doctor_code_token(code) != NULL);
		assert_int_equal(bad, doctor_code_advice(code) != NULL);
		assert_true(!bad || strlen(doctor_code_advice(code)) > 15);
	}
	assert_string_equal(doctor_code_token(ETCD_REFUSED), "ETCD_REFUSED");
	assert_int_equal(doctor_code_level(KEY_NO_LEASE), DOCTOR_LEVEL_WARNING);
}

/* ---- as text --------------------------------------------------------------------------- */

static void each_is_a_line_as_soon_as_it_is_found(void **state)
{
	struct doctor_findings f = { .out = open_text() };
	UNUSED(state);
	doctor_find(&f, "endpoint", "a:1", DOCTOR_OK, "etcd %s", "3.4.23");
	assert_int_equal(fflush(f.out), 0);
	assert_string_equal(text, "ok       endpoint     a:1: etcd 3.4.23\n");
	doctor_find(&f, "user", "", DOCTOR_SKIPPED, "nobody to ask");
	doctor_find(&f, "user", "u", AUTH_FAILED, "no");
	doctor_findings_sum(&f, f.out);
	char expected[600];
	(void)snprintf(expected, sizeof expected,
			"ok       endpoint     a:1: etcd 3.4.23\n"
			"skipped  user         nobody to ask\n"
			"problem  user         u: no [AUTH_FAILED]\n"
			"                      -> %s\n"
			"1 problem, 0 warnings, 1 ok, 1 skipped\n",
			doctor_code_advice(AUTH_FAILED));
	expect_text(f.out, expected);
	doctor_findings_finish(&f);
}

static void a_terminal_gets_colours(void **state)
{
	struct doctor_findings f = { .out = open_text(), .colour = true };
	UNUSED(state);
	doctor_find(&f, "key", "k", DOCTOR_OK, "it is there");
	expect_text(f.out, "\033[32mok     \033[0m  key          k: it is there\n");
	f.out = open_text();
	doctor_find(&f, "key", "k", DOCTOR_SKIPPED, "nobody asked");
	expect_text(f.out, "\033[2mskipped\033[0m  key          k: nobody asked\n");
	const struct {
		enum doctor_code code;
		const char *colour;
	} cases[] = { { AUTH_FAILED, "\033[31mproblem\033[0m" },
		{ ETCD_LEARNER, "\033[33mwarning\033[0m" } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char expected[600];
		f.out = open_text();
		doctor_find(&f, "key", "k", cases[i].code, "no");
		(void)snprintf(expected, sizeof expected,
				"%s  key          k: no [%s]\n%22s-> %s\n", cases[i].colour,
				doctor_code_token(cases[i].code), "",
				doctor_code_advice(cases[i].code));
		expect_text(f.out, expected);
	}
	doctor_findings_finish(&f);
}

static void nothing_from_outside_steers_the_terminal(void **state)
{
	struct doctor_findings f = { .out = open_text() };
	UNUSED(state);
	doctor_find(&f, "key", "a\nok", DOCTOR_OK, "%s", "b\033[2J\xff");
	expect_text(f.out, "ok       key          a?ok: b?[2J?\n");
	doctor_findings_finish(&f);
}

static void what_is_long_is_cut(void **state)
{
	struct doctor_findings f = { .n = 0 };
	char longest[3000];
	UNUSED(state);
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	doctor_find(&f, "key", "k", DOCTOR_OK, "%s", longest);
	assert_int_equal(strlen(f.at[0].found), 900);
	doctor_findings_finish(&f);
}

/* ---- as JSON --------------------------------------------------------------------------- */

static void no_problem_is_ok(void **state)
{
	struct doctor_findings f = { .n = 0 };
	FILE *out = open_text();
	UNUSED(state);
	doctor_find(&f, "key", "k", DOCTOR_OK, "there");
	assert_int_equal(doctor_findings_json(&f, out), 0);
	expect_text(out,
			"{\"ok\":true,\"code\":null,\"checks\":[{\"check\":\"key\",\"subject\":"
			"\"k\",\"level\":\"ok\",\"code\":null,\"found\":\"there\",\"advice\":null}]}"
			"\n");
	doctor_findings_finish(&f);
}

static void the_first_problem_gives_the_code(void **state)
{
	struct doctor_findings f = { .n = 0 };
	FILE *out = open_text();
	UNUSED(state);
	doctor_find(&f, "key", "k", KEY_NO_LEASE, "a warning is none");
	doctor_find(&f, "port", "p", PORT_REFUSED, "no");
	doctor_find(&f, "port", "p", PORT_SILENT, "no");
	assert_int_equal(doctor_findings_json(&f, out), 0);
	assert_int_equal(fclose(out), 0);
	const char begin[] = "{\"ok\":false,\"code\":\"PORT_REFUSED\",\"checks\":[{";
	assert_memory_equal(text, begin, sizeof begin - 1);
	assert_non_null(strstr(text, "\"level\":\"warning\",\"code\":\"KEY_NO_LEASE\""));
	free(text);
	assert_int_equal(doctor_findings_count(&f, 0, DOCTOR_LEVEL_PROBLEM), 2);
	assert_int_equal(doctor_findings_count(&f, 2, DOCTOR_LEVEL_PROBLEM), 1);
	doctor_findings_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_says_what_to_do),
		cmocka_unit_test(each_is_a_line_as_soon_as_it_is_found),
		cmocka_unit_test(a_terminal_gets_colours),
		cmocka_unit_test(nothing_from_outside_steers_the_terminal),
		cmocka_unit_test(what_is_long_is_cut),
		cmocka_unit_test(no_problem_is_ok),
		cmocka_unit_test(the_first_problem_gives_the_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
