/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/tls_servers.h"

#include <stdlib.h>

#include "agent/util.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/tls_peer.h"

#define RIGHT "DNS:localhost,DNS:coupon.local,IP:127.0.0.1"
#define WRONG "DNS:other,DNS:*host,DNS:*.coupon.local,IP:127.0.0.2"

const char *const tls_names[TLS_NAMES] = { "localhost", "coupon.local" };

/* clang-format off */
const struct tls_server tls_servers[TLS_SERVERS] = {
	{ .alpn = "h2" },
	{ .alpn = "h2", .old = true },
	{ .alpn = "h2", .asks = true },
	{ .alpn = "h2", .asks = true, .old = true },
	{ .alpn = "h2", .stranger = true, .what = "is signed by an authority that is not trusted here" },
	{ .alpn = "h2", .expired = true,  .what = "has expired" },
	{ .alpn = "h2", .names = WRONG,   .what = "does not hold the name that it must have" },
	{ .alpn = NULL,                   .what = "does not agree on HTTP/2" },
	{ .alpn = "http/1.1", .old = true, .what = "" }, /* OpenSSL may say it in words of its own */
};
/* clang-format on */

static struct {
	struct tls_peer peer;
	SSL_CTX *contexts[TLS_SERVERS];
	EVP_PKEY *key;
	char ca[TLS_PEER_PATH], cert[TLS_PEER_PATH], private[TLS_PEER_PATH];
} made;

static void clean_up(void)
{
	for (size_t i = 0; i < TLS_SERVERS; i++) {
		SSL_CTX_free(made.contexts[i]);
	}
	EVP_PKEY_free(made.key);
	tls_peer_finish(&made.peer);
}

static SSL_CTX *make(const struct tls_server *server)
{
	const struct tls_wish wish = { .names = server->names != NULL ? server->names : RIGHT,
		.stranger = server->stranger,
		.expired = server->expired };

	tls_peer_issue(&made.peer, "server", &wish);
	tls_peer_serve(&made.peer, "server", server->alpn);
	if (server->asks) {
		tls_peer_demand(&made.peer);
	}
	SSL_CTX *context = made.peer.context;
	made.peer.context = NULL;
	HOLDS(!server->old || SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1);
	return context;
}

static void prepare(void)
{
	if (made.key != NULL) {
		return;
	}
	tls_peer_init(&made.peer);
	tls_peer_issue(&made.peer, "client", &(struct tls_wish){ 0 });
	tls_peer_copy_path(made.ca, &made.peer, "ca.pem");
	tls_peer_copy_path(made.cert, &made.peer, "client.pem");
	tls_peer_copy_path(made.private, &made.peer, "client.key");
	for (size_t i = 0; i < TLS_SERVERS; i++) {
		made.contexts[i] = make(&tls_servers[i]);
	}
	made.key = EVP_EC_gen("P-256");
	HOLDS(made.key != NULL && atexit(clean_up) == 0);
}

SSL *tls_servers_connect(unsigned number)
{
	prepare();
	SSL *ssl = SSL_new(made.contexts[number]);
	HOLDS(ssl != NULL);
	SSL_set_accept_state(ssl);
	return ssl;
}

const struct tls_settings *tls_servers_client(bool insecure, bool shown)
{
	static char none[] = "";
	static struct tls_settings all[2][2];
	struct tls_settings *s = &all[insecure][shown];

	prepare();
	*s = (struct tls_settings){ .on = true,
		.ca_file = made.ca,
		.cert_file = shown ? made.cert : none,
		.key_file = shown ? made.private : none,
		.server_name = none,
		.insecure_skip_verify = insecure };
	return s;
}

X509 *tls_servers_ca(void)
{
	prepare();
	return made.peer.ca;
}

EVP_PKEY *tls_servers_ca_key(void)
{
	prepare();
	return made.peer.ca_key;
}

EVP_PKEY *tls_servers_key(void)
{
	prepare();
	return made.key;
}
