/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/tls_stage.h"

/* ---- certificates of our own ------------------------------------------------------------------
 */

static void a_known_client_is_let_in(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	tls_peer_demand(&stage.peer);
	use_client(&(struct tls_wish){ 0 });
	expect_open();
	assert_non_null(SSL_get0_peer_certificate(stage.peer.ssl));
}

static void a_client_that_shows_nothing_is_told_so(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		serve(&(struct tls_wish){ 0 }, "h2");
		tls_peer_demand(&stage.peer);
		(void)SSL_CTX_set_max_proto_version(stage.peer.context, versions[i]);
		expect_broken("localhost:50051 wants a client certificate");
		assert_false(h2_tls_blames(stage.tls)); /* it is said already */
		h2_tls_end(stage.tls);
	}
}

static void an_unknown_client_is_told_so(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	tls_peer_demand(&stage.peer);
	use_client(&(struct tls_wish){ .stranger = true });
	expect_broken("tls.cert_file");
}

/* A server that closes the connection where it should send an alert. */
static void silence_about_our_certificate_is_its_refusal(void **state)
{
	UNUSED(state);
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_open();
	assert_false(h2_tls_blames(stage.tls)); /* it had not asked */
	h2_tls_end(stage.tls);
	tls_peer_demand(&stage.peer);
	begin();
	(void)carry_out();
	(void)SSL_do_handshake(stage.peer.ssl);
	size_t n = 0;
	uint8_t scratch[1];
	(void)carry_in(scratch, sizeof scratch, &n);
	assert_int_equal(stage.tls->state, H2_TLS_OPEN);
	assert_true(h2_tls_blames(stage.tls));
	assert_non_null(strstr(h2_tls_sentence(stage.tls), "asked for a client certificate"));
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void expect_no_begin(const char *sentence)
{
	stage.tls = h2_tls_create(&stage.settings, &stage.target, &stage.shelf);
	assert_non_null(stage.tls);
	assert_false(h2_tls_begin(stage.tls));
	assert_int_equal(stage.tls->state, H2_TLS_IDLE);
	if (strstr(h2_tls_sentence(stage.tls), sentence) == NULL) {
		fail_msg("'%s' has no '%s'", h2_tls_sentence(stage.tls), sentence);
	}
	assert_null(h2_tls_news(stage.tls)); /* there is nothing else in use */
	h2_tls_destroy(stage.tls);
	stage.tls = NULL;
}

static void files_that_cannot_be_used_are_named(void **state)
{
	UNUSED(state);
	use_client(&(struct tls_wish){ .password = "secret" });
	expect_no_begin("client.key' cannot be used: there is no private key without a password");
	use_client(&(struct tls_wish){ 0 });
	tls_peer_issue(&stage.peer, "other", &(struct tls_wish){ 0 });
	tls_peer_copy_path(stage.key_file, &stage.peer, "other.key");
	expect_no_begin("probe.tls.key_file");
	expect_no_begin("it does not belong to the certificate of cert_file");
	tls_peer_copy_path(stage.cert_file, &stage.peer, "client.key");
	expect_no_begin("client.key' cannot be used: there is no certificate in it");
	tls_peer_copy_path(stage.ca_file, &stage.peer, "none.pem");
	expect_no_begin("probe.tls.ca_file");
	expect_no_begin("none.pem' cannot be used: No such file or directory");
}

static double played = 100.0;

static double played_time(void)
{
	return played;
}

static void a_file_that_appears_is_read(void **state)
{
	char away[TLS_PEER_PATH];
	UNUSED(state);
	clock_replace(played_time);
	serve(&(struct tls_wish){ 0 }, "h2");
	tls_peer_copy_path(away, &stage.peer, "other.pem");
	assert_int_equal(rename(stage.ca_file, away), 0);
	stage.tls = h2_tls_create(&stage.settings, &stage.target, &stage.shelf);
	assert_false(h2_tls_begin(stage.tls));
	assert_int_equal(rename(away, stage.ca_file), 0);
	assert_false(h2_tls_begin(stage.tls)); /* not again within a second */
	played += 1.0;
	expect_open();
	assert_false(h2_tls_renew(stage.tls));
	clock_replace(NULL);
}

static void without_a_file_the_systems_authorities_count(void **state)
{
	UNUSED(state);
	stage.ca_file[0] = '\0';
	serve(&(struct tls_wish){ 0 }, "h2");
	expect_broken("is signed by an authority that is not trusted here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_known_client_is_let_in),
		TEST(a_client_that_shows_nothing_is_told_so),
		TEST(an_unknown_client_is_told_so),
		TEST(silence_about_our_certificate_is_its_refusal),
		TEST(files_that_cannot_be_used_are_named),
		TEST(a_file_that_appears_is_read),
		TEST(without_a_file_the_systems_authorities_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
