/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ETCD_AUTH_STAGE_H
#define TESTS_UNIT_ETCD_AUTH_STAGE_H

/*
 * etcd_auth_stage - a user with a password, many who ask for its token, and an
 * etcd that is played by the test: it takes the place of etcd_route.c.
 */

#include <stdbool.h>

#include "agent/net/etcd_auth.h"

#define CALLERS  10
#define SENT_MAX 200

extern struct route_request *asked; /* the Authenticate in flight */
extern unsigned logins;
extern char sent[SENT_MAX]; /* the body of the last one */

extern double now; /* the played clock_now() */
extern struct etcd_settings settings;
extern struct etcd_auth auth;
extern unsigned notices;
extern char nothing[]; /* "" */

extern struct caller {
	struct auth_wait wait;
	unsigned told, failed;
	bool patient;
	char why[ETCD_SENTENCE_MAX];
} callers[CALLERS];

int set_up(void **state);
int tear_down(void **state);

/* Ends of the Authenticate in flight. */
void answer(const struct etcd_answer *with);
void give_token(void);
void refuse(enum etcd_trouble trouble);

/* As etcd_auth_ask(), for caller `i`. */
bool ask(unsigned i);

/* Caller 0 asks and there is a token. */
void get_token(void);

/* A call that carried the token in use is refused. */
void lose_token(const char *text);

#endif
