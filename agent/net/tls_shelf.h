/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_SHELF_H
#define AGENT_NET_TLS_SHELF_H

/*
 * tls_shelf - the certificates of all probes, read once for those that name the
 * same files.
 *
 * A bundle of authorities takes milliseconds to read and most of a megabyte to
 * keep, so a thousand services must not do it a thousand times. All of them
 * look at the disk together, once a second, and learn of a change together.
 */

#include <stdbool.h>

#include "agent/list.h"
#include "agent/net/tls_files.h"
#include "agent/net/tls_problem.h"
#include "agent/net/tls_settings.h"

/* How sentences name the settings and who asked for TLS. Literals. */
struct tls_words {
	const char *section, *asker;
};

extern const struct tls_words tls_words_probe, tls_words_etcd;

/* Zeroed it is empty. */
struct tls_shelf {
	const struct tls_words *words; /* NULL: those of a probe */
	struct list *materials;
};

/* What equal settings have in common. Members are for tls_shelf.c, but for those said below. */
struct tls_material {
	struct list link; /* on the shelf */
	unsigned users;
	const struct tls_words *words;
	struct tls_settings settings; /* a copy: the first user may go before the others */
	struct tls_files files;
	bool stale;                         /* the files differ from what the context holds */
	double tried_at;                    /* clock_now() when they were last read */
	bool told;                          /* of the trouble, by tls_material_news */
	struct ssl_ctx_st *context;         /* for all to read: owned; NULL until files were read */
	unsigned edition;                   /* for all to read: how many contexts there have been */
	char trouble[TLS_PROBLEM_TEXT_MAX]; /* for all to read: with what is on disk; "" for none */
};

/*
 * Reads no file. Settings that differ in server_name alone are equal here: that
 * is a connection's own. NULL without memory; tls_material_release gives it back.
 */
struct tls_material *tls_shelf_take(struct tls_shelf *shelf, const struct tls_settings *settings);

/* Accepts NULL. Connections that were made with it live on. */
void tls_material_release(struct tls_material *m);

/*
 * Reads files that have changed, or could not be read before; whoever asks, the
 * disk is looked at and read at most once a second. Files that cannot be read
 * leave the context as it is.
 */
void tls_material_look(struct tls_material *m);

/*
 * To one user, once: why files that were replaced cannot be used, as a
 * sentence. NULL when there is no such news.
 */
const char *tls_material_news(struct tls_material *m);

/* The shelf may go before its users. */
void tls_shelf_finish(struct tls_shelf *shelf);

#endif
