/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_TLS_SERVERS_H
#define TESTS_FUZZ_TLS_SERVERS_H

/*
 * tls_servers - TLS servers of a few kinds, and the files of their clients, made once for a
 * program.
 *
 * Keys and signatures are new in each program: an input says what happens and not which bytes are
 * on the wire.
 */

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/net/tls_settings.h"

#define TLS_SERVERS 9
#define TLS_NAMES   2 /* under which every server that is well is known, besides 127.0.0.1 */

extern const char *const tls_names[TLS_NAMES];

struct tls_server {
	const char *what;                  /* is wrong, in a client's sentence; NULL: nothing */
	bool stranger, expired, old, asks; /* an authority that is not trusted; TLS 1.2 */
	const char *names, *alpn;          /* NULL: those that are right; none */
};

extern const struct tls_server tls_servers[TLS_SERVERS];

/* One end of a connection to be; the first call makes what all others share. */
SSL *tls_servers_connect(unsigned number);

/* A client's settings: the CA's file, and a certificate when `shown`. */
const struct tls_settings *tls_servers_client(bool insecure, bool shown);

/* The CA, and a key for certificates of one's own. Borrowed. */
X509 *tls_servers_ca(void);
EVP_PKEY *tls_servers_ca_key(void);
EVP_PKEY *tls_servers_key(void);

#endif
