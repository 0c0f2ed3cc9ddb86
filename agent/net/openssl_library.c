/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openssl_library - see openssl_library.h.
 *
 * OpenSSL 3 looks for each kind of algorithm when the first of it is needed, and
 * keeps what it found. One that it had no memory for is not there from then on,
 * which reads as a server that has no cipher in common, or too weak a signature. So
 * a client that goes nowhere says its first words here: what it needs is what
 * all others need.
 */
#include "agent/net/openssl_library.h"

#include "agent/patient.h"
#include "agent/util.h"
#include "agent/wiping.h"

#ifdef SVC_STATIC

static int load(struct err *err)
{
	UNUSED(err);
	return 0;
}

#else

LIBRARY_NOTE(note, "tls", SVC_SONAME);

static const char *const names[] = { OPENSSL_LIBRARY(LIBRARY_NAME) };

struct openssl_library openssl_library;

static int load(struct err *err)
{
	static struct library library = {
		.what = "TLS",
		.file = SVC_SONAME,
		.names = names,
		.n = ARRAY_LEN(names),
		.pointers = &openssl_library,
	};

	_Static_assert(sizeof openssl_library == ARRAY_LEN(names) * sizeof(void *),
			"one pointer a name");
	return library_load(&library, err);
}

#endif

static void *get(size_t size, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	return size > 0 ? patient_get(NULL, size) : NULL;
}

static void *get_more(void *at, size_t size, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	return wiping_realloc(at, size);
}

static void give_back(void *at, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	wiping_free(at);
}

static bool say_hello(SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	bool fine = ssl != NULL && in != NULL && out != NULL;

	if (!fine) {
		BIO_free(in);
		BIO_free(out);
	} else {
		SSL_set_bio(ssl, in, out); /* it owns them now */
		SSL_set_connect_state(ssl);
		fine = SSL_get_error(ssl, SSL_do_handshake(ssl)) == SSL_ERROR_WANT_READ;
	}
	SSL_free(ssl);
	return fine;
}

/*
 * Fills *spoilt when it is of no use. That need not be for want of memory: where its own
 * configuration names providers that are not there, nothing is left to speak with.
 */
static void set_up(struct err *spoilt)
{
	unsigned failures = patient_failures();

	/*
	 * What it has decoded of a key, and what it has decrypted, is gone with the block. Too late
	 * when libcurl was first: then OpenSSL wipes what it thinks of by itself, and is not waited
	 * for.
	 */
	(void)CRYPTO_set_mem_functions(get, get_more, give_back);
	SSL_CTX *context = OPENSSL_init_ssl(0, NULL) == 1 ? SSL_CTX_new(TLS_client_method()) : NULL;
	bool fine = context != NULL && say_hello(context);
	const char *reason = fine ? NULL : ERR_reason_error_string(ERR_peek_error());
	if (failures != patient_failures()) {
		(void)err_set(spoilt, ERR_SYSTEM,
				"TLS could not be set up for want of memory, and cannot be before "
				"the agent is started again");
	} else if (!fine) {
		(void)err_set(spoilt, ERR_SYSTEM,
				"TLS cannot be set up, and is not tried again before the agent is "
				"started again: OpenSSL says '%s'",
				reason != NULL ? reason : "nothing about it");
	}
	if (context != NULL) {
		SSL_CTX_free(context);
	}
	ERR_clear_error();
}

int openssl_library_load(struct err *err)
{
	static struct err spoilt;
	static bool loaded;

	if (!loaded) {
		if (load(err) < 0) {
			return -1;
		}
		loaded = true;
		set_up(&spoilt);
	}
	if (spoilt.code != ERR_NONE) {
		*err = spoilt;
		return -1;
	}
	return 0;
}
