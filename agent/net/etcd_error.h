/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_ERROR_H
#define AGENT_NET_ETCD_ERROR_H

/*
 * etcd_error - what each error of etcd means, and what follows from it. Pure.
 *
 * etcd's codes are few and say little, so its texts are read too; one table
 * knows them. A second one has the decided consequence of each kind.
 */

#include <stdbool.h>
#include <stddef.h>

enum etcd_trouble {
	TROUBLE_NONE,
	TROUBLE_MEMBER,   /* this member cannot do its work now; another one may */
	TROUBLE_BUSY,     /* this member has fallen behind and takes no more */
	TROUBLE_TOKEN,    /* the token is no longer good, or there is none */
	TROUBLE_PASSWORD, /* wrong name or password */
	TROUBLE_NO_AUTH,  /* asked for a token, but etcd has authentication switched off */
	TROUBLE_DENIED,   /* the user may not do this */
	TROUBLE_SPACE,    /* the database has reached its quota */
	TROUBLE_GONE,     /* there is no such lease */
	TROUBLE_LONG,     /* what was asked for is more than one answer may be */
	TROUBLE_HOPELESS, /* the request itself is refused, now and later */
	TROUBLE_OTHER,
	N_TROUBLES
};

/* What follows. */
struct etcd_consequence {
	bool leave;   /* the member is not used for the next call */
	bool repeat;  /* the same call goes to the next member at once */
	bool patient; /* to try again soon is of no use */
};

/* Of a grpc-status and its text. TROUBLE_NONE for OK. */
enum etcd_trouble etcd_error_read(int code, const char *text);

const struct etcd_consequence *etcd_error_consequence(enum etcd_trouble trouble);

/* What the sentence is about. */
struct etcd_error_about {
	const char *user;        /* "": whoever the client's certificate names, if any */
	const char *const *keys; /* that were to be written; reading: the prefix */
	size_t n_keys;           /* 0: not known */
	bool reading;
};

/* One sentence for people; `code` and `text` are etcd's. Always fits in 800 bytes. */
#define ETCD_SENTENCE_MAX 800
void etcd_error_say(char *out, size_t size, enum etcd_trouble trouble,
		const struct etcd_error_about *about, int code, const char *text);

#endif
