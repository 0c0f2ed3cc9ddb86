/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REST_H
#define AGENT_REST_H

/*
 * rest - how much a connection or a command may say: a megabyte at once, and
 * then as much a second.
 *
 * Health takes some tens of bytes. Whoever sends frames or lines without end
 * would have a processor for himself; so his socket or pipe is left alone now and
 * then, and the kernel has him wait. What he says is not lost, only late: what
 * that means for the service the probe's timeout decides.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded; members are for rest.c only. What was said counts until it is made ready anew. */
struct rest {
	struct ev_loop *loop; /* borrowed */
	ev_io *io;            /* borrowed */
	ev_timer over;
	size_t heard; /* bytes, since the last look at the clock */
	double owed;  /* what was heard, in seconds that it may take ... */
	double at;    /* ... as of this clock_now() time */
};

/* `io` is the socket's or the pipe's, and is to be stopped and started. */
void rest_init(struct rest *r, struct ev_loop *loop, ev_io *io);

void rest_note(struct rest *r, size_t bytes);

/* True when it has said too much: it is not heard for a moment. */
bool rest_due(struct rest *r);

/* It is closed or given away: it is not to be started again. */
void rest_stop(struct rest *r);

#endif
