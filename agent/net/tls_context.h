/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_CONTEXT_H
#define AGENT_NET_TLS_CONTEXT_H

/* tls_context - the files of a `tls` section, made ready for connections. */

#include <stddef.h>

#include "agent/err.h"
#include "agent/net/tls_settings.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/*
 * Loads OpenSSL, which takes some milliseconds when it is not there yet; whatever
 * needs TLS is set up after it. -1 with *err filled.
 */
int tls_context_prepare(struct err *err);

/*
 * Reads the files, and loads OpenSSL where nobody has. TLS 1.2 or later, ALPN h2
 * alone, nothing is resumed. The caller owns the result; NULL when a file cannot
 * be used, and then `sentence` names the file and says why; `section` is what its
 * keys begin with.
 */
struct ssl_ctx_st *tls_context_make(const struct tls_settings *settings, const char *section,
		char *sentence, size_t size);

/* Accepts NULL. Sessions that were made from it live on. */
void tls_context_free(struct ssl_ctx_st *context);

#endif
