/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/tls_complaint.h"

#include <stddef.h>
#include <string.h>

#include "agent/util.h"

/* clang-format off */
static const struct {
	const char *words; /* OpenSSL's */
	enum tls_complaint complaint;
} complaints[] = {
	{ "alert bad certificate",         TLS_COMPLAINT_OURS   }, /* Go says so for a missing one too */
	{ "alert certificate",             TLS_COMPLAINT_OURS   }, /* required, unknown, expired, revoked */
	{ "alert unsupported certificate", TLS_COMPLAINT_OURS   },
	{ "alert unknown ca",              TLS_COMPLAINT_OURS   },
	{ "alert access denied",           TLS_COMPLAINT_OURS   },
	{ "alert handshake failure",       TLS_COMPLAINT_OURS   }, /* OpenSSL, TLS 1.2, a missing one */
	{ "malloc failure",                TLS_COMPLAINT_MEMORY },
	{ "wrong version number",          TLS_COMPLAINT_PLAIN  },
	{ "packet length too long",        TLS_COMPLAINT_PLAIN  },
	{ "http request",                  TLS_COMPLAINT_PLAIN  },
	{ "unexpected eof",                TLS_COMPLAINT_PLAIN  },
	{ "SSL_ERROR_SYSCALL",             TLS_COMPLAINT_PLAIN  }, /* closed without a word */
	{ "Connection reset",              TLS_COMPLAINT_PLAIN  },
};
/* clang-format on */

enum tls_complaint tls_complaint_of(const char *detail)
{
	for (size_t i = 0; i < ARRAY_LEN(complaints); i++) {
		if (strstr(detail, complaints[i].words) != NULL) {
			return complaints[i].complaint;
		}
	}
	return TLS_COMPLAINT_OTHER;
}

void tls_complaint_cut(char *detail)
{
	char *found = strstr(detail, "::");

	if (found != NULL) {
		memmove(detail, found + 2, strlen(found + 2) + 1);
		detail[strcspn(detail, ",")] = '\0';
	}
}
