/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/audit.h"

#include "agent/clock.h"
#include "agent/timer.h"
#include "agent/util.h"

#define EVERY 10.0 /* seconds without news */
#define COUNT 15.0 /* seconds with some; not when the other kind is likely to be asked */
#define AGAIN 1.0  /* after one that found more than we know, seconds */
#define RETRY 0.5  /* after one without an answer: before anybody is told, seconds */

/* ---- is there more ------------------------------------------------------------------------ */

/* Another member is asked at once; the same one before anybody is told that nothing is sure. */
static double retry_after(const struct etcd_read_reply *reply)
{
	if (reply->elsewhere) {
		return 0.0;
	}
	return reply->patient ? EVERY : RETRY;
}

/*
 * More than we know may be on its way to us. Only when nothing of it has come
 * until the next one finds the same, something was missed.
 */
static void on_newer(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	struct audit *a = CONTAINER_OF(read, struct audit, newer);
	int64_t revision;
	size_t keys;

	a->events->know(a, &revision, &keys);
	if (!reply->ok) {
		timer_start(a->loop, &a->look, retry_after(reply));
		a->events->on_silence(a, reply->why);
	} else if (!reply->newer && reply->count == (int64_t)keys) {
		a->found_at = 0;
		timer_start(a->loop, &a->look, EVERY);
		a->events->on_fine(a, a->asked_at);
	} else if (a->found_at == revision) {
		a->events->on_missed(a);
	} else {
		a->found_at = revision;
		timer_start(a->loop, &a->look, AGAIN);
	}
}

static void on_look(struct ev_loop *loop, ev_timer *look, int revents)
{
	struct audit *a = CONTAINER_OF(look, struct audit, look);
	int64_t revision;
	size_t keys;

	UNUSED(loop);
	UNUSED(revents);
	a->events->know(a, &revision, &keys);
	a->asked_at = clock_now();
	etcd_read_newer(a->etcd, &a->newer, a->prefix, revision, on_newer);
}

/* ---- are there as many --------------------------------------------------------------------- */

/*
 * What was counted is as of a revision, so it does not matter what has happened
 * since. A count that cannot be had says nothing: the other kind will notice.
 */
static void on_counted(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	struct audit *a = CONTAINER_OF(read, struct audit, count);

	if (reply->ok && reply->count != (int64_t)a->counted) {
		a->events->on_missed(a);
	} else {
		timer_start(a->loop, &a->tally, COUNT);
	}
}

static void on_tally(struct ev_loop *loop, ev_timer *tally, int revents)
{
	struct audit *a = CONTAINER_OF(tally, struct audit, tally);
	int64_t revision;

	UNUSED(revents);
	if (!a->news || a->partial) {
		timer_start(loop, &a->tally, a->partial ? AGAIN : COUNT);
		return;
	}
	a->news = false;
	a->events->know(a, &revision, &a->counted);
	etcd_read_count(a->etcd, &a->count, a->prefix, revision, on_counted);
}

/* ---- both ---------------------------------------------------------------------------------- */

void audit_init(struct audit *a, struct ev_loop *loop, struct etcd *etcd, const char *prefix,
		const struct audit_events *events)
{
	*a = (struct audit){ .loop = loop, .etcd = etcd, .prefix = prefix, .events = events };
	ev_timer_init(&a->look, on_look, 0.0, 0.0);
	ev_timer_init(&a->tally, on_tally, 0.0, 0.0);
}

void audit_start(struct audit *a)
{
	a->found_at = 0;
	a->news = a->partial = false;
	timer_start(a->loop, &a->look, EVERY);
	timer_start(a->loop, &a->tally, COUNT);
}

void audit_news(struct audit *a, bool partial)
{
	a->news = true;
	a->partial = partial;
	etcd_read_cancel(&a->newer); /* it was asked before this came */
	timer_start(a->loop, &a->look, EVERY);
}

void audit_stop(struct audit *a)
{
	ev_timer_stop(a->loop, &a->look);
	ev_timer_stop(a->loop, &a->tally);
	etcd_read_cancel(&a->newer);
	etcd_read_cancel(&a->count);
}
