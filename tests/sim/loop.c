/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/loop.h"

#include <assert.h>
#include <math.h>

#include "agent/util.h"

/* No timer of the agent waits longer; a TTL is 24 hours at most. */
#define LONGEST_TIMER 100000.0

static double now;
static uint64_t starts;

double loop_time(void)
{
	return now;
}

void loop_set_time(double to)
{
	now = to;
}

/* Negated, so that NaN is caught too. */
static bool is_sane(double after)
{
	return after >= 0.0 && after <= LONGEST_TIMER;
}

void ev_timer_start(struct ev_loop *loop, ev_timer *w)
{
	if (ev_is_active(w)) {
		return;
	}
	if (!is_sane(w->at)) {
		loop->broken = "a timer is armed with a time that is negative, too long or none";
		w->at = 0.0;
	}
	assert(loop->n < LOOP_TIMERS);
	w->at = now + (w == loop->bent ? loop->factor * w->at : w->at);
	loop->timers[loop->n] = w;
	loop->started[loop->n] = starts++;
	loop->n++;
	w->active = 1;
}

void ev_timer_stop(struct ev_loop *loop, ev_timer *w)
{
	if (!ev_is_active(w)) {
		return;
	}
	for (unsigned i = 0; i < loop->n; i++) {
		if (loop->timers[i] == w) {
			loop->n--;
			loop->timers[i] = loop->timers[loop->n];
			loop->started[i] = loop->started[loop->n];
			break;
		}
	}
	w->active = 0;
}

void ev_now_update(struct ev_loop *loop)
{
	UNUSED(loop); /* loops have no time of their own here */
}

static ev_timer *first(const struct ev_loop *loop)
{
	unsigned best = 0;

	for (unsigned i = 1; i < loop->n; i++) {
		double a = loop->timers[i]->at, b = loop->timers[best]->at;
		if (a < b || (!(a > b) && loop->started[i] < loop->started[best])) {
			best = i;
		}
	}
	return loop->n > 0 ? loop->timers[best] : NULL;
}

double loop_next(const struct ev_loop *loop)
{
	const ev_timer *w = first(loop);

	return w != NULL ? w->at : (double)INFINITY;
}

bool loop_fire(struct ev_loop *loop)
{
	ev_timer *w = first(loop);

	if (w == NULL || w->at > now) {
		return false;
	}
	ev_timer_stop(loop, w);
	w->cb(loop, w, EV_TIMER);
	return true;
}
