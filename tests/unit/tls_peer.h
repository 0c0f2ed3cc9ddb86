/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

/*
 * tls_peer - a TLS server without a socket, with an authority that signs its
 * certificates. Its files are in a folder of its own and go with it.
 */

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_peer {
	char folder[32];
	EVP_PKEY *ca_key, *stranger_key;
	X509 *ca, *stranger;
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
};

/* What tls_peer_issue signs. Zeroed: for DNS:localhost, by the authority, valid now. */
struct tls_wish {
	const char *names; /* like "DNS:a,IP:127.0.0.1" */
	bool stranger;     /* signed by an authority that nobody trusts */
	bool expired;
	const char *password; /* of the key file */
};

/* The folder holds ca.pem then. */
void tls_peer_init(struct tls_peer *p);
void tls_peer_finish(struct tls_peer *p);

/* The path of a file in the folder; two are valid at a time. */
char *tls_peer_path(const struct tls_peer *p, const char *name);

#define TLS_PEER_PATH 64
void tls_peer_copy_path(char out[TLS_PEER_PATH], const struct tls_peer *p, const char *name);

/* Writes NAME.pem and NAME.key. */
void tls_peer_issue(struct tls_peer *p, const char *name, const struct tls_wish *wish);

/* A server with that certificate, which agrees on `alpn` (NULL: on nothing). */
void tls_peer_serve(struct tls_peer *p, const char *name, const char *alpn);

/* Clients must show a certificate of the authority. Before the connection begins. */
void tls_peer_demand(struct tls_peer *p);

/* A connection at its beginning, in place of an earlier one. */
void tls_peer_connect(struct tls_peer *p);

#endif
