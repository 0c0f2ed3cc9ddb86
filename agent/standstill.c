/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/standstill.h"

#include "agent/clock.h"
#include "agent/util.h"

/* A loop that is merely busy must not look as if it had stood still. */
#define BEATS_PER_GAP 4.0

/*
 * All that begins anew after a gap keeps the loop busy, which must not look like
 * the next one: until the loop has turned in good time, a gap is so much longer.
 */
#define GAPS_AFTER_GAP 4.0

static void on_look(struct ev_loop *loop, ev_check *look, int revents)
{
	struct standstill *s = CONTAINER_OF(look, struct standstill, look);
	double now = clock_now();
	double gap = now - s->looked_at;

	UNUSED(loop);
	UNUSED(revents);
	s->looked_at = now;
	if (gap <= s->shortest) {
		s->limit = s->shortest;
	}
	if (gap > s->limit) {
		s->limit = s->shortest * GAPS_AFTER_GAP;
		s->on_over(s, gap);
		s->looked_at = clock_now();
	}
}

static void on_beat(struct ev_loop *loop, ev_timer *beat, int revents)
{
	UNUSED(loop);
	UNUSED(beat);
	UNUSED(revents); /* that the loop woke up is all it is for */
}

void standstill_start(struct standstill *s, struct ev_loop *loop, double shortest,
		standstill_over *on_over)
{
	double beat = shortest / BEATS_PER_GAP;

	*s = (struct standstill){ .loop = loop,
		.on_over = on_over,
		.shortest = shortest,
		.limit = shortest,
		.looked_at = clock_now() };
	ev_check_init(&s->look, on_look);
	ev_set_priority(&s->look, EV_MAXPRI);
	ev_check_start(loop, &s->look);
	ev_timer_init(&s->beat, on_beat, beat, beat);
	ev_timer_start(loop, &s->beat);
}

void standstill_stop(struct standstill *s)
{
	if (s->loop != NULL) {
		ev_check_stop(s->loop, &s->look);
		ev_timer_stop(s->loop, &s->beat);
		s->loop = NULL;
	}
}
