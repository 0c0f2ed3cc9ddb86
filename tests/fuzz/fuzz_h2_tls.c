/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as the transport has it, with a server that is real, and with somebody between them who does
 * what the input says. What is read is what the server said, and in that order, and so the other
 * way round; nothing is open that must not be, and with a server that is well, and nobody between,
 * it is; what went wrong is one sentence about the server; nothing is unsaid when it was said, and
 * what there is to send stays small.
 *
 * The input: which server, what the client is like, and steps of a byte and what it takes. OpenSSL
 * itself is not built for fuzzing, so that what guides a fuzzer is what our own code makes of it.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/h2_tls.h"
#include "agent/util.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tls_line.h"
#include "tests/fuzz/tls_servers.h"

#define STEPS       200u   /* of one input */
#define PENDING_MAX 65536  /* h2_tls.c's */
#define READ_MOST   16384u /* bytes of the server at a time, as the transport reads them */
#define ASKED_MOST  16384u /* bytes of the agent at a time */
#define RECORD_ROOM 512    /* what TLS adds to a piece that is written, and then some */

enum client { INSECURE = 1, SHOWN = 2, ADDRESS = 4, NAMED = 8 };

static struct tls_line line; /* from the server to the agent */

static struct scene {
	const struct tls_server *kind;
	SSL *server;
	BIO *in, *out; /* owned by it */
	struct h2_tls *tls;
	enum h2_tls_state last;
	bool secure, shown;
	int refusal; /* what the server finds wrong with the client's certificate; 0: nothing */
	bool left;   /* one of them said goodbye */
	bool quiet;  /* it was the agent: nothing more will come */
	size_t said, heard;    /* plain bytes, by the server and by the agent */
	size_t asked, noticed; /* the other way round */
	unsigned keys;         /* that were changed */
	size_t unsent;         /* of the agent's plain bytes, with what TLS adds to them */
} scene;

/* ---- what holds ---------------------------------------------------------------------------- */

static bool is_well(void)
{
	const struct tls_server *k = scene.kind;
	bool agreed = k->alpn != NULL && strcmp(k->alpn, "h2") == 0;

	return agreed && (!scene.secure || k->what == NULL);
}

/* ... and it takes the client. */
static bool is_taken(void)
{
	return is_well() && (!scene.kind->asks || (scene.shown && scene.refusal == 0));
}

static void expect_sentence(void)
{
	const char *sentence = h2_tls_sentence(scene.tls);
	size_t len = strnlen(sentence, TLS_PROBLEM_TEXT_MAX);

	HOLDS(len > 0 && len < TLS_PROBLEM_TEXT_MAX);
	for (size_t i = 0; i < len; i++) {
		HOLDS(sentence[i] >= 0x20 && sentence[i] < 0x7f);
	}
	HOLDS(strstr(sentence, scene.tls->peer) != NULL);
	HOLDS(!scene.tls->starved && strstr(sentence, "out of memory") == NULL);
	if (!line.meddled && scene.kind->what != NULL && scene.secure) {
		HOLDS(strstr(sentence, scene.kind->what) != NULL);
	}
}

static void check(void)
{
	enum h2_tls_state state = scene.tls->state;
	size_t len;

	HOLDS(state >= scene.last && state != H2_TLS_IDLE);
	HOLDS(state != H2_TLS_OPEN || is_well());
	HOLDS(state != H2_TLS_CLOSED || scene.left || line.meddled);
	if (state == H2_TLS_BROKEN) {
		HOLDS(line.meddled || !is_taken());
		expect_sentence();
	}
	scene.last = state;
	(void)h2_tls_pending(scene.tls, &len);
	HOLDS(len <= PENDING_MAX + READ_MOST + READ_MOST + scene.unsent);
}

/* ---- plain bytes ----------------------------------------------------------------------------- */

static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at * 31 + (at >> 8));
}

static uint8_t *bytes_from(size_t at, size_t n)
{
	uint8_t *bytes = malloc(n);

	HOLDS(bytes != NULL);
	for (size_t i = 0; i < n; i++) {
		bytes[i] = byte_at(at + i);
	}
	return bytes;
}

static void expect_bytes(const uint8_t *bytes, size_t n, size_t *at, size_t end)
{
	HOLDS(n <= end - *at);
	for (size_t i = 0; i < n; i++) {
		HOLDS(bytes[i] == byte_at(*at + i));
	}
	*at += n;
}

/* ---- the server ------------------------------------------------------------------------------ */

static int on_verify(int fine, X509_STORE_CTX *context)
{
	UNUSED(fine);
	X509_STORE_CTX_set_error(context, scene.refusal);
	return scene.refusal == X509_V_OK;
}

static void begin(uint8_t number)
{
	scene.kind = &tls_servers[number % TLS_SERVERS];
	SSL_free(scene.server);
	scene.server = tls_servers_connect(number % TLS_SERVERS);
	scene.in = BIO_new(BIO_s_mem());
	scene.out = BIO_new(BIO_s_mem());
	HOLDS(scene.in != NULL && scene.out != NULL);
	SSL_set_bio(scene.server, scene.in, scene.out);
	if (scene.kind->asks) {
		SSL_set_verify(scene.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				on_verify);
	}
	scene.said = scene.heard = scene.asked = scene.noticed = scene.unsent = 0;
	scene.left = scene.quiet = false;
	scene.keys = 0;
	line.n = 0;
	line.meddled = false;
	scene.last = H2_TLS_IDLE;
	HOLDS(h2_tls_begin(scene.tls));
	check();
}

/* The server goes on with what it has. */
static void serve(void)
{
	uint8_t bytes[4096];
	int n;

	(void)SSL_do_handshake(scene.server);
	while ((n = SSL_read(scene.server, bytes, sizeof bytes)) > 0) {
		expect_bytes(bytes, (size_t)n, &scene.noticed, scene.asked);
	}
	while ((n = BIO_read(scene.out, bytes, sizeof bytes)) > 0) {
		tls_line_put(&line, bytes, (size_t)n);
	}
	ERR_clear_error();
}

static void say(size_t n)
{
	size_t written = 0;

	if (n > 0 && SSL_is_init_finished(scene.server)) {
		uint8_t *bytes = bytes_from(scene.said, n);
		(void)SSL_write_ex(scene.server, bytes, n, &written);
		scene.said += written;
		free(bytes);
	}
	serve();
}

static void change_keys(uint8_t n)
{
	for (uint8_t i = 0; i < n && SSL_is_init_finished(scene.server); i++) {
		(void)SSL_key_update(scene.server, SSL_KEY_UPDATE_REQUESTED);
		(void)SSL_do_handshake(scene.server);
		line.meddled = line.meddled || i > 8 || ++scene.keys > 100; /* it is too much */
	}
	serve();
}

/* ---- the agent ------------------------------------------------------------------------------- */

/* Others use OpenSSL, too, and leave in its queue what is not about this connection. */
static void leave_errors(void)
{
	ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
}

static bool is_alive(void)
{
	return scene.tls->state == H2_TLS_HANDSHAKE || scene.tls->state == H2_TLS_OPEN;
}

static void hear(size_t room)
{
	uint8_t *bytes = malloc(room);
	size_t n;

	HOLDS(bytes != NULL);
	leave_errors();
	while ((n = h2_tls_read(scene.tls, bytes, room)) > 0) {
		leave_errors();
		HOLDS(n <= room);
		expect_bytes(bytes, n, &scene.heard, scene.said);
	}
	free(bytes);
	check();
}

static void deliver(size_t n, size_t room)
{
	uint8_t *bytes = tls_line_take(&line, n < READ_MOST ? n : READ_MOST, &n);

	if (n > 0 && is_alive()) {
		leave_errors();
		h2_tls_take(scene.tls, bytes, n);
		check();
		hear(room);
	}
	free(bytes);
}

static void send_some(size_t most)
{
	size_t len;
	const uint8_t *bytes = h2_tls_pending(scene.tls, &len);

	HOLDS((bytes != NULL) == (len > 0));
	len = len < most ? len : most;
	if (len > 0) {
		HOLDS(BIO_write(scene.in, bytes, (int)len) == (int)len);
		h2_tls_sent(scene.tls, len);
	}
	(void)h2_tls_pending(scene.tls, &len);
	scene.unsent = len == 0 ? 0 : scene.unsent;
	serve();
}

/* As h2_output.c does: a record's worth, when all that was there before has gone. */
static void ask(size_t n)
{
	size_t len;

	if (scene.quiet || h2_tls_pending(scene.tls, &len) != NULL) {
		return;
	}
	bool open = scene.tls->state == H2_TLS_OPEN;
	uint8_t *bytes = bytes_from(scene.asked, n);
	leave_errors();
	bool taken = h2_tls_write(scene.tls, bytes, n);

	HOLDS(taken ? open : !open || scene.tls->state == H2_TLS_BROKEN);
	if (taken) {
		scene.asked += n;
		scene.unsent += n + RECORD_ROOM + n / 8;
	}
	free(bytes);
	check();
}

/* Until nobody has anything to say. */
static void carry(void)
{
	size_t before, len;

	do {
		before = line.n;
		(void)h2_tls_pending(scene.tls, &len);
		send_some(SIZE_MAX);
		before = before > 0 || len > 0 || line.n > 0;
		deliver(SIZE_MAX, 4096);
	} while (before > 0);
}

static void leave(bool agent)
{
	scene.left = true;
	if (agent) {
		scene.quiet = true;
		h2_tls_say_goodbye(scene.tls);
		check();
	} else {
		(void)SSL_shutdown(scene.server);
		serve();
	}
}

static void look_back(void)
{
	bool blamed = h2_tls_blames(scene.tls);

	HOLDS(!blamed || scene.kind->asks || line.meddled);
	if (blamed) {
		expect_sentence();
	}
}

/* ---- steps ----------------------------------------------------------------------------------- */

enum step {
	CARRY,
	SEND,
	DELIVER,
	SAY,
	FRAGMENT,
	KEYS,
	AGAIN,
	ASK,
	GOODBYE,
	LEAVE,
	SPOIL,
	LOSE,
	REPEAT,
	RECORD,
	RAW,
	RENEGOTIATE,
	LOOK_BACK,
	N_STEPS
};

static void act(enum step op, struct fuzz_bytes *in)
{
	uint16_t n;

	switch (op) {
	case CARRY:
		carry();
		break;
	case SEND:
		send_some(fuzz_u16(in));
		break;
	case DELIVER:
		n = fuzz_u16(in);
		deliver(n, fuzz_u8(in) + 1u);
		break;
	case SAY:
		say(fuzz_u16(in));
		break;
	case FRAGMENT:
		(void)SSL_set_max_send_fragment(scene.server, 512 + fuzz_u16(in) % 15873);
		break;
	case KEYS:
		change_keys(fuzz_u8(in));
		break;
	case AGAIN:
		h2_tls_end(scene.tls);
		begin(fuzz_u8(in));
		break;
	case ASK:
		ask(fuzz_u16(in) % ASKED_MOST + 1u);
		break;
	case GOODBYE:
	case LEAVE:
		leave(op == LEAVE);
		break;
	case RENEGOTIATE: /* not with us */
		line.meddled = line.meddled || SSL_renegotiate(scene.server) == 1;
		serve();
		break;
	case LOOK_BACK:
		look_back();
		break;
	case SPOIL:
	case LOSE:
	case REPEAT:
	case RECORD:
	case RAW:
	case N_STEPS:
		tls_line_meddle(&line, op - SPOIL, in);
		break;
	}
}

static void expect_an_end(void)
{
	carry();
	if (!line.meddled && !scene.left) {
		HOLDS(scene.tls->state == (is_taken() ? H2_TLS_OPEN : H2_TLS_BROKEN));
	}
	if (!line.meddled && !scene.left && is_taken()) {
		HOLDS(scene.heard == scene.said && scene.noticed == scene.asked);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int refusals[] = { X509_V_OK, X509_V_ERR_CERT_HAS_EXPIRED,
		X509_V_ERR_CERT_REVOKED, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_INVALID_PURPOSE,
		X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_OUT_OF_MEM };
	static struct tls_shelf shelf;
	static struct tls_material *kept[4]; /* reading the files takes longer than all the rest */
	struct fuzz_bytes in = { data, size };
	uint8_t number = fuzz_u8(&in), client = fuzz_u8(&in);
	struct tls_settings settings =
			*tls_servers_client((client & INSECURE) != 0, (client & SHOWN) != 0);
	struct target target = { .kind = TARGET_INET, .inet = { .port = 50051 } };
	char named[20] = "";

	(void)snprintf(target.inet.host, sizeof target.inet.host, "%s",
			(client & ADDRESS) != 0 ? "127.0.0.1" : tls_names[0]);
	if ((client & NAMED) != 0) {
		(void)snprintf(named, sizeof named, "%s", tls_names[1]);
	}
	settings.server_name = named;
	if (kept[client % 4] == NULL) {
		kept[client % 4] = tls_shelf_take(&shelf, &settings);
	}
	scene.secure = (client & INSECURE) == 0;
	scene.shown = (client & SHOWN) != 0;
	scene.refusal = refusals[(client >> 4) % ARRAY_LEN(refusals)];
	scene.tls = h2_tls_create(&settings, &target, &shelf);
	HOLDS(scene.tls != NULL && kept[client % 4] != NULL);
	begin(number);
	for (unsigned i = 0; i < STEPS && in.left > 0; i++) {
		act(fuzz_u8(&in) % N_STEPS, &in);
	}
	expect_an_end();
	h2_tls_destroy(scene.tls);
	SSL_free(scene.server);
	scene.server = NULL;
	return 0;
}
