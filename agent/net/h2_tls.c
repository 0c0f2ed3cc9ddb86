/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h2_tls - an OpenSSL session between two memory buffers.
 *
 * OpenSSL keeps a queue of errors for the whole thread. Each step clears it
 * first, so that what it finds there afterwards is its own.
 *
 * With TLS 1.3 our handshake is over before the server has looked at our
 * certificate: its refusal comes as an alert where the first answer should be.
 */
#include "agent/net/h2_tls.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/openssl_library.h"
#include "agent/patient.h"
#include "agent/util.h"

/* A peer that makes us answer and does not read the answers ends here, bytes. */
#define PENDING_MAX 65536

/* OpenSSL's reason for an alert that came is its number and this. */
#define ALERT_REASONS SSL_AD_REASON_OFFSET

/* ---- what went wrong ------------------------------------------------------------- */

static const char *expected_name(const struct h2_tls *tls)
{
	return tls->settings->server_name[0] != '\0' ? tls->settings->server_name : tls->host;
}

static void say(struct h2_tls *tls, const char *what)
{
	(void)snprintf(tls->sentence, sizeof tls->sentence, "%s %s", tls->peer, what);
}

/* From the error queue to a sentence. */
static void explain(struct h2_tls *tls)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
	size_t size = sizeof tls->sentence;

	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		tls_problem_sentence(tls->sentence, size, SSL_get_verify_result(tls->ssl),
				tls->peer, expected_name(tls));
	} else if (reason > ALERT_REASONS && reason <= ALERT_REASONS + UINT8_MAX) {
		tls_problem_alert(tls->sentence, size, reason - ALERT_REASONS, tls->peer,
				tls->asked, tls->settings->cert_file[0] != '\0');
	} else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
		(void)snprintf(tls->sentence, size, "%s does not speak TLS, which %s asks for",
				tls->peer, tls->material->words->asker);
	} else if (reason == SSL_R_UNSUPPORTED_PROTOCOL) {
		say(tls, "speaks another version of TLS: 1.2 is the least here");
	} else {
		const char *text = ERR_reason_error_string(error);
		(void)snprintf(tls->sentence, size, "TLS with %s failed: %s", tls->peer,
				text != NULL ? text : "OpenSSL does not say why");
	}
}

/* What is found in the queue after a step is its own, and what it had no memory for too. */
static void begin_step(struct h2_tls *tls)
{
	ERR_clear_error();
	tls->failures = patient_failures();
}

/* It says so itself where libcurl came before us, and its memory is not waited for. */
static bool is_starved(const struct h2_tls *tls)
{
	return tls->failures != patient_failures() ||
	       ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
	       SSL_get_verify_result(tls->ssl) == TLS_PROBLEM_MEMORY;
}

static void fail(struct h2_tls *tls)
{
	tls->state = H2_TLS_BROKEN;
	tls->starved = is_starved(tls);
	if (tls->starved) {
		say(tls, "cannot be spoken to over TLS: out of memory");
	} else {
		explain(tls);
	}
	ERR_clear_error();
}

static void fail_saying(struct h2_tls *tls, const char *what)
{
	tls->state = H2_TLS_BROKEN;
	say(tls, what);
	ERR_clear_error();
}

/* ---- the files ------------------------------------------------------------------- */

bool h2_tls_renew(struct h2_tls *tls)
{
	if (tls == NULL) {
		return false;
	}
	tls_material_look(tls->material);
	return tls->edition != tls->material->edition;
}

const char *h2_tls_news(struct h2_tls *tls)
{
	return tls != NULL ? tls_material_news(tls->material) : NULL;
}

/* ---- begin and end --------------------------------------------------------------- */

static int on_asked(SSL *ssl, void *user)
{
	struct h2_tls *tls = user;

	UNUSED(ssl);
	tls->asked = true;
	return 1; /* go on with the certificate that we have, or with none */
}

/* An address is compared with the addresses of a certificate, and never asked for by name. */
static bool set_name(struct h2_tls *tls)
{
	const char *name = expected_name(tls);

	if (endpoint_is_address(name)) {
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), name) == 1;
	}
	SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(tls->ssl, name) == 1 && SSL_set_tlsext_host_name(tls->ssl, name) == 1;
}

static bool make_session(struct h2_tls *tls)
{
	tls->ssl = SSL_new(tls->material->context);
	if (tls->ssl == NULL) {
		return false;
	}
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (tls->in == NULL || tls->out == NULL) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		return false;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out); /* it owns them now */
	SSL_set_cert_cb(tls->ssl, on_asked, tls);
	SSL_set_connect_state(tls->ssl);
	return set_name(tls);
}

bool h2_tls_begin(struct h2_tls *tls)
{
	assert(tls->state == H2_TLS_IDLE);
	(void)h2_tls_renew(tls);
	if (tls->material->context == NULL) {
		(void)snprintf(tls->sentence, sizeof tls->sentence, "%s", tls->material->trouble);
		return false;
	}
	tls->edition = tls->material->edition;
	begin_step(tls);
	tls->starved = false;
	tls->sent = 0;
	tls->asked = false;
	if (!make_session(tls)) {
		ERR_clear_error();
		h2_tls_end(tls);
		say(tls, "cannot be called over TLS: out of memory");
		return false;
	}
	tls->state = H2_TLS_HANDSHAKE;
	(void)h2_tls_read(tls, NULL, 0); /* our first words */
	return true;
}

void h2_tls_end(struct h2_tls *tls)
{
	if (tls == NULL) {
		return;
	}
	if (tls->ssl != NULL) {
		SSL_free(tls->ssl);
	}
	tls->ssl = NULL;
	tls->in = NULL;
	tls->out = NULL;
	tls->state = H2_TLS_IDLE;
}

/* ---- receiving ------------------------------------------------------------------- */

static void check_agreed(struct h2_tls *tls)
{
	const unsigned char *protocol;
	unsigned len;

	SSL_get0_alpn_selected(tls->ssl, &protocol, &len);
	if (len == 2 && memcmp(protocol, "h2", 2) == 0) {
		tls->state = H2_TLS_OPEN;
	} else {
		fail_saying(tls, "speaks TLS but does not agree on HTTP/2 (ALPN h2)");
	}
}

/* What an OpenSSL call that gave nothing means. */
static void judge(struct h2_tls *tls, int result)
{
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		break;
	case SSL_ERROR_ZERO_RETURN:
		tls->state = H2_TLS_CLOSED;
		break;
	default:
		fail(tls);
		break;
	}
}

void h2_tls_take(struct h2_tls *tls, const uint8_t *data, size_t len)
{
	size_t taken;

	begin_step(tls);
	if (BIO_write_ex(tls->in, data, len, &taken) != 1 || taken != len) {
		fail_saying(tls, "cannot be heard: out of memory");
		tls->starved = true;
	} else if (BIO_ctrl_pending(tls->out) - tls->sent > PENDING_MAX) {
		fail_saying(tls, "does not read what it makes us say");
	}
}

size_t h2_tls_read(struct h2_tls *tls, uint8_t *out, size_t room)
{
	size_t n = 0;

	begin_step(tls);
	if (tls->state == H2_TLS_HANDSHAKE) {
		int result = SSL_do_handshake(tls->ssl);
		if (result == 1) {
			check_agreed(tls);
		} else {
			judge(tls, result);
		}
	}
	if (tls->state != H2_TLS_OPEN || room == 0) {
		return 0;
	}
	int result = SSL_read_ex(tls->ssl, out, room, &n);
	if (result != 1) {
		n = 0;
		judge(tls, result);
	}
	return n;
}

bool h2_tls_blames(struct h2_tls *tls)
{
	if (tls == NULL || tls->state == H2_TLS_IDLE || tls->state == H2_TLS_BROKEN ||
			!tls->asked) {
		return false;
	}
	say(tls, tls->settings->cert_file[0] != '\0'
					? "closed the connection when it had seen the certificate of "
					  "tls.cert_file"
					: "asked for a client certificate (tls.cert_file), got none and "
					  "closed the connection");
	return true;
}

/* ---- sending --------------------------------------------------------------------- */

bool h2_tls_write(struct h2_tls *tls, const uint8_t *data, size_t len)
{
	size_t n;

	if (tls->state != H2_TLS_OPEN) {
		return false;
	}
	begin_step(tls);
	int result = SSL_write_ex(tls->ssl, data, len, &n);
	if (result != 1) {
		judge(tls, result);
		return false;
	}
	assert(n == len); /* memory is never full, and there are no partial writes without the mode
			   */
	return true;
}

void h2_tls_say_goodbye(struct h2_tls *tls)
{
	if (tls->state != H2_TLS_OPEN) {
		return;
	}
	ERR_clear_error();
	(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

const uint8_t *h2_tls_pending(struct h2_tls *tls, size_t *len)
{
	char *start;
	long n = BIO_get_mem_data(tls->out, &start);

	*len = (size_t)n - tls->sent;
	return *len > 0 ? (const uint8_t *)start + tls->sent : NULL;
}

void h2_tls_sent(struct h2_tls *tls, size_t len)
{
	tls->sent += len;
	if (tls->sent == BIO_ctrl_pending(tls->out)) {
		(void)BIO_reset(tls->out);
		tls->sent = 0;
	}
}

/* ---- the object ------------------------------------------------------------------ */

struct h2_tls *h2_tls_create(const struct tls_settings *settings, const struct target *target,
		struct tls_shelf *shelf)
{
	struct h2_tls *tls = calloc(1, sizeof *tls);

	if (tls == NULL) {
		return NULL;
	}
	tls->material = tls_shelf_take(shelf, settings);
	if (tls->material == NULL) {
		free(tls);
		return NULL;
	}
	tls->settings = settings;
	target_format(tls->peer, sizeof tls->peer, target);
	(void)snprintf(tls->host, sizeof tls->host, "%s",
			target->kind == TARGET_UNIX ? "localhost" : target->inet.host);
	return tls;
}

void h2_tls_destroy(struct h2_tls *tls)
{
	if (tls == NULL) {
		return;
	}
	h2_tls_end(tls);
	tls_material_release(tls->material);
	free(tls);
}

const char *h2_tls_authority(const struct h2_tls *tls)
{
	return tls->settings->server_name[0] != '\0' ? tls->settings->server_name : NULL;
}

const char *h2_tls_sentence(const struct h2_tls *tls)
{
	return tls->sentence;
}
