/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_end - libcurl's codes as ends and sentences.
 *
 * Some servers can only be guessed at: one that speaks plain text hangs up on
 * a TLS handshake, one that speaks TLS hangs up on plain text, and one that
 * misses a certificate of ours may hang up before its complaint is read. Their
 * sentences say what it could be and what to set, until the server has
 * answered once: after that, who hangs up is ill.
 */
#include "agent/net/curl_end.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/net/curl_target.h"
#include "agent/net/tls_complaint.h"
#include "agent/net/tls_problem.h"
#include "agent/util.h"

/* ---- the connection or the server ------------------------------------------------ */

/* Failures that say more about the connection than about the server. */
static bool is_of_connection(const struct carrier_request *r, CURLcode code)
{
	switch ((int)code) {
	case CURLE_OK:
		return !r->status.seen;
	case CURLE_COULDNT_CONNECT:
		return !r->fresh; /* we refused it a socket: what it wanted to join is gone */
	case CURLE_HTTP2:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
		return !r->status.seen;
	}
	return false;
}

/* Whether the connection was there before the request. */
static bool was_joined(const struct carrier_request *r)
{
	long connects = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_NUM_CONNECTS, &connects);
	return !r->fresh || connects == 0;
}

bool curl_end_is_connection_failure(const struct carrier_request *r, int code)
{
	return is_of_connection(r, (CURLcode)code) && was_joined(r);
}

/* ---- sentences --------------------------------------------------------------------- */

static enum carrier_end say(struct carrier_request *r, enum carrier_end end, const char *format,
		...) __attribute__((format(printf, 3, 4)));

static enum carrier_end say(
		struct carrier_request *r, enum carrier_end end, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(r->why, sizeof r->why, format, args);
	va_end(args);
	return end;
}

static enum carrier_end classify_refusal(struct carrier_request *r)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (os_errno == ECONNREFUSED) {
		return say(r, CARRIER_REFUSED, "nothing listens on %s", r->target->name);
	}
	return say(r, CARRIER_UNREACHABLE, "%s cannot be reached: %s", r->target->name,
			os_errno != 0 ? strerror((int)os_errno) : "no connection");
}

/* ---- TLS ------------------------------------------------------------------------------ */

static enum carrier_end classify_certificate(struct carrier_request *r)
{
	long verdict = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (verdict <= 1) { /* OpenSSL has no complaint: it is libcurl that misses the name */
		verdict = TLS_PROBLEM_NAME;
	}
	tls_problem_sentence(r->why, sizeof r->why, verdict, r->target->name, r->target->expected);
	return CARRIER_TLS;
}

static enum carrier_end classify_files(struct carrier_request *r, int code, const char *detail)
{
	const struct tls_settings *tls = r->target->tls;
	const char *const paths[] = { tls->ca_file, tls->cert_file, tls->key_file };
	const char *name = r->target->name;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (paths[i][0] != '\0' && access(paths[i], R_OK) < 0) {
			return say(r, CARRIER_TLS, "no connection to %s: %s cannot be read: %s",
					name, paths[i], strerror(errno));
		}
	}
	if (code == CURLE_SSL_CACERT_BADFILE && tls->ca_file[0] == '\0') {
		return say(r, CARRIER_TLS,
				"no connection to %s: the system's authorities cannot be read "
				"(etcd.tls.ca_file names others)",
				name);
	}
	if (code == CURLE_SSL_CACERT_BADFILE) {
		return say(r, CARRIER_TLS, "no connection to %s: %s holds no certificates", name,
				tls->ca_file);
	}
	if (strcasestr(detail, "private key") != NULL) {
		return say(r, CARRIER_TLS, "no connection to %s: %s holds no key to %s", name,
				tls->key_file, tls->cert_file);
	}
	return say(r, CARRIER_TLS, "no connection to %s: %s holds no certificate", name,
			tls->cert_file);
}

/* `sure`: it said so. TLS 1.3 may lose its word when it hangs up on us while we send. */
static enum carrier_end say_ours(struct carrier_request *r, const char *detail, bool sure)
{
	const char *name = r->target->name, *cert = r->target->tls->cert_file;

	if (cert[0] == '\0') {
		return say(r, CARRIER_TLS, "%s %swants a certificate of ours (etcd.tls.cert_file)",
				name, sure ? "" : "hung up: perhaps it ");
	}
	if (!sure) {
		return say(r, CARRIER_TLS,
				"%s hung up: perhaps it does not take our certificate %s", name,
				cert);
	}
	return say(r, CARRIER_TLS, "%s does not take our certificate %s: %s", name, cert, detail);
}

static enum carrier_end classify_handshake(struct carrier_request *r, char *detail)
{
	const char *name = r->target->name;
	enum tls_complaint complaint = tls_complaint_of(detail);

	tls_complaint_cut(detail);
	switch (complaint) {
	case TLS_COMPLAINT_OURS:
		return say_ours(r, detail, true);
	case TLS_COMPLAINT_PLAIN:
		return say(r, CARRIER_TLS, "%s does not answer in TLS%s", name,
				r->target->proven ? ""
						  : ": perhaps it wants http:// and not https://");
	case TLS_COMPLAINT_OTHER:
		break;
	}
	return say(r, CARRIER_TLS, "no TLS connection to %s: %s", name, detail);
}

/* ---- the rest ------------------------------------------------------------------------- */

static bool spoke_http1(const struct carrier_request *r)
{
	long version = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version);
	return r->target->tls != NULL &&
	       (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1);
}

/* Whoever speaks TLS, or wants more of it than we gave, hangs up at the beginning. */
static enum carrier_end classify_break(struct carrier_request *r, CURLcode code, char *detail)
{
	const char *name = r->target->name;
	const char *what = code == CURLE_OK ? "no grpc-status" : curl_easy_strerror(code);
	bool sure = tls_complaint_of(detail) == TLS_COMPLAINT_OURS;
	bool at_first = r->status.http == 0 && is_of_connection(r, code) && !was_joined(r) &&
			(sure || !r->target->proven);

	if (r->status.http != 0 && !r->status.grpc_type) {
		return say(r, CARRIER_NOT_GRPC, "%s does not speak gRPC (HTTP status %d)", name,
				r->status.http);
	}
	if (at_first && r->target->tls == NULL) {
		return say(r, CARRIER_BROKEN,
				"the connection to %s broke at its beginning: %s (does it want "
				"https://?)",
				name, what);
	}
	if (at_first) {
		tls_complaint_cut(detail);
		return say_ours(r, detail, sure);
	}
	return say(r, CARRIER_BROKEN, "the connection to %s broke: %s", name, what);
}

enum carrier_end curl_end_classify(struct carrier_request *r, int code)
{
	const char *name = r->target->name;
	char detail[sizeof r->why];

	memcpy(detail, r->why, sizeof detail);
	r->why[0] = '\0';
	if (spoke_http1(r)) {
		return say(r, CARRIER_NOT_GRPC, "%s does not speak HTTP/2 over TLS", name);
	}
	if (grpc_status_complete(&r->status)) {
		r->target->proven = true;
		return CARRIER_ANSWERED;
	}
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return say(r, CARRIER_UNREACHABLE, "the name in %s cannot be resolved", name);
	case CURLE_COULDNT_CONNECT:
		return classify_refusal(r);
	case CURLE_OPERATION_TIMEDOUT:
		return say(r, CARRIER_TIMEOUT, "no answer from %s in time", name);
	case CURLE_PEER_FAILED_VERIFICATION:
		return classify_certificate(r);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return classify_files(r, code, detail);
	case CURLE_SSL_CONNECT_ERROR:
		return classify_handshake(r, detail);
	case CURLE_WRITE_ERROR:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return say(r, CARRIER_NOT_GRPC, "%s does not answer as etcd does", name);
	}
	return classify_break(r, (CURLcode)code, detail);
}
