/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server shows certificates that the input has written, in a handshake that is real: what
 * `doctor` sees of them is what stands in them, and is said in lines that steer no terminal, with
 * days that are still to come; a certificate is taken only when our authority has signed it, for
 * our name and for now; and the transport takes one exactly when `doctor` finds nothing wrong.
 *
 * The input: flags, and then one certificate as DER (RAW), which gets our key, what a server says
 * that does not speak TLS (PLAIN), or the parts of one certificate, or of several: a byte each, and
 * what it takes. OpenSSL is not built for fuzzing, so bytes alone would find no way into it.
 */
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/doctor/doctor_certificate.h"
#include "agent/net/h2_tls.h"
#include "agent/util.h"
#include "tests/fuzz/certificates.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tls_servers.h"

#define TURNS 20 /* of a server, before it is too late */

enum flags { RAW = 1, SIGNED = 2, INSECURE = 4, ADDRESS = 8, OLD = 16, ASKS = 32, PLAIN = 128 };

static struct scene {
	uint8_t flags;
	struct certificates shown;
	int fd; /* the server's end of a look */
	SSL *server;
	struct fuzz_bytes plain;
	unsigned turns;
} scene;

/* ---- the server ------------------------------------------------------------------------------ */

static unsigned number_of_server(void)
{
	return ((scene.flags & ASKS) != 0 ? 2u : 0u) + ((scene.flags & OLD) != 0 ? 1u : 0u);
}

/* NULL when OpenSSL would not show it. */
static SSL *make_server(void)
{
	SSL *server = tls_servers_connect(number_of_server());

	SSL_set_security_level(server, 0);
	bool fine = scene.shown.n > 0 && SSL_use_certificate(server, scene.shown.at[0]) == 1 &&
		    SSL_use_PrivateKey(server, tls_servers_key()) == 1;
	for (size_t i = 1; fine && i < scene.shown.n; i++) {
		fine = SSL_add1_chain_cert(server, scene.shown.at[i]) == 1;
	}
	ERR_clear_error();
	if (!fine) {
		SSL_free(server);
		return NULL;
	}
	return server;
}

struct ssl_ctx_st *played_make(const struct tls_settings *settings, const char *section,
		char *sentence, size_t size) __asm__("__wrap_tls_context_make");
struct ssl_ctx_st *real_make(const struct tls_settings *settings, const char *section,
		char *sentence, size_t size) __asm__("__real_tls_context_make");

/* It takes longer than all the rest, and there are only two. */
struct ssl_ctx_st *played_make(const struct tls_settings *settings, const char *section,
		char *sentence, size_t size)
{
	static SSL_CTX *kept[2];
	SSL_CTX **made = &kept[settings->insecure_skip_verify];

	*made = *made != NULL ? *made : real_make(settings, section, sentence, size);
	HOLDS(*made != NULL && SSL_CTX_up_ref(*made) == 1);
	return *made;
}

int played_connect(const struct sockaddr *address, socklen_t len, double deadline) __asm__(
		"__wrap_waiting_connect");
bool played_wait(int fd, short events, double deadline) __asm__("__wrap_waiting_for");

int played_connect(const struct sockaddr *address, socklen_t len, double deadline)
{
	int ends[2];

	UNUSED(address);
	UNUSED(len);
	UNUSED(deadline);
	HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	scene.fd = ends[1];
	scene.turns = 0;
	HOLDS(scene.server == NULL || SSL_set_fd(scene.server, scene.fd) == 1);
	return ends[0];
}

/* Whoever waits for the server waits until it has had its turn. */
bool played_wait(int fd, short events, double deadline)
{
	UNUSED(fd);
	UNUSED(events);
	UNUSED(deadline);
	if (scene.server != NULL) {
		(void)SSL_do_handshake(scene.server);
		ERR_clear_error();
	} else if (scene.plain.left > 0) {
		(void)send(scene.fd, scene.plain.at, scene.plain.left, MSG_NOSIGNAL);
		scene.plain.left = 0;
	} else {
		(void)shutdown(scene.fd, SHUT_RDWR);
	}
	return ++scene.turns < TURNS;
}

/* ---- what is made of it ---------------------------------------------------------------------- */

/* True when it may be taken for now and for `name`. */
static bool may_be_taken(const char *name)
{
	unsigned char *der = NULL;
	int len = i2d_X509(scene.shown.at[0], &der);
	bool found = false;

	for (int i = 0; len > 0 && !found && i + 4 < len; i++) {
		found = der[i] == '*' || memcmp(der + i, "\x7f\0\0\1", 4) == 0 ||
			((size_t)(len - i) >= strlen(name) &&
					strncasecmp((const char *)der + i, name, strlen(name)) ==
							0);
	}
	OPENSSL_free(der);
	return found && (scene.flags & SIGNED) != 0 &&
	       X509_cmp_time(X509_get0_notBefore(scene.shown.at[0]), &(time_t){ time(NULL) + 5 }) <
			       0 &&
	       X509_cmp_time(X509_get0_notAfter(scene.shown.at[0]), &(time_t){ time(NULL) - 5 }) >
			       0;
}

static void expect_look(const struct tls_look *look, const char *name)
{
	HOLDS(look->connected && (!look->greeted || look->spoke));
	HOLDS(strnlen(look->names, sizeof look->names) < sizeof look->names);
	HOLDS(strnlen(look->issuer, sizeof look->issuer) < sizeof look->issuer);
	HOLDS(look->greeted == (look->why[0] == '\0'));
	HOLDS(look->greeted ? (scene.flags & PLAIN) == 0 : look->names[0] == '\0');
	if (!look->greeted) {
		return;
	}
	HOLDS(!scene.shown.written || strcmp(look->names, scene.shown.names) == 0);
	HOLDS(scene.shown.until == 0 || look->validity.until == scene.shown.until);
	HOLDS(look->verdict != 0 || may_be_taken(name));
}

static void expect_findings(
		const struct tls_look *look, const struct tls_settings *settings, const char *name)
{
	struct doctor_findings f = { 0 };
	struct fuzz_out out;
	char until[32];

	fuzz_out_open(&out);
	f.out = out.file;
	bool fine = doctor_certificate(&f, &doctor_side_port, "h:1", look, settings, name);
	HOLDS(fine == (look->silent || (look->greeted && (settings->insecure_skip_verify ||
									 look->verdict == 0))));
	HOLDS(f.n <= 1 && (fine || f.n == 1));
	const char *printed = fuzz_out_text(&out);
	HOLDS(fuzz_is_harmless(printed));
	HOLDS(f.n == 0 || f.at[0].code != PORT_CERT_ENDS || strstr(f.at[0].found, " in -") == NULL);
	fuzz_out_finish(&out);
	fuzz_out_open(&out);
	HOLDS(doctor_findings_json(&f, out.file) == 0);
	(void)fuzz_out_text(&out);
	HOLDS(fuzz_is_json(out.text, out.len) && fuzz_count_lines(out.text) == 1);
	fuzz_out_finish(&out);
	doctor_findings_finish(&f);
	doctor_certificate_until(look, until, sizeof until);
	HOLDS(fuzz_is_harmless(until));
}

static void look(struct tls_look *look, const struct tls_settings *settings, const char *name)
{
	struct sockaddr any = { .sa_family = AF_UNIX };

	scene.server = (scene.flags & PLAIN) != 0 ? NULL : make_server();
	HOLDS(tls_look(look, &any, sizeof any, settings, name, 5.0));
	(void)close(scene.fd);
	SSL_free(scene.server);
	scene.server = NULL;
	expect_look(look, name);
	expect_findings(look, settings, name);
}

/* ---- the transport --------------------------------------------------------------------------- */

static void move(struct h2_tls *tls, BIO *in, BIO *out)
{
	uint8_t bytes[4096];
	size_t len;
	int n;

	for (const uint8_t *said; (said = h2_tls_pending(tls, &len)) != NULL;) {
		HOLDS(BIO_write(in, said, (int)len) == (int)len);
		h2_tls_sent(tls, len);
	}
	ERR_clear_error();
	while ((n = BIO_read(out, bytes, sizeof bytes)) > 0 &&
			(tls->state == H2_TLS_HANDSHAKE || tls->state == H2_TLS_OPEN)) {
		h2_tls_take(tls, bytes, (size_t)n);
		HOLDS(h2_tls_read(tls, bytes, sizeof bytes) == 0);
	}
}

static void connect_as_transport(
		const struct tls_look *seen, const struct tls_settings *settings, const char *name)
{
	struct tls_shelf shelf = { 0 };
	struct target target = { .kind = TARGET_INET, .inet = { .port = 1 } };
	SSL *server = make_server();
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	(void)snprintf(target.inet.host, sizeof target.inet.host, "%s", name);
	struct h2_tls *tls = h2_tls_create(settings, &target, &shelf);
	HOLDS(tls != NULL && server != NULL && in != NULL && out != NULL && h2_tls_begin(tls));
	SSL_set_bio(server, in, out);
	for (unsigned i = 0; i < TURNS; i++) {
		move(tls, in, out);
		(void)SSL_do_handshake(server);
	}
	bool taken = seen->greeted && (settings->insecure_skip_verify || seen->verdict == 0);
	HOLDS((tls->state == H2_TLS_OPEN) == taken);
	HOLDS(taken || (tls->state == H2_TLS_BROKEN && fuzz_is_harmless(h2_tls_sentence(tls))));
	h2_tls_destroy(tls);
	SSL_free(server);
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	struct tls_look seen;

	(void)signal(SIGPIPE, SIG_IGN);
	scene = (struct scene){ .flags = fuzz_u8(&in), .plain = in };
	const struct tls_settings *settings =
			tls_servers_client((scene.flags & INSECURE) != 0, false);
	const char *name = (scene.flags & ADDRESS) != 0 ? "127.0.0.1" : "orders.shop.local";
	bool ours = (scene.flags & SIGNED) != 0;
	if ((scene.flags & RAW) != 0) {
		certificates_take(&scene.shown, ours, &in);
	} else {
		certificates_write(&scene.shown, ours, &in);
	}
	SSL *server = make_server();
	if ((scene.flags & PLAIN) != 0 || server != NULL) {
		look(&seen, settings, name);
		if ((scene.flags & (PLAIN | ASKS)) == 0) {
			connect_as_transport(&seen, settings, name);
		}
	}
	SSL_free(server);
	certificates_finish(&scene.shown);
	ERR_clear_error();
	return 0;
}
