/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "agent/doctor/doctor_certificate.h"
#include "agent/util.h"

#define DAY 86400

static char none[] = "", host[] = "other.example";
static const struct tls_settings settings = {
	.on = true, .ca_file = none, .cert_file = none, .key_file = none, .server_name = none
};

/* A look at a server whose certificate is well for another `days`. */
static struct tls_look look_of(long days, long verdict)
{
	time_t now = time(NULL);

	return (struct tls_look){ .connected = true,
		.spoke = true,
		.greeted = true,
		.verdict = verdict,
		.validity = { now - DAY, now + days * DAY + 60 },
		.names = "a.example",
		.issuer = "/CN=ours" };
}

/* DOCTOR_OK when nothing is said. */
static enum doctor_code code_of(const struct tls_look *look, const struct tls_settings *tls,
		bool fine, const char *words)
{
	struct doctor_findings f = { .n = 0 };
	enum doctor_code code = DOCTOR_OK;

	assert_int_equal(doctor_certificate(&f, &doctor_side_etcd, "a:1", look, tls, "a"), fine);
	if (f.n > 0) {
		assert_int_equal(f.n, 1);
		code = f.at[0].code;
		assert_non_null(strstr(f.at[0].found, words));
	}
	doctor_findings_finish(&f);
	return code;
}

static void a_good_one_is_nothing_to_speak_of(void **state)
{
	struct tls_look look = look_of(15, 0), away = { .connected = false };
	UNUSED(state);
	assert_int_equal(code_of(&look, &settings, true, ""), DOCTOR_OK);
	assert_int_equal(code_of(&away, &settings, true, ""), DOCTOR_OK);
}

static void one_that_ends_within_two_weeks_is_a_warning(void **state)
{
	struct tls_look look = look_of(13, 0);
	UNUSED(state);
	assert_int_equal(code_of(&look, &settings, true, "in 13 days"), ETCD_CERT_ENDS);
}

static void verdicts_have_their_codes(void **state)
{
	struct tls_look expired = look_of(-2, 10), early = look_of(9, 9), name = look_of(9, 62),
			address = look_of(9, 64), unknown = look_of(9, 20), odd = look_of(9, 999);
	UNUSED(state);
	assert_int_equal(code_of(&expired, &settings, false, "our clock says"), ETCD_CERT_EXPIRED);
	assert_int_equal(code_of(&early, &settings, false, "begins at"), ETCD_CERT_NOT_YET);
	assert_int_equal(code_of(&name, &settings, false, "not for \"a\", it holds: a.example"),
			ETCD_TLS_NAME);
	assert_int_equal(code_of(&address, &settings, false, ""), ETCD_TLS_NAME);
	assert_int_equal(code_of(&unknown, &settings, false, "/CN=ours"), ETCD_CERT_UNTRUSTED);
	assert_int_equal(code_of(&odd, &settings, false, "999"), ETCD_CERT_UNTRUSTED);
}

static void the_name_that_is_set_is_the_one_that_is_missed(void **state)
{
	struct tls_settings named = settings;
	struct tls_look look = look_of(9, 62);
	UNUSED(state);
	named.server_name = host;
	assert_int_equal(code_of(&look, &named, false, "\"other.example\""), ETCD_TLS_NAME);
}

static void one_that_is_not_looked_at_is_a_warning(void **state)
{
	struct tls_settings any = settings;
	struct tls_look look = look_of(-2, 10);
	UNUSED(state);
	any.insecure_skip_verify = true;
	assert_int_equal(code_of(&look, &any, true, "any certificate"), ETCD_TLS_UNCHECKED);
}

static void handshakes_that_fail_have_their_codes(void **state)
{
	struct tls_look plain = { .connected = true, .why = "wrong version" };
	struct tls_look bad = { .connected = true, .spoke = true };
	struct tls_look asked = { .connected = true, .spoke = true, .asked = true };
	UNUSED(state);
	struct tls_look hung = { .connected = true, .silent = true };
	assert_int_equal(code_of(&plain, &settings, false, "wrong version"), ETCD_TLS_ABSENT);
	assert_int_equal(code_of(&hung, &settings, true, ""), DOCTOR_OK);
	assert_int_equal(code_of(&bad, &settings, false, ""), ETCD_TLS_FAILED);
	assert_int_equal(code_of(&asked, &settings, false, ""), ETCD_TLS_CLIENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_nothing_to_speak_of),
		cmocka_unit_test(one_that_ends_within_two_weeks_is_a_warning),
		cmocka_unit_test(verdicts_have_their_codes),
		cmocka_unit_test(the_name_that_is_set_is_the_one_that_is_missed),
		cmocka_unit_test(one_that_is_not_looked_at_is_a_warning),
		cmocka_unit_test(handshakes_that_fail_have_their_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
