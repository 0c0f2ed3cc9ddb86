/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ADMIN_STAGE_H
#define TESTS_UNIT_ADMIN_STAGE_H

/* admin_stage - an admin on a port of loopback, or on a unix socket, and those who ask it. */

#include <stdbool.h>
#include <stddef.h>

#include "agent/admin/admin.h"
#include "tests/unit/admin_host.h"

/* Somebody who asks; what he does is up to the test. */
struct client {
	int fd;
	ev_io io;
	char *got; /* owned; all that came, with a NUL */
	size_t len;
	bool ended; /* the other side has closed */
};

extern struct admin_stage {
	struct ev_loop *loop;
	struct played_host played;
	struct target listen;
	struct admin *admin;
	char folder[64];
	bool timed_out;
} stage;

int set_up(void **state);      /* on a port */
int set_up_unix(void **state); /* on a unix socket */
int tear_down(void **state);

/* Connects and says that. */
void client_start(struct client *c, const char *text, size_t len);
void client_say(struct client *c, const char *text);
void client_finish(struct client *c);

/*
 * Turns the loop until the other side has closed; false when that does not come. TCP takes its time
 * for what the kernel has dropped: it is sent again after 0.2 s, 0.4, 0.8 and so on.
 */
bool wait_end(const struct client *c);
void turn_for(double seconds);

/* All that comes back when one says that. Good until the next call. */
const char *ask(const char *text);
const char *ask_bytes(const char *text, size_t len);

/* "GET /path HTTP/1.1" with what a client has to send. */
const char *get(const char *path);
const char *post(const char *path, const char *headers);

/* The status line's number; 0 when nothing came. */
int status_of(const char *answer);
const char *body_of(const char *answer);

/* Open descriptors of this process. */
size_t count_descriptors(void);

#endif
