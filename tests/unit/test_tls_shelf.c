/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/util.h"

#include "tests/unit/tls_stage.h"

static double played;
static struct tls_settings settings[2]; /* equal by value at first, as of two descriptors */
static char other_ca[TLS_PEER_PATH];
static struct h2_tls *tls[2];

static double played_time(void)
{
	return played;
}

static void put_off(size_t i)
{
	h2_tls_destroy(tls[i]);
	tls[i] = NULL;
}

static int set_up_two(void **state)
{
	(void)set_up(state);
	played = 100.0;
	clock_replace(played_time);
	serve(&(struct tls_wish){ 0 }, "h2");
	use_client(&(struct tls_wish){ 0 });
	tls_peer_copy_path(other_ca, &stage.peer, "ca.pem");
	settings[0] = settings[1] = stage.settings;
	settings[1].ca_file = other_ca;
	return 0;
}

static int tear_down_two(void **state)
{
	put_off(0);
	put_off(1);
	clock_replace(NULL);
	return tear_down(state);
}

static void create_both(void)
{
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		tls[i] = h2_tls_create(&settings[i], &stage.target, &stage.shelf);
		assert_non_null(tls[i]);
	}
}

static void begin_both(void)
{
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		h2_tls_end(tls[i]);
		assert_true(h2_tls_begin(tls[i]));
	}
}

static SSL_CTX *context_of(size_t i)
{
	return SSL_get_SSL_CTX(tls[i]->ssl);
}

/* Long enough for a change to be seen and to have settled. */
static void look_twice(void)
{
	for (size_t i = 0; i < 2; i++) {
		played += 1.0;
		(void)h2_tls_renew(tls[0]);
	}
}

static void equal_settings_are_read_once(void **state)
{
	UNUSED(state);
	create_both();
	begin_both();
	assert_ptr_equal(context_of(0), context_of(1));
	assert_int_equal(tls[0]->material->edition, 1);
	assert_false(h2_tls_renew(tls[0]) || h2_tls_renew(tls[1]));
}

static void a_server_name_is_a_connections_own(void **state)
{
	static char name[] = "coupon.local";
	UNUSED(state);
	settings[1].server_name = name;
	create_both();
	begin_both();
	assert_ptr_equal(context_of(0), context_of(1));
	assert_string_equal(
			SSL_get_servername(tls[0]->ssl, TLSEXT_NAMETYPE_host_name), "localhost");
	assert_string_equal(SSL_get_servername(tls[1]->ssl, TLSEXT_NAMETYPE_host_name), name);
}

static void different_settings_are_kept_apart(void **state)
{
	static char none[] = "";
	struct tls_settings rows[4];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i] = settings[0];
	}
	rows[0].ca_file = none;
	rows[1].insecure_skip_verify = true;
	rows[2].cert_file = rows[2].key_file = none;
	rows[3].key_file = stage.cert_file; /* which cannot be read as a key */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		settings[1] = rows[i];
		create_both();
		assert_true(h2_tls_begin(tls[0]));
		assert_int_equal(h2_tls_begin(tls[1]), i < 3);
		assert_true(i == 3 || context_of(0) != context_of(1));
		put_off(0);
		put_off(1);
	}
}

static void a_rotation_reaches_both_and_is_read_once(void **state)
{
	SSL_CTX *before;
	UNUSED(state);
	create_both();
	begin_both();
	before = context_of(0);
	use_client(&(struct tls_wish){ .names = "DNS:renewed" });
	look_twice();
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		assert_true(h2_tls_renew(tls[i]));
		assert_true(h2_tls_renew(tls[i])); /* until it has a new connection */
		assert_ptr_equal(context_of(i), before);
	}
	assert_int_equal(tls[0]->material->edition, 2);
	begin_both();
	assert_ptr_equal(context_of(0), context_of(1));
	assert_false(h2_tls_renew(tls[0]) || h2_tls_renew(tls[1]));
}

static void a_broken_renewal_is_told_once(void **state)
{
	UNUSED(state);
	create_both();
	begin_both();
	assert_int_equal(truncate(stage.key_file, 5), 0);
	look_twice();
	assert_false(h2_tls_renew(tls[0]) || h2_tls_renew(tls[1]));
	assert_non_null(strstr(h2_tls_news(tls[1]), "probe.tls.key_file"));
	assert_null(h2_tls_news(tls[0]));
	begin_both(); /* with what was read before */
	use_client(&(struct tls_wish){ 0 });
	played += 1.0;
	assert_true(h2_tls_renew(tls[0]) && h2_tls_renew(tls[1]));
}

static void files_that_are_missing_are_tried_once_a_second_for_all(void **state)
{
	char away[TLS_PEER_PATH];
	UNUSED(state);
	tls_peer_copy_path(away, &stage.peer, "other.pem");
	assert_int_equal(rename(stage.ca_file, away), 0);
	create_both();
	assert_false(h2_tls_begin(tls[0]));
	assert_int_equal(rename(away, stage.ca_file), 0);
	played += 0.9;
	assert_false(h2_tls_begin(tls[1]));
	assert_non_null(strstr(h2_tls_sentence(tls[1]), "probe.tls.ca_file"));
	played += 0.1;
	assert_true(h2_tls_begin(tls[1]) && h2_tls_begin(tls[0]));
	assert_int_equal(tls[0]->material->edition, 1);
}

/* The sanitizers judge this one: whoever goes last takes the files along. */
static void they_go_in_any_order(void **state)
{
	UNUSED(state);
	for (size_t first = 0; first < ARRAY_LEN(tls); first++) {
		create_both();
		begin_both();
		put_off(first);
		h2_tls_end(tls[1 - first]);
		assert_true(h2_tls_begin(tls[1 - first]));
		assert_int_equal(tls[1 - first]->material->users, 1);
		if (first == 1) {
			tls_shelf_finish(&stage.shelf);
		}
		put_off(1 - first);
		assert_null(stage.shelf.materials);
	}
}

#define TEST_TWO(function) cmocka_unit_test_setup_teardown(function, set_up_two, tear_down_two)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(equal_settings_are_read_once),
		TEST_TWO(a_server_name_is_a_connections_own),
		TEST_TWO(different_settings_are_kept_apart),
		TEST_TWO(a_rotation_reaches_both_and_is_read_once),
		TEST_TWO(a_broken_renewal_is_told_once),
		TEST_TWO(files_that_are_missing_are_tried_once_a_second_for_all),
		TEST_TWO(they_go_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
