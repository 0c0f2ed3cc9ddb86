/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rest.h"

#include <string.h>

#include "agent/clock.h"
#include "agent/timer.h"
#include "agent/util.h"

#define BYTES_A_SECOND 1048576.0
#define AT_ONCE        1.0 /* seconds' worth */

/* Bytes between two looks at the clock: who says little never makes us look. */
#define LOOK_EVERY 65536u

static void on_over(struct ev_loop *loop, ev_timer *over, int revents)
{
	struct rest *r = CONTAINER_OF(over, struct rest, over);

	UNUSED(revents);
	ev_io_start(loop, r->io);
}

void rest_init(struct rest *r, struct ev_loop *loop, ev_io *io)
{
	memset(r, 0, sizeof *r);
	r->loop = loop;
	r->io = io;
	ev_timer_init(&r->over, on_over, 0.0, 0.0);
}

void rest_note(struct rest *r, size_t bytes)
{
	r->heard += bytes;
}

bool rest_due(struct rest *r)
{
	if (r->heard < LOOK_EVERY) {
		return false;
	}
	double now = clock_now(), gone = now - r->at;

	r->owed = r->owed > gone ? r->owed - gone : 0.0;
	r->owed += (double)r->heard / BYTES_A_SECOND;
	r->at = now;
	r->heard = 0;
	if (r->owed <= AT_ONCE) {
		return false;
	}
	ev_io_stop(r->loop, r->io);
	timer_start(r->loop, &r->over, r->owed - AT_ONCE);
	return true;
}

void rest_stop(struct rest *r)
{
	ev_timer_stop(r->loop, &r->over);
}
