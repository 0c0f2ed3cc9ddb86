/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tls_peer.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/util.h"

#define DAY 86400L

/* Not the test's subject: without it there is no test. */
static void must(bool done)
{
	if (!done) {
		perror("tls_peer");
		abort();
	}
}

char *tls_peer_path(const struct tls_peer *p, const char *name)
{
	static char paths[2][TLS_PEER_PATH];
	static unsigned next;
	char *path = paths[next++ % 2];

	tls_peer_copy_path(path, p, name);
	return path;
}

void tls_peer_copy_path(char out[TLS_PEER_PATH], const struct tls_peer *p, const char *name)
{
	(void)snprintf(out, TLS_PEER_PATH, "%s/%s", p->folder, name);
}

static FILE *open_file(const struct tls_peer *p, const char *name, const char *ending)
{
	char whole[32];

	(void)snprintf(whole, sizeof whole, "%s.%s", name, ending);
	FILE *file = fopen(tls_peer_path(p, whole), "we");
	must(file != NULL);
	return file;
}

static void extend(X509 *cert, int nid, const char *value)
{
	X509V3_CTX about;

	X509V3_set_ctx_nodb(&about);
	X509V3_set_ctx(&about, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &about, nid, value);
	must(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static X509 *make_cert(EVP_PKEY *key, const char *common_name, bool expired)
{
	static long serial;
	X509 *cert = X509_new();

	must(cert != NULL);
	X509_NAME *name = X509_get_subject_name(cert);
	must(X509_set_version(cert, X509_VERSION_3) == 1);
	must(ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial) == 1);
	must(X509_gmtime_adj(X509_getm_notBefore(cert), -2 * DAY) != NULL);
	must(X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -DAY : DAY) != NULL);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)common_name, -1, -1, 0) == 1);
	must(X509_set_pubkey(cert, key) == 1);
	return cert;
}

static X509 *make_authority(EVP_PKEY **key, const char *name)
{
	*key = EVP_EC_gen("P-256");
	must(*key != NULL);
	X509 *cert = make_cert(*key, name, false);
	extend(cert, NID_basic_constraints, "critical,CA:TRUE");
	must(X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1);
	must(X509_sign(cert, *key, EVP_sha256()) != 0);
	return cert;
}

void tls_peer_init(struct tls_peer *p)
{
	memset(p, 0, sizeof *p);
	(void)strcpy(p->folder, "/tmp/tls_peer.XXXXXX");
	must(mkdtemp(p->folder) != NULL);
	p->ca = make_authority(&p->ca_key, "authority");
	p->stranger = make_authority(&p->stranger_key, "stranger");
	FILE *file = open_file(p, "ca", "pem");
	must(PEM_write_X509(file, p->ca) == 1);
	(void)fclose(file);
}

void tls_peer_finish(struct tls_peer *p)
{
	static const char *const names[] = { "ca.pem", "server.pem", "server.key", "client.pem",
		"client.key", "other.pem", "other.key" };

	SSL_free(p->ssl);
	SSL_CTX_free(p->context);
	X509_free(p->ca);
	X509_free(p->stranger);
	EVP_PKEY_free(p->ca_key);
	EVP_PKEY_free(p->stranger_key);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)unlink(tls_peer_path(p, names[i]));
	}
	must(rmdir(p->folder) == 0);
}

void tls_peer_issue(struct tls_peer *p, const char *name, const struct tls_wish *wish)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *by = wish->stranger ? p->stranger : p->ca;
	const char *password = wish->password;

	must(key != NULL);
	X509 *cert = make_cert(key, name, wish->expired);
	extend(cert, NID_subject_alt_name, wish->names != NULL ? wish->names : "DNS:localhost");
	must(X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1);
	must(X509_sign(cert, wish->stranger ? p->stranger_key : p->ca_key, EVP_sha256()) != 0);
	FILE *file = open_file(p, name, "pem");
	must(PEM_write_X509(file, cert) == 1);
	(void)fclose(file);
	file = open_file(p, name, "key");
	must(PEM_write_PKCS8PrivateKey(file, key, password != NULL ? EVP_aes_128_cbc() : NULL,
			     password, password != NULL ? (int)strlen(password) : 0, NULL,
			     NULL) == 1);
	(void)fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n_out,
		const unsigned char *in, unsigned n_in, void *agreed)
{
	UNUSED(ssl);
	UNUSED(in);
	UNUSED(n_in);
	*out = agreed;
	*n_out = (unsigned char)strlen(agreed);
	return SSL_TLSEXT_ERR_OK;
}

/* That name, for good: a server refers to it for as long as it lives. */
static char *keep(const char *alpn)
{
	static char kept[4][16];
	size_t i = 0;

	while (kept[i][0] != '\0' && strcmp(kept[i], alpn) != 0) {
		i++;
		must(i < ARRAY_LEN(kept));
	}
	(void)snprintf(kept[i], sizeof kept[i], "%s", alpn);
	return kept[i];
}

void tls_peer_serve(struct tls_peer *p, const char *name, const char *alpn)
{
	char pem[32], key[32];

	(void)snprintf(pem, sizeof pem, "%s.pem", name);
	(void)snprintf(key, sizeof key, "%s.key", name);
	SSL_CTX_free(p->context);
	p->context = SSL_CTX_new(TLS_server_method());
	must(p->context != NULL);
	must(SSL_CTX_use_certificate_file(p->context, tls_peer_path(p, pem), SSL_FILETYPE_PEM) ==
			1);
	must(SSL_CTX_use_PrivateKey_file(p->context, tls_peer_path(p, key), SSL_FILETYPE_PEM) == 1);
	if (alpn != NULL) {
		SSL_CTX_set_alpn_select_cb(p->context, on_alpn, keep(alpn));
	}
}

void tls_peer_demand(struct tls_peer *p)
{
	must(SSL_CTX_load_verify_locations(p->context, tls_peer_path(p, "ca.pem"), NULL) == 1);
	SSL_CTX_set_verify(p->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

void tls_peer_connect(struct tls_peer *p)
{
	SSL_free(p->ssl);
	p->ssl = SSL_new(p->context);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	must(p->ssl != NULL && p->in != NULL && p->out != NULL);
	SSL_set_bio(p->ssl, p->in, p->out);
	SSL_set_accept_state(p->ssl);
}
