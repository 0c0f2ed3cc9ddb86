/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_look - the handshake goes on whatever the certificate is: OpenSSL notes
 * its verdict all the same, and the dates in it are what a person has to see.
 */
#include "agent/net/tls_look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/endpoint.h"
#include "agent/net/openssl_library.h"
#include "agent/net/tls_context.h"
#include "agent/net/waiting.h"
#include "agent/util.h"

/* ---- certificates ----------------------------------------------------------------------- */

static time_t time_of(const ASN1_TIME *at)
{
	struct tm broken;

	return ASN1_TIME_to_tm(at, &broken) == 1 ? timegm(&broken) : 0;
}

static struct tls_validity validity_of(const X509 *cert)
{
	return (struct tls_validity){ time_of(X509_get0_notBefore(cert)),
		time_of(X509_get0_notAfter(cert)) };
}

/* Nothing, when it is none. */
static void write_address(char *out, socklen_t size, const ASN1_STRING *value)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(value);

	switch (ASN1_STRING_length(value)) {
	case 4:
		(void)inet_ntop(AF_INET, bytes, out, size);
		break;
	case 16:
		(void)inet_ntop(AF_INET6, bytes, out, size);
		break;
	}
}

static size_t add_name(char *out, size_t size, size_t len, const GENERAL_NAME *name)
{
	int type = 0;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	char text[64] = "";

	if (type == GEN_DNS) {
		int n = ASN1_STRING_length(value);
		(void)snprintf(text, sizeof text, "%.*s", n < 60 ? n : 60,
				(const char *)ASN1_STRING_get0_data(value));
	} else if (type == GEN_IPADD) {
		write_address(text, sizeof text, value);
	}
	if (text[0] == '\0' || len >= size) {
		return len;
	}
	return len + (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", text);
}

static void list_names(const X509 *cert, char *out, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		len = add_name(out, size, len, sk_GENERAL_NAME_value(names, i));
	}
	GENERAL_NAMES_free(names);
}

/* Another one of the chain. When the verdict is good though it has ended, it was not. */
static bool is_needed(const struct tls_look *look, const struct tls_validity *other)
{
	return other->until != 0 && (look->verdict != 0 || other->until >= time(NULL));
}

static void note_certificate(struct tls_look *look, SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	if (cert == NULL) {
		(void)snprintf(look->why, sizeof look->why, "it shows no certificate");
		return;
	}
	look->greeted = true;
	look->verdict = SSL_get_verify_result(ssl);
	look->validity = validity_of(cert);
	for (int i = 1; i < sk_X509_num(chain); i++) {
		struct tls_validity other = validity_of(sk_X509_value(chain, i));
		if (other.until < look->validity.until && is_needed(look, &other)) {
			look->validity = other;
		}
	}
	list_names(cert, look->names, sizeof look->names);
	(void)X509_NAME_oneline(X509_get_issuer_name(cert), look->issuer, sizeof look->issuer);
}

/* ---- the handshake ---------------------------------------------------------------------- */

static int on_asked(SSL *ssl, void *user)
{
	struct tls_look *look = user;

	UNUSED(ssl);
	look->asked = true;
	return 1;
}

static bool set_name(SSL *ssl, const char *name)
{
	if (endpoint_is_address(name)) {
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* What ended the handshake; a server that sends an alert speaks TLS. */
static void explain(struct tls_look *look)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_reason_error_string(error);
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;

	look->spoke = reason > SSL_AD_REASON_OFFSET || reason == SSL_R_UNSUPPORTED_PROTOCOL;
	(void)snprintf(look->why, sizeof look->why, "%s",
			text != NULL ? text : "it ends the connection");
}

static void shake(struct tls_look *look, SSL *ssl, int fd, double deadline)
{
	for (;;) {
		ERR_clear_error();
		int result = SSL_connect(ssl);
		if (result == 1) {
			look->spoke = true;
			note_certificate(look, ssl);
			return;
		}
		int wanted = SSL_get_error(ssl, result);
		if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) {
			explain(look);
			return;
		}
		if (!waiting_for(fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
			look->silent = !look->spoke;
			(void)snprintf(look->why, sizeof look->why, "it does not answer in time");
			return;
		}
	}
}

static void look_with(
		struct tls_look *look, SSL_CTX *context, int fd, const char *name, double deadline)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !set_name(ssl, name)) {
		(void)snprintf(look->why, sizeof look->why, "out of memory");
	} else {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		SSL_set_cert_cb(ssl, on_asked, look);
		(void)SSL_set_alpn_protos(ssl, NULL, 0); /* whatever it speaks inside */
		shake(look, ssl, fd, deadline);
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	ERR_clear_error();
}

bool tls_look(struct tls_look *look, const struct sockaddr *address, socklen_t len,
		const struct tls_settings *settings, const char *name, double timeout)
{
	static char none[] = "";
	const struct tls_settings any = {
		.ca_file = none, .cert_file = none, .key_file = none, .server_name = none
	};
	const struct tls_settings *used = settings == NULL ? &any : settings;
	char why[600];

	memset(look, 0, sizeof *look);
	SSL_CTX *context = tls_context_make(used, "probe.tls", why, sizeof why);
	if (context == NULL) {
		(void)snprintf(look->why, sizeof look->why, "%.190s", why);
		return false;
	}
	/* From now on: loading OpenSSL, as making a context does, is not the server's time. */
	double deadline = clock_now() + timeout;
	int fd = waiting_connect(address, len, deadline);
	if (fd < 0) {
		(void)snprintf(look->why, sizeof look->why, "%s", strerror(errno));
	} else {
		look->connected = true;
		look_with(look, context, fd,
				used->server_name[0] != '\0' ? used->server_name : name, deadline);
		(void)close(fd);
	}
	tls_context_free(context);
	return true;
}

bool tls_look_own(const struct tls_settings *settings, struct tls_validity *validity)
{
	char why[600];

	if (settings->cert_file[0] == '\0') {
		return false;
	}
	SSL_CTX *context = tls_context_make(settings, "probe.tls", why, sizeof why);
	X509 *cert = context == NULL ? NULL : SSL_CTX_get0_certificate(context);
	if (cert != NULL) {
		*validity = validity_of(cert);
	}
	tls_context_free(context);
	return cert != NULL;
}
