/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_problem - OpenSSL's verdicts on a certificate and the alerts of RFC 8446,
 * gathered by what the reader has to do about them. The numbers of the verdicts
 * are part of OpenSSL's interface; a pure module does not include its headers.
 */
#include "agent/net/tls_problem.h"

#include <stdio.h>

#include "agent/util.h"

#define NAME_SIZE 300 /* the longest host with a port and then some */

struct problem {
	long code;
	const char *what;   /* "the certificate of PEER ..." */
	const char *wanted; /* "expected ... for NAME" */
};

static const char untrusted[] = "is signed by an authority that is not trusted here";
static const char vouched[] = "one that a trusted authority gave";
static const char another[] = "does not hold the name that it must have";
static const char sound[] = "a valid one";
static const char weak[] = "has too weak a key or signature";
static const char strong[] = "a stronger one";

/* clang-format off */
static const struct problem problems[] = {
	{ 2,                untrusted,                          vouched },
	{ 7,                untrusted,                          vouched }, /* signature failure */
	{ 9,                "is not valid yet",                 sound },
	{ 10,               "has expired",                      sound },
	{ 18,               "is signed by nobody but itself",   vouched },
	{ 19,               untrusted,                          vouched },
	{ 20,               untrusted,                          vouched },
	{ 21,               untrusted,                          vouched },
	{ 23,               "has been revoked",                 sound },
	{ 26,               "is not meant for a server",        "one for servers" },
	{ 66,               weak,                               strong },
	{ 67,               weak,                               strong },
	{ 68,               weak,                               strong },
	{ TLS_PROBLEM_NAME, another,                            "one" },
	{ 64,               another,                            "one" }, /* an IP address */
};
/* clang-format on */

static void copy_printable(char out[NAME_SIZE], const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < NAME_SIZE; n++) {
		out[n] = text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?';
	}
	out[n] = '\0';
}

void tls_problem_sentence(char *out, size_t size, long code, const char *peer, const char *expected)
{
	char called[NAME_SIZE];
	char name[NAME_SIZE];

	copy_printable(called, peer);
	copy_printable(name, expected);
	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		if (problems[i].code == code) {
			(void)snprintf(out, size,
					"the certificate of %s %s (expected %s for \"%s\")", called,
					problems[i].what, problems[i].wanted, name);
			return;
		}
	}
	(void)snprintf(out, size,
			"the certificate of %s was not taken, by OpenSSL's reason %ld "
			"(expected a valid one for \"%s\")",
			called, code, name);
}

/* ---- alerts ---------------------------------------------------------------------- */

#define ALERT_HANDSHAKE_FAILURE    40
#define ALERT_CERTIFICATE_REQUIRED 116

struct alert {
	int number;
	bool ours; /* it is about our certificate, or about that there is none */
	const char *what;
};

/* clang-format off */
static const struct alert alerts[] = {
	{ ALERT_HANDSHAKE_FAILURE,    false, "has no TLS cipher in common with the agent" },
	{ 42,                         true,  "does not take the certificate of tls.cert_file" },
	{ 43,                         true,  "does not support the kind of certificate in tls.cert_file" },
	{ 44,                         true,  "says that the certificate of tls.cert_file is revoked" },
	{ 45,                         true,  "says that the certificate of tls.cert_file has expired" },
	{ 46,                         true,  "does not take the certificate of tls.cert_file" },
	{ 48,                         true,  "does not trust the authority of tls.cert_file" },
	{ 49,                         true,  "does not allow access with the certificate of tls.cert_file" },
	{ 70,                         false, "speaks another version of TLS: 1.2 is the least here" },
	{ 71,                         false, "wants stronger TLS ciphers than the agent has" },
	{ 112,                        false, "does not know the name that it was asked for (tls.server_name)" },
	{ ALERT_CERTIFICATE_REQUIRED, true,  "wants a client certificate, and none came" },
	{ 120,                        false, "does not offer HTTP/2 over TLS (ALPN h2)" },
};
/* clang-format on */

static const struct alert *find_alert(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(alerts); i++) {
		if (alerts[i].number == number) {
			return &alerts[i];
		}
	}
	return NULL;
}

void tls_problem_alert(char *out, size_t size, int alert, const char *peer, bool asked, bool shown)
{
	char called[NAME_SIZE];
	const struct alert *known = find_alert(alert);
	bool wants = known != NULL && !shown &&
		     (known->ours || (asked && alert == ALERT_HANDSHAKE_FAILURE));

	copy_printable(called, peer);
	if (wants) {
		(void)snprintf(out, size,
				"%s wants a client certificate (tls.cert_file and tls.key_file)",
				called);
	} else if (known != NULL) {
		(void)snprintf(out, size, "%s %s", called, known->what);
	} else {
		(void)snprintf(out, size, "%s ended TLS with alert %d", called, alert);
	}
}
