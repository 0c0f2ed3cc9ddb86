/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/util.h"

#include "tests/unit/tls_stage.h"

/* ---- what works -------------------------------------------------------------------------------
 */

static void bytes_go_both_ways(void **state)
{
	uint8_t got[100];
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_open();
	assert_true(h2_tls_write(stage.tls, (const uint8_t *)"ask", 3));
	(void)carry(NULL, 0);
	assert_int_equal(SSL_read(stage.peer.ssl, got, sizeof got), 3);
	assert_memory_equal(got, "ask", 3);
	assert_int_equal(SSL_write(stage.peer.ssl, "answer", 6), 6);
	assert_int_equal(carry(got, sizeof got), 6);
	assert_memory_equal(got, "answer", 6);
	assert_int_equal(stage.tls->state, H2_TLS_OPEN);
}

static void records_may_come_byte_by_byte(void **state)
{
	uint8_t got[100];
	UNUSED(state);
	stage.piece = 1;
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_open();
	assert_int_equal(SSL_write(stage.peer.ssl, "answer", 6), 6);
	assert_int_equal(carry(got, sizeof got), 6);
}

static void tls_1_2_is_enough(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	assert_int_equal(SSL_CTX_set_max_proto_version(stage.peer.context, TLS1_2_VERSION), 1);
	expect_open();
	assert_int_equal(SSL_version(stage.peer.ssl), TLS1_2_VERSION);
}

static void nothing_is_written_before_the_handshake(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	begin();
	assert_false(h2_tls_write(stage.tls, (const uint8_t *)"ask", 3));
	(void)carry(NULL, 0);
	assert_int_equal(stage.tls->state, H2_TLS_OPEN);
	assert_true(h2_tls_write(stage.tls, (const uint8_t *)"ask", 3));
}

static void a_goodbye_is_heard_on_either_side(void **state)
{
	uint8_t got[100];
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_open();
	h2_tls_say_goodbye(stage.tls);
	(void)carry_out();
	assert_int_equal(SSL_read(stage.peer.ssl, got, sizeof got), 0);
	assert_int_equal(SSL_get_shutdown(stage.peer.ssl), SSL_RECEIVED_SHUTDOWN);
	h2_tls_end(stage.tls);
	expect_open(); /* and the object is good for the next connection */
	assert_int_equal(SSL_write(stage.peer.ssl, "last", 4), 4);
	(void)SSL_shutdown(stage.peer.ssl);
	assert_int_equal(carry(got, sizeof got), 4);
	assert_int_equal(stage.tls->state, H2_TLS_CLOSED);
}

/* ---- names ------------------------------------------------------------------------------------
 */

static void the_host_is_asked_for_and_expected(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ .names = "DNS:localhost" }, "h2");
	expect_open();
	assert_string_equal(
			SSL_get_servername(stage.peer.ssl, TLSEXT_NAMETYPE_host_name), "localhost");
	assert_null(h2_tls_authority(stage.tls));
}

static void the_server_name_stands_for_the_host(void **state)
{
	UNUSED(state);
	(void)strcpy(stage.server_name, "coupon.local");
	serve(&(struct tls_wish){ .names = "DNS:coupon.local" }, "h2");
	expect_open();
	assert_string_equal(SSL_get_servername(stage.peer.ssl, TLSEXT_NAMETYPE_host_name),
			"coupon.local");
	assert_string_equal(h2_tls_authority(stage.tls), "coupon.local");
}

static void an_address_is_compared_with_addresses(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	UNUSED(state);
	serve(&(struct tls_wish){ .names = "IP:127.0.0.1,IP:::1" }, "h2");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		(void)snprintf(stage.target.inet.host, sizeof stage.target.inet.host, "%s",
				hosts[i]);
		expect_open();
		assert_null(SSL_get_servername(stage.peer.ssl, TLSEXT_NAMETYPE_host_name));
		h2_tls_destroy(stage.tls);
		stage.tls = NULL;
	}
	(void)strcpy(stage.target.inet.host, "127.0.0.2");
	expect_broken("the certificate of 127.0.0.2:50051 does not hold the name that it must have "
		      "(expected one for \"127.0.0.2\")");
}

static void a_socket_file_is_localhost(void **state)
{
	UNUSED(state);
	stage.target = (struct target){ .kind = TARGET_UNIX, .path = "/run/coupon.sock" };
	serve(&(struct tls_wish){ .names = "DNS:localhost" }, "h2");
	expect_open();
	h2_tls_end(stage.tls);
	serve(&(struct tls_wish){ .names = "DNS:other" }, "h2");
	expect_broken("the certificate of unix:/run/coupon.sock does not hold the name");
}

/* ---- what is refused --------------------------------------------------------------------------
 */

static void certificates_are_refused_with_a_reason(void **state)
{
	static const struct {
		struct tls_wish wish;
		const char *sentence;
	} rows[] = {
		{ { .stranger = true }, "is signed by an authority that is not trusted here" },
		{ { .expired = true }, "of localhost:50051 has expired (expected a valid one for" },
		{ { .names = "DNS:other" }, "(expected one for \"localhost\")" },
		{ { .names = "DNS:*host" }, "does not hold the name" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		serve(&rows[i].wish, "h2");
		expect_broken(rows[i].sentence);
		h2_tls_end(stage.tls);
	}
}

static void skipping_verification_takes_any(void **state)
{
	UNUSED(state);
	stage.settings.insecure_skip_verify = true;
	serve(&(struct tls_wish){ .stranger = true, .expired = true, .names = "DNS:x" }, "h2");
	expect_open();
}

static void http2_must_be_agreed_on(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, NULL);
	expect_broken("does not agree on HTTP/2 (ALPN h2)");
	h2_tls_end(stage.tls);
	serve(&(struct tls_wish){ 0 }, "http/1.1");
	expect_broken(""); /* OpenSSL takes no protocol that was not offered */
}

static void older_versions_are_refused(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	assert_int_equal(SSL_CTX_set_cipher_list(stage.peer.context, "ALL:@SECLEVEL=0"), 1);
	assert_int_equal(SSL_CTX_set_min_proto_version(stage.peer.context, TLS1_VERSION), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(stage.peer.context, TLS1_1_VERSION), 1);
	expect_broken("speaks another version of TLS: 1.2 is the least here");
}

static void a_port_without_tls_is_named(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 400 Bad Request\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n" };
	static const uint8_t settings[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	for (size_t i = 0; i <= ARRAY_LEN(answers); i++) {
		const char *text = i < ARRAY_LEN(answers) ? answers[i] : (const char *)settings;
		begin();
		h2_tls_take(stage.tls, (const uint8_t *)text,
				i < ARRAY_LEN(answers) ? strlen(text) : sizeof settings);
		assert_int_equal(h2_tls_read(stage.tls, NULL, 0), 0);
		assert_int_equal(stage.tls->state, H2_TLS_BROKEN);
		assert_non_null(strstr(h2_tls_sentence(stage.tls), "does not speak TLS"));
		h2_tls_end(stage.tls);
	}
}

static void a_peer_that_does_not_read_is_left(void **state)
{
	static const uint8_t much[16000];
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_open();
	for (unsigned i = 0; i < 5; i++) {
		assert_true(h2_tls_write(stage.tls, much, sizeof much)); /* and nobody takes it */
	}
	h2_tls_take(stage.tls, much, 1);
	assert_int_equal(stage.tls->state, H2_TLS_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_go_both_ways),
		TEST(records_may_come_byte_by_byte),
		TEST(tls_1_2_is_enough),
		TEST(nothing_is_written_before_the_handshake),
		TEST(a_goodbye_is_heard_on_either_side),
		TEST(the_host_is_asked_for_and_expected),
		TEST(the_server_name_stands_for_the_host),
		TEST(an_address_is_compared_with_addresses),
		TEST(a_socket_file_is_localhost),
		TEST(certificates_are_refused_with_a_reason),
		TEST(skipping_verification_takes_any),
		TEST(http2_must_be_agreed_on),
		TEST(older_versions_are_refused),
		TEST(a_port_without_tls_is_named),
		TEST(a_peer_that_does_not_read_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
