/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_TLS_H
#define AGENT_NET_H2_TLS_H

/*
 * h2_tls - TLS as a client, without a socket and without a loop: records in and
 * out at one side, plain bytes at the other.
 *
 * One object serves one target and carries one connection at a time; what the
 * files of the descriptor gave is shared with others (tls_shelf). h2_tls_begin
 * starts a connection, h2_tls_take and h2_tls_read bring it forward; whatever
 * they leave in h2_tls_pending must be sent, the first words of the handshake
 * among it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"
#include "agent/net/tls_problem.h"
#include "agent/net/tls_settings.h"
#include "agent/net/tls_shelf.h"

enum h2_tls_state {
	H2_TLS_IDLE,      /* no connection */
	H2_TLS_HANDSHAKE, /* nothing can be sent yet */
	H2_TLS_OPEN,
	H2_TLS_CLOSED, /* the peer said goodbye; what came before it has been read */
	H2_TLS_BROKEN  /* h2_tls_sentence says how */
};

/* Members are for h2_tls.c only, but for `state` and `starved`, which everyone may read. */
struct h2_tls {
	enum h2_tls_state state;
	const struct tls_settings *settings; /* borrowed */
	char peer[TARGET_TEXT_MAX];
	char host[ENDPOINT_HOST_MAX + 1]; /* to verify, when there is no server_name */
	struct tls_material *material;    /* shared with others of equal settings */
	unsigned edition;        /* of the material: what the last connection was made with */
	struct ssl_st *ssl;      /* owned; NULL without a connection */
	struct bio_st *in, *out; /* owned by ssl */
	size_t sent;             /* of `out` */
	unsigned failures;       /* of memory, before a step (agent/patient.h) */
	bool starved;            /* H2_TLS_BROKEN is our own lack of memory */
	bool asked;              /* the peer has asked for a certificate of ours */
	char sentence[TLS_PROBLEM_TEXT_MAX];
};

/*
 * NULL without memory. `settings` must outlive whatever is made with this shelf;
 * the shelf itself may go before this object. Reads no file and calls nothing of OpenSSL.
 */
struct h2_tls *h2_tls_create(const struct tls_settings *settings, const struct target *target,
		struct tls_shelf *shelf);

/* Accepts NULL. */
void h2_tls_destroy(struct h2_tls *tls);

/* The :authority of calls, or NULL where the target's own is right. */
const char *h2_tls_authority(const struct h2_tls *tls);

/*
 * True when the files have changed and were read anew since h2_tls_begin: the
 * connection was made with what they held before. Files that cannot be read
 * change nothing; they are tried again a second later. Accepts NULL.
 */
bool h2_tls_renew(struct h2_tls *tls);

/*
 * Once after files were replaced by others that cannot be used, and once for
 * all that share them: why, as a sentence. Connections are made with what was
 * read before. NULL when there is no such news. Accepts NULL.
 */
const char *h2_tls_news(struct h2_tls *tls);

/*
 * A new connection; none may be open. Reads files that have changed. False
 * when there is no usable set of files: h2_tls_sentence names the file.
 */
bool h2_tls_begin(struct h2_tls *tls);

/* Forgets the connection; safe without one. Accepts NULL. */
void h2_tls_end(struct h2_tls *tls);

/* Takes all that came from the socket; h2_tls_read must then be called until it gives nothing. */
void h2_tls_take(struct h2_tls *tls, const uint8_t *data, size_t len);

/* Goes on with the handshake, then reads. Plain bytes, or 0 when no more are there. */
size_t h2_tls_read(struct h2_tls *tls, uint8_t *out, size_t room);

/* Takes all of the plain bytes and returns true, or none: before the handshake is done. */
bool h2_tls_write(struct h2_tls *tls, const uint8_t *data, size_t len);

/* The peer is told that nothing more will come; nothing when that cannot be said. */
void h2_tls_say_goodbye(struct h2_tls *tls);

/* Bytes for the socket, until NULL; then h2_tls_sent says how many of them went. */
const uint8_t *h2_tls_pending(struct h2_tls *tls, size_t *len);
void h2_tls_sent(struct h2_tls *tls, size_t len);

/*
 * The peer ended the connection before its first plain byte. True when it had
 * asked for a certificate of ours, so that this is probably its answer to what
 * it got: some servers close without an alert. A server that happens to end
 * then looks the same, so once is no proof. h2_tls_sentence then says so.
 * Accepts NULL.
 */
bool h2_tls_blames(struct h2_tls *tls);

/* After H2_TLS_BROKEN or a begin that failed: one sentence, valid until the next or the end. */
const char *h2_tls_sentence(const struct h2_tls *tls);

#endif
