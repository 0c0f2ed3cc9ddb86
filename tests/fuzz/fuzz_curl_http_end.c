/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the end of an HTTP transfer means, whatever libcurl says of it: it was answered exactly when
 * a status came and nothing is wrong with it, and then there is no more to say; all else is one
 * sentence that fits and names the server, and a server is believed to have been right before only
 * once it has answered.
 *
 * The input: numbers, three texts (the server, the name in its certificate, libcurl's words). What
 * libcurl itself makes of bytes is fuzz_http_peer.c's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/curl_http_end.h"
#include "agent/net/curl_library.h"
#include "agent/net/tls_complaint.h"
#include "agent/net/tls_problem.h"
#include "tests/fuzz/fuzz.h"

#define TOO_LARGE 100 /* CURLE_TOO_LARGE, since libcurl 8.6 */

#undef curl_easy_getinfo /* it is replaced, not called */

enum flags {
	TLS = 1,
	SHOWN = 2,
	STOPPED = 4,
	NONSENSE = 8,
	PROVEN = 16,
	LOCALHOST = 32,
	SELF = 64,
	SOCKET = 128
};
#define SPOKE PROVEN /* it has spoken before, and now */

#define FLOODED 128 /* beside the code, which is less */

/* What libcurl knows of the transfer. */
static struct played {
	long status, error, verdict;
	bool self;
	curl_off_t spoke; /* microseconds; 0: it did not */
} played;

static void put_long(va_list args, long value)
{
	long *out = va_arg(args, long *);

	*out = value;
}

static CURLcode tell(CURL *easy, CURLINFO what, ...)
{
	va_list args;
	const char **text;

	HOLDS(easy == &played);
	va_start(args, what);
	switch ((unsigned)what) {
	case CURLINFO_RESPONSE_CODE:
		put_long(args, played.status);
		break;
	case CURLINFO_OS_ERRNO:
		put_long(args, played.error);
		break;
	case CURLINFO_SSL_VERIFYRESULT:
		put_long(args, played.verdict);
		break;
	case CURLINFO_STARTTRANSFER_TIME_T:
		*va_arg(args, curl_off_t *) = played.spoke;
		break;
	case CURLINFO_LOCAL_PORT:
	case CURLINFO_PRIMARY_PORT:
		put_long(args, played.self ? 50051 : what == CURLINFO_LOCAL_PORT ? 40000 : 80);
		break;
	case CURLINFO_LOCAL_IP:
	case CURLINFO_PRIMARY_IP:
		text = va_arg(args, const char **);
		*text = "127.0.0.1";
		break;
	default:
		fuzz_broken("it asks for nothing else", __FILE__, __LINE__);
	}
	va_end(args);
	return CURLE_OK;
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text);
}

/* Of TLS libcurl tells only where there is some. */
static bool is_about_tls(int code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
	       code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CONNECT_ERROR;
}

/* Which ends there can be for each code, from the words of http_end alone. */
static void expect_kind(const struct http_transfer *t, enum http_end end, int code, bool starved)
{
	bool tls = end == HTTP_TLS || end == HTTP_TLS_FILES;

	HOLDS(!t->flooded || t->nonsense || end == HTTP_NOT_HTTP);
	HOLDS(end != HTTP_TIMEOUT || code == CURLE_OPERATION_TIMEDOUT);
	HOLDS(!tls || t->tls != NULL);
	HOLDS(end != HTTP_REFUSED || t->nonsense || code == CURLE_COULDNT_CONNECT ||
			code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
			code == CURLE_OUT_OF_MEMORY || code == TOO_LARGE);
	HOLDS(end != HTTP_REFUSED || code == CURLE_COULDNT_CONNECT || played.self);
	HOLDS(end != HTTP_NO_RESOURCES || t->socket_errno != 0 || code == CURLE_OUT_OF_MEMORY ||
			code == CURLE_WRITE_ERROR || starved);
	HOLDS(!t->starved || t->nonsense || t->flooded || end == HTTP_ANSWERED ||
			end == HTTP_NO_RESOURCES);
	HOLDS(code != CURLE_COULDNT_CONNECT || t->nonsense || t->flooded || t->socket_errno == 0 ||
			end == HTTP_NO_RESOURCES || end == HTTP_ANSWERED);
	HOLDS(end != HTTP_BROKEN || t->tls == NULL || t->proven || t->status != 0);
}

static void end_of(struct http_transfer *t, int code, bool proven)
{
	bool words = fuzz_is_harmless(t->why) && fuzz_is_harmless(t->name);
	bool ascii = words && fuzz_is_harmless(t->expected);
	bool starved = t->starved ||
		       (t->tls != NULL && (strstr(t->why, "malloc failure") != NULL ||
							  played.verdict == TLS_PROBLEM_MEMORY));
	bool blamed = tls_complaint_of(t->why) == TLS_COMPLAINT_OURS;
	enum http_end end = curl_http_end(t, code);
	bool answered = played.status != 0 && !t->nonsense && !t->flooded &&
			(code == CURLE_OK || t->stopped);

	HOLDS(end <= HTTP_NO_RESOURCES && t->status == (int)played.status);
	HOLDS((end == HTTP_ANSWERED) == answered);
	HOLDS(t->proven == (proven || answered));
	HOLDS(strnlen(t->why, sizeof t->why) < sizeof t->why);
	HOLDS((t->why[0] == '\0') == answered);
	HOLDS(answered || end == HTTP_TLS || end == HTTP_TLS_FILES ||
			strstr(t->why, t->name) != NULL);
	HOLDS(!ascii || strlen(t->why) + 1 == sizeof t->why || fuzz_is_harmless(t->why));
	HOLDS(end != HTTP_TLS || is_about_tls(code) || blamed || (!proven && t->status == 0));
	expect_kind(t, end, code, starved);
}

/* The same again: a server that speaks without an end cannot have it that we lack memory. */
static void expect_no_end(struct http_transfer *t, int code)
{
	bool spoke = played.spoke > 0 || played.status != 0;

	if (code == CURLE_OUT_OF_MEMORY && !t->nonsense && !t->stopped && !t->flooded &&
			!t->starved) {
		HOLDS((curl_http_end(t, code) == HTTP_NO_RESOURCES) == !spoke);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char none[] = "", file[] = "/nowhere/certificate.pem";
	struct fuzz_bytes in = { data, size };
	uint8_t flags = fuzz_u8(&in), what = fuzz_u8(&in);
	int code = what & ~FLOODED;
	const struct tls_settings settings = { .on = true,
		.ca_file = file,
		.cert_file = (flags & SHOWN) != 0 ? file : none,
		.key_file = none,
		.server_name = none };
	static const struct target local = { .kind = TARGET_UNIX }; /* it needs no port of ours */
	struct http_transfer t = { .easy = &played,
		.target = &local,
		.tls = (flags & TLS) != 0 ? &settings : NULL,
		.localhost = (flags & LOCALHOST) != 0,
		.stopped = (flags & STOPPED) != 0,
		.nonsense = (flags & NONSENSE) != 0,
		.flooded = (what & FLOODED) != 0,
		.proven = (flags & PROVEN) != 0,
		.socket_errno = (flags & SOCKET) != 0 ? EMFILE : 0 };
	struct err err;

	HOLDS(curl_http_prepare(&err) == 0);
	curl_library.curl_easy_getinfo = tell;
	played = (struct played){ .status = fuzz_u16(&in) % 1000,
		.error = fuzz_u8(&in),
		.verdict = fuzz_u8(&in),
		.self = (flags & SELF) != 0 };
	t.starved = (played.verdict & 128) != 0;
	played.verdict &= 127;
	played.spoke = (flags & SPOKE) != 0 ? 7 : 0;
	char *name = fuzz_take_text(&in), *expected = fuzz_take_text(&in);
	char *words = fuzz_take_text(&in);
	copy(t.name, sizeof t.name, name);
	copy(t.expected, sizeof t.expected, expected);
	copy(t.why, sizeof t.why, words);
	if (!is_about_tls(code) || t.tls != NULL) {
		end_of(&t, code, t.proven);
		expect_no_end(&t, code);
	}
	free(name);
	free(expected);
	free(words);
	return 0;
}
