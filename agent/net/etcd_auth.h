/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_AUTH_H
#define AGENT_NET_ETCD_AUTH_H

/*
 * etcd_auth - the token of one etcd user, for all calls to one cluster.
 *
 * However many calls ask, one Authenticate is in flight at a time; they wait
 * for it. A token is renewed in the background before its life ends, and the
 * old one stays in use until then; how long a life is, is learned from etcd's
 * refusals. A refused token is never given out again.
 *
 * When etcd refuses the user or the password cannot be read, those who ask are
 * told so at once during a pause that grows; a change of the password's file
 * ends it. A user without a name has no token and asks for none.
 *
 * A start never calls back, a cancel never calls back.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/backoff.h"
#include "agent/list.h"
#include "agent/net/etcd_route.h"
#include "agent/secret_file.h"

/* Shared by the calls that carry it; freed with the last of them. */
struct etcd_token {
	unsigned users;
	char *text; /* owned */
};

/* Embedded in struct etcd_channel. */
struct etcd_auth {
	struct ev_loop *loop;                 /* borrowed */
	struct etcd_route *route;             /* borrowed */
	const struct etcd_settings *settings; /* borrowed */
	struct random *random;                /* borrowed */
	struct etcd_notice *notice;           /* borrowed */
	struct etcd_token *token;             /* NULL: none, or refused */
	bool off;                             /* etcd has authentication switched off */
	double got_at, refresh_at;            /* of the token, clock_now() times */
	double life;                          /* that is counted on, seconds */
	unsigned short_lived;                 /* tokens in a row that were refused at once */

	struct route_request request;
	struct etcd_body body; /* owned; wiped when it has been sent */
	struct list *waiting;  /* for the Authenticate in flight */
	struct list *refused;  /* to be told so from the loop */
	ev_timer tell;
	ev_timer wipe; /* what a login has left on the stack */

	struct backoff backoff; /* between tries that failed */
	double pause_until;
	double looked_at; /* for a change of the file */
	struct secret_stamp stamp;
	char why[ETCD_SENTENCE_MAX];
};

void etcd_auth_init(struct etcd_auth *auth, struct ev_loop *loop, struct etcd_route *route,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice);

/* Nobody may be waiting. Safe on a zeroed struct. */
void etcd_auth_finish(struct etcd_auth *auth);

struct auth_wait;

/* `failed` is NULL when there is a token now, or none is needed; else valid until this returns. */
typedef void auth_done(struct auth_wait *wait, const struct etcd_answer *failed);

/* Embedded by its user, zeroed before the first use. Members are for etcd_auth.c only. */
struct auth_wait {
	struct list link;
	auth_done *done; /* NULL when it is not waiting */
};

/* True when a call can go out at once; false when `done` will say. */
bool etcd_auth_ask(struct etcd_auth *auth, struct auth_wait *wait, auth_done *done);

/* Never calls back. Safe on a zeroed struct and on one that has ended. */
void etcd_auth_cancel(struct auth_wait *wait);

/* The token to use now; NULL: none. To be given back. */
struct etcd_token *etcd_auth_take(struct etcd_auth *auth);
void etcd_auth_give(struct etcd_token *token);

/* etcd has refused a call that carried `token` (NULL: none). False when asking again cannot help.
 */
bool etcd_auth_refused(struct etcd_auth *auth, const struct etcd_token *token, const char *text);

#endif
