/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/attempts.h"

#include <stdio.h>

#include "agent/clock.h"
#include "agent/timer.h"
#include "agent/util.h"

static void stop(struct attempts *a)
{
	a->auditing = a->trying = false;
	ev_timer_stop(a->loop, &a->deadline);
	ev_timer_stop(a->loop, &a->again);
}

static void finish(struct attempts *a, enum reason reason, const char *detail)
{
	struct probe_report report = { .reason = reason, .detail = detail, .audit = true };

	stop(a);
	a->probe->events->on_report(a->probe, &report);
}

static void begin(struct attempts *a)
{
	a->trying = true;
	a->events->begin(a);
}

/* Time is up. When connections broke until then, that says more than the last one's silence. */
static void finish_late(struct attempts *a, const char *detail)
{
	if (a->tries.last == REASON_RESET || !a->trying) {
		finish(a, a->tries.last, a->tries.how);
	} else {
		finish(a, REASON_DEADLINE, detail);
	}
}

void attempts_ended(struct attempts *a, enum reason reason, const char *detail)
{
	double pause = TRIES_ENOUGH;

	if (reason == REASON_DEADLINE) {
		finish_late(a, detail);
		return;
	}
	a->trying = false;
	if (reason == REASON_REFUSED || reason == REASON_RESET || reason == REASON_TLS_ERROR) {
		(void)snprintf(a->how, sizeof a->how, "%s",
				detail != NULL ? detail : reason_sentence(reason));
		pause = tries_note(&a->tries, reason, a->how);
	}
	if (pause < 0.0) {
		finish(a, reason, detail);
	} else {
		timer_start(a->loop, &a->again, pause);
	}
}

static void on_again(struct ev_loop *loop, ev_timer *again, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	begin(CONTAINER_OF(again, struct attempts, again));
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	struct attempts *a = CONTAINER_OF(deadline, struct attempts, deadline);

	UNUSED(loop);
	UNUSED(revents);
	if (a->trying) {
		a->events->drop(a);
	}
	finish_late(a, NULL);
}

void attempts_audit(struct attempts *a, double deadline)
{
	a->auditing = true;
	a->until = deadline;
	tries_begin(&a->tries);
	timer_start(a->loop, &a->deadline, deadline - clock_now());
	begin(a);
}

void attempts_forget(struct attempts *a)
{
	if (a->trying) {
		a->events->drop(a);
	}
	stop(a);
}

void attempts_init(struct attempts *a, struct ev_loop *loop, struct probe *probe,
		const struct attempts_events *events)
{
	*a = (struct attempts){ .loop = loop, .probe = probe, .events = events };
	ev_timer_init(&a->deadline, on_deadline, 0.0, 0.0);
	ev_set_priority(&a->deadline, EV_MINPRI); /* what has come in time is seen before it */
	ev_timer_init(&a->again, on_again, 0.0, 0.0);
}
