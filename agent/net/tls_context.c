/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_context - settings in, SSL_CTX out.
 *
 * A key that is encrypted cannot be used: OpenSSL would ask the terminal for
 * its password, in the middle of a daemon. So it gets none from us.
 */
#include "agent/net/tls_context.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/net/openssl_library.h"
#include "agent/util.h"

static int no_password(char *out, int size, int writing, void *user)
{
	UNUSED(writing);
	UNUSED(user);
	if (size > 0) {
		out[0] = '\0';
	}
	return -1;
}

/* Where a sentence goes when a file cannot be used, and what the settings are called in it. */
struct refusal {
	const char *section;
	char *sentence;
	size_t size;
};

/* The first error of the queue is the cause, the others are who passed it on. */
static bool refuse(const struct refusal *to, const char *key, const char *path, const char *lacks)
{
	unsigned long error = ERR_peek_error();
	const char *why = lacks;

	if (ERR_SYSTEM_ERROR(error)) {
		why = strerror(ERR_GET_REASON(error));
	} else if (ERR_GET_LIB(error) == ERR_LIB_X509 &&
			ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH) {
		why = "it does not belong to the certificate of cert_file";
	}
	(void)snprintf(to->sentence, to->size, "%s.%s '%.400s' cannot be used: %s", to->section,
			key, path, why);
	ERR_clear_error();
	return false;
}

static bool load_authorities(
		SSL_CTX *context, const struct tls_settings *settings, const struct refusal *to)
{
	ERR_clear_error();
	if (settings->ca_file[0] == '\0') {
		/* Their folder is searched when a certificate comes, and may well be empty. */
		return SSL_CTX_set_default_verify_paths(context) == 1 ||
		       refuse(to, "ca_file", "of the system", "OpenSSL knows no authorities");
	}
	return SSL_CTX_load_verify_locations(context, settings->ca_file, NULL) == 1 ||
	       refuse(to, "ca_file", settings->ca_file, "there is no certificate in it");
}

static bool load_certificate(
		SSL_CTX *context, const struct tls_settings *settings, const struct refusal *to)
{
	if (settings->cert_file[0] == '\0') {
		return true;
	}
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, settings->cert_file) != 1) {
		return refuse(to, "cert_file", settings->cert_file,
				"there is no certificate in it");
	}
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(context, settings->key_file, SSL_FILETYPE_PEM) != 1 ||
			SSL_CTX_check_private_key(context) != 1) {
		return refuse(to, "key_file", settings->key_file,
				"there is no private key without a password in it");
	}
	return true;
}

static void set_rules(SSL_CTX *context, const struct tls_settings *settings)
{
	static const unsigned char h2[] = { 2, 'h', '2' };
	X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(context);

	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(context,
			SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_mode(
			context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_alpn_protos(context, h2, sizeof h2);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	/* Whatever stands in ca_file is trusted, also an authority that another one has signed. */
	(void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify(context,
			settings->insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
}

int tls_context_prepare(struct err *err)
{
	return openssl_library_load(err);
}

struct ssl_ctx_st *tls_context_make(const struct tls_settings *settings, const char *section,
		char *sentence, size_t size)
{
	const struct refusal to = { section, sentence, size };
	struct err err;

	if (openssl_library_load(&err) < 0) {
		(void)snprintf(sentence, size, "%s", err.text);
		return NULL;
	}
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (context == NULL) {
		(void)snprintf(sentence, size, "TLS cannot be set up: out of memory");
		ERR_clear_error();
		return NULL;
	}
	set_rules(context, settings);
	if (!load_authorities(context, settings, &to) ||
			!load_certificate(context, settings, &to)) {
		SSL_CTX_free(context);
		return NULL;
	}
	ERR_clear_error();
	return context;
}

void tls_context_free(struct ssl_ctx_st *context)
{
	if (context != NULL) { /* there may be no OpenSSL yet */
		SSL_CTX_free(context);
	}
}
