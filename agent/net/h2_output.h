/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_OUTPUT_H
#define AGENT_NET_H2_OUTPUT_H

/*
 * h2_output - what an HTTP/2 session has to say, to a socket, with or without
 * TLS between: many frames in one write. Private to h2_carrier.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/h2_session.h"
#include "agent/net/h2_tls.h"

/* Embedded; zeroed is empty. */
struct h2_output {
	uint8_t *kept; /* owned: what the socket had no room for; NULL: nothing */
	size_t n_kept, kept_sent;
};

/* The session, or TLS, had no memory for something: it is of no use any more. */
bool h2_output_is_starved(const struct h2_session *session, const struct h2_tls *tls);

/*
 * Sends until there is nothing left, or the socket is full. `tls` may be NULL.
 * 0, or an errno: ENOMEM also when they are starved. Other errors of TLS are in its own state.
 */
int h2_output_push(struct h2_output *o, int fd, struct h2_session *session, struct h2_tls *tls,
		bool *full);

/* Forgets what is kept. Safe on a zeroed struct. */
void h2_output_finish(struct h2_output *o);

#endif
