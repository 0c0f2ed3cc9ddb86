/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/net/tls_problem.h"
#include "agent/util.h"

static void expect_sentence(long code, const char *expected)
{
	char text[TLS_PROBLEM_TEXT_MAX];

	tls_problem_sentence(text, sizeof text, code, "127.0.0.1:50051", "coupon.local");
	assert_string_equal(text, expected);
}

static void each_says_who_why_and_what_was_expected(void **state)
{
	UNUSED(state);
	expect_sentence(10, "the certificate of 127.0.0.1:50051 has expired "
			    "(expected a valid one for \"coupon.local\")");
	expect_sentence(9, "the certificate of 127.0.0.1:50051 is not valid yet "
			   "(expected a valid one for \"coupon.local\")");
	expect_sentence(23, "the certificate of 127.0.0.1:50051 has been revoked "
			    "(expected a valid one for \"coupon.local\")");
	expect_sentence(18, "the certificate of 127.0.0.1:50051 is signed by nobody but itself "
			    "(expected one that a trusted authority gave for \"coupon.local\")");
	expect_sentence(4711, "the certificate of 127.0.0.1:50051 was not taken, by OpenSSL's "
			      "reason 4711 (expected a valid one for \"coupon.local\")");
}

static void numbers_of_one_kind_read_alike(void **state)
{
	static const long untrusted[] = { 2, 7, 19, 20, 21 };
	static const long names[] = { TLS_PROBLEM_NAME, 62, 64 };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(untrusted); i++) {
		expect_sentence(untrusted[i],
				"the certificate of 127.0.0.1:50051 is signed by an authority that "
				"is not trusted here (expected one that a trusted authority gave "
				"for \"coupon.local\")");
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		expect_sentence(names[i], "the certificate of 127.0.0.1:50051 does not hold the "
					  "name that it must have (expected one for "
					  "\"coupon.local\")");
	}
}

static void what_is_not_printable_is_not_printed(void **state)
{
	char text[TLS_PROBLEM_TEXT_MAX];
	UNUSED(state);
	tls_problem_sentence(text, sizeof text, 10, "a\nb\x1b[31m", "c\xc3\xa4\x7f");
	assert_string_equal(text, "the certificate of a?b?[31m has expired "
				  "(expected a valid one for \"c???\")");
	tls_problem_alert(text, sizeof text, 80, "a\nb", false, false);
	assert_string_equal(text, "a?b ended TLS with alert 80");
}

static void long_names_fit_and_small_buffers_cut(void **state)
{
	char name[1000], text[TLS_PROBLEM_TEXT_MAX], small[8];
	UNUSED(state);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	for (long code = 0; code < 100; code++) {
		tls_problem_sentence(text, sizeof text, code, name, name);
		assert_string_equal(text + strlen(text) - 2, "\")");
	}
	tls_problem_sentence(small, sizeof small, 10, "p", "e");
	assert_string_equal(small, "the cer");
}

static void alerts_about_our_certificate_depend_on_it(void **state)
{
	char text[TLS_PROBLEM_TEXT_MAX];
	UNUSED(state);
	tls_problem_alert(text, sizeof text, 116, "p", true, false);
	assert_string_equal(text, "p wants a client certificate (tls.cert_file and tls.key_file)");
	tls_problem_alert(text, sizeof text, 42, "p", true, false);
	assert_string_equal(text, "p wants a client certificate (tls.cert_file and tls.key_file)");
	tls_problem_alert(text, sizeof text, 42, "p", true, true);
	assert_string_equal(text, "p does not take the certificate of tls.cert_file");
	tls_problem_alert(text, sizeof text, 40, "p", true, false);
	assert_string_equal(text, "p wants a client certificate (tls.cert_file and tls.key_file)");
	tls_problem_alert(text, sizeof text, 40, "p", false, false);
	assert_string_equal(text, "p has no TLS cipher in common with the agent");
	tls_problem_alert(text, sizeof text, 120, "p", false, false);
	assert_string_equal(text, "p does not offer HTTP/2 over TLS (ALPN h2)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_says_who_why_and_what_was_expected),
		cmocka_unit_test(numbers_of_one_kind_read_alike),
		cmocka_unit_test(what_is_not_printable_is_not_printed),
		cmocka_unit_test(long_names_fit_and_small_buffers_cut),
		cmocka_unit_test(alerts_about_our_certificate_depend_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
