/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_http_end.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/net/curl_library.h"
#include "agent/net/h2_address.h"
#include "agent/net/tls_complaint.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_problem.h"

#define TOO_LARGE 100 /* CURLE_TOO_LARGE, for a header: libcurl has it since 8.6 */

static enum http_end say(struct http_transfer *t, enum http_end end, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

static enum http_end say(struct http_transfer *t, enum http_end end, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(t->why, sizeof t->why, format, args);
	va_end(args);
	return end;
}

static enum http_end starved(struct http_transfer *t)
{
	return say(t, HTTP_NO_RESOURCES, "out of memory for a request to %s", t->name);
}

static enum http_end refused(struct http_transfer *t)
{
	return say(t, HTTP_REFUSED, "nothing listens on %s", t->name);
}

/*
 * Of the two addresses of localhost libcurl tells how one ended, and that may
 * be ::1 where there is no IPv6. The other one is always there: it did not
 * accept, it was not silent, so it has refused.
 */
static bool is_about_ipv6(const struct http_transfer *t, long os_errno)
{
	return t->localhost && (os_errno == 0 || os_errno == EADDRNOTAVAIL ||
					       os_errno == EAFNOSUPPORT || os_errno == ENETUNREACH);
}

/*
 * Of these libcurl tells how one ended, too, and perhaps not the one that had no
 * port of ours, which only another attempt can show. Of a single address it has
 * told, and a service that is away is not called on a second time.
 */
static bool lacks_port(const struct http_transfer *t, long os_errno)
{
	struct h2_address to[H2_ADDRESSES];
	unsigned n = t->target->kind == TARGET_UNIX ? 0 : h2_addresses(to, t->target);
	bool lacks = false;

	if (!t->localhost && os_errno != EADDRNOTAVAIL) {
		return false;
	}
	for (unsigned i = 0; i < n && !lacks; i++) {
		int fd = h2_address_connect(&to[i], 0);
		lacks = fd < 0 && errno == EADDRINUSE;
		if (fd >= 0) {
			h2_address_drop(fd);
		}
	}
	return lacks;
}

bool curl_http_was_dropped(struct http_transfer *t)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	return t->n_opened++ > 0 && h2_address_was_taken((int)os_errno);
}

static enum http_end classify_connect(struct http_transfer *t)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (t->socket_errno != 0) {
		return say(t, HTTP_NO_RESOURCES, "no socket for %s: %s", t->name,
				strerror(t->socket_errno));
	}
	if (lacks_port(t, os_errno)) {
		return say(t, HTTP_NO_RESOURCES, "no connection to %s: %s", t->name,
				h2_address_says(EADDRINUSE));
	}
	if (h2_address_was_taken((int)os_errno)) {
		return say(t, HTTP_BROKEN, "the connection to %s ended before an answer: %s",
				t->name, strerror((int)os_errno));
	}
	if (os_errno == ECONNREFUSED || os_errno == ENOENT || is_about_ipv6(t, os_errno)) {
		return refused(t);
	}
	return say(t, HTTP_UNREACHABLE, "%s cannot be reached: %s", t->name,
			os_errno != 0 ? strerror((int)os_errno) : "no connection");
}

/*
 * A TCP socket can connect to itself: when nothing listens on a port of the
 * ephemeral range and the kernel picks that very port as the source. What we
 * said is then what we hear.
 */
static bool is_self(const struct http_transfer *t)
{
	const char *local = NULL, *peer = NULL;
	long local_port = 0, peer_port = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_LOCAL_IP, &local);
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &peer);
	(void)curl_easy_getinfo(t->easy, CURLINFO_LOCAL_PORT, &local_port);
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &peer_port);
	return local_port != 0 && local_port == peer_port && local != NULL && peer != NULL &&
	       strcmp(local, peer) == 0;
}

/* ---- TLS ------------------------------------------------------------------------- */

static enum http_end classify_certificate(struct http_transfer *t)
{
	long verdict = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (verdict == TLS_PROBLEM_MEMORY) {
		return starved(t);
	}
	if (verdict <= 1) { /* OpenSSL has no complaint: it is libcurl that misses the name */
		verdict = TLS_PROBLEM_NAME;
	}
	tls_problem_sentence(t->why, sizeof t->why, verdict, t->name, t->expected);
	return HTTP_TLS;
}

/* OpenSSL says it better than libcurl, when it is asked for the same again. */
static enum http_end classify_files(struct http_transfer *t)
{
	struct ssl_ctx_st *context = tls_context_make(t->tls, "probe.tls", t->why, sizeof t->why);

	if (context != NULL) { /* they have come meanwhile */
		tls_context_free(context);
		(void)say(t, HTTP_TLS_FILES, "a file of probe.tls could not be used");
	}
	return HTTP_TLS_FILES;
}

static enum http_end classify_handshake(struct http_transfer *t, char *detail)
{
	enum tls_complaint complaint = tls_complaint_of(detail);
	bool shown = t->tls->cert_file[0] != '\0';

	tls_complaint_cut(detail);
	switch (complaint) {
	case TLS_COMPLAINT_OURS:
		return say(t, HTTP_TLS,
				shown ? "%s does not take our certificate: %s"
				      : "%s wants a certificate of ours: %s",
				t->name, detail);
	case TLS_COMPLAINT_MEMORY:
		return starved(t);
	case TLS_COMPLAINT_PLAIN:
		return say(t, HTTP_TLS, "%s does not answer in TLS, which probe.tls asks for",
				t->name);
	case TLS_COMPLAINT_OTHER:
		break;
	}
	return say(t, HTTP_TLS, "TLS with %s failed: %s", t->name, detail);
}

/* ---- the rest -------------------------------------------------------------------- */

static enum http_end classify_break(struct http_transfer *t, CURLcode code, char *detail)
{
	enum tls_complaint complaint =
			t->tls != NULL ? tls_complaint_of(detail) : TLS_COMPLAINT_OTHER;

	if (complaint == TLS_COMPLAINT_OURS || complaint == TLS_COMPLAINT_MEMORY) {
		return classify_handshake(t, detail); /* with TLS 1.3 it comes after it */
	}
	if (t->tls != NULL && !t->proven && t->status == 0) {
		bool shown = t->tls->cert_file[0] != '\0'; /* and its word may get lost */
		return say(t, HTTP_TLS, "%s hung up: perhaps it %s certificate of ours", t->name,
				shown ? "does not take the" : "wants a");
	}
	return say(t, HTTP_BROKEN, "the connection to %s ended before %s: %s", t->name,
			t->status != 0 ? "the whole answer" : "an answer",
			curl_easy_strerror(code));
}

static enum http_end not_http(struct http_transfer *t)
{
	return is_self(t) ? refused(t)
			  : say(t, HTTP_NOT_HTTP, "%s does not answer in HTTP", t->name);
}

/*
 * libcurl before 8.6 says of a line that has no end what it says without memory. With a
 * status it is the server's headers; before that it is ours once, and the
 * server's when another request meets the same before one is answered.
 */
static bool is_endless(struct http_transfer *t)
{
	curl_off_t spoke = 0;
	bool before = t->doubted;

	(void)curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &spoke);
	t->doubted = before || spoke > 0;
	return t->status != 0 || (before && spoke > 0);
}

enum http_end curl_http_end(struct http_transfer *t, int code)
{
	char detail[sizeof t->why];
	long status = 0;

	memcpy(detail, t->why, sizeof detail);
	t->why[0] = '\0';
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->status = (int)status;
	if (t->nonsense) {
		return not_http(t);
	}
	if (t->flooded) {
		return say(t, HTTP_NOT_HTTP, "%s sends headers without end", t->name);
	}
	if (status != 0 && (code == CURLE_OK || t->stopped)) {
		t->proven = true;
		t->doubted = false;
		return HTTP_ANSWERED;
	}
	if (t->starved) {
		return starved(t);
	}
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return classify_connect(t);
	case CURLE_OPERATION_TIMEDOUT:
		return say(t, HTTP_TIMEOUT, "no %sanswer from %s in time",
				status != 0 ? "whole " : "", t->name);
	case CURLE_PEER_FAILED_VERIFICATION:
		return classify_certificate(t);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return classify_files(t);
	case CURLE_SSL_CONNECT_ERROR:
		return classify_handshake(t, detail);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case TOO_LARGE:
		return not_http(t);
	case CURLE_OUT_OF_MEMORY:
		return is_endless(t) ? not_http(t) : starved(t);
	case CURLE_WRITE_ERROR: /* the body that was to be kept had no room */
		return say(t, HTTP_NO_RESOURCES, "out of memory for the answer of %s", t->name);
	}
	return classify_break(t, (CURLcode)code, detail);
}
