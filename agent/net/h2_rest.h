/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_REST_H
#define AGENT_NET_H2_REST_H

/*
 * h2_rest - how much a connection may say: a megabyte at once, and then as much
 * a second.
 *
 * Health takes some tens of bytes. Whoever sends frames without end, of whatever
 * kind, would have a processor for himself; so his socket is left alone now and
 * then, and TCP tells him to wait. What he says is not lost, only late: what that
 * means for the service the probe's timeout decides.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded; members are for h2_rest.c only. What was said counts over all of its connections. */
struct h2_rest {
	struct ev_loop *loop; /* borrowed */
	ev_io *io;            /* borrowed */
	ev_timer over;
	size_t heard; /* bytes, since the last look at the clock */
	double owed;  /* what was heard, in seconds that it may take ... */
	double at;    /* ... as of this clock_now() time */
};

/* `io` is the socket's, and is to be stopped and started. */
void h2_rest_init(struct h2_rest *r, struct ev_loop *loop, ev_io *io);

void h2_rest_note(struct h2_rest *r, size_t bytes);

/* True when it has said too much: its socket is not heard for a moment. */
bool h2_rest_due(struct h2_rest *r);

/* The socket is closed or given away: it is not to be started again. */
void h2_rest_stop(struct h2_rest *r);

#endif
