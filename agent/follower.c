/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follower - the hands of the table in follow.c.
 *
 * Every event passes on_event(), the only writer of the state. A read fills a
 * set of its own, which takes the place of the old one when it is whole; news
 * change the set in place. Whoever is told of a change may answer with a doubt,
 * so telling is the last thing that is done.
 */
#include "agent/follower.h"

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/timer.h"
#include "agent/util.h"

#define BACKOFF_BASE 0.1  /* seconds */
#define BACKOFF_CAP  5.0  /* seconds */
#define PATIENT_BASE 1.0  /* when to try again soon is of no use, seconds */
#define PATIENT_CAP  30.0 /* seconds */
#define LASTING      1.0  /* a watch that was open for less has not been, seconds */

static void on_event(struct follower *f, enum follow_event event);

/* ---- sure or not --------------------------------------------------------------------- */

/* The watch is open, and etcd answers: a read alone is not all of it. */
static void end_trouble(struct follower *f)
{
	if (f->tries > 0 && f->state == FOLLOW_LIVE) {
		f->tries = 0;
		f->events->on_trouble(f, 0, NULL);
	}
}

/* Another answer that can be relied on, to something sent at `asked_at`. */
static void confirm(struct follower *f, double asked_at, bool changed)
{
	bool tell = changed || !f->sure;

	f->confirmed_at = asked_at;
	f->sure = true;
	end_trouble(f);
	if (tell) {
		f->events->on_change(f);
	}
}

static void doubt(struct follower *f, const char *why)
{
	f->tries++;
	f->events->on_trouble(f, f->tries, why);
	if (f->sure) {
		f->sure = false;
		f->events->on_change(f);
	}
}

/* ---- reading all --------------------------------------------------------------------- */

static void forget_arriving(struct follower *f)
{
	known_finish(&f->arriving);
	f->failed = (struct err){ 0 };
}

/* Takes in what a key holds; true when that changes what there is to see. */
static bool take_in(struct follower *f, struct known *into, const struct etcd_kv *kv)
{
	struct err err = { 0 };
	struct known_put done = known_put(into, &f->known, f->format, kv, &err);

	if (done.failed) {
		f->failed = err;
	}
	if (done.skipped) {
		char *key = known_key(kv);
		f->events->on_skip(f, key == NULL ? "" : key, err.text);
		free(key);
	}
	return done.changed;
}

static bool on_page(struct etcd_read *read, const struct etcd_kv *kvs, size_t n)
{
	struct follower *f = CONTAINER_OF(read, struct follower, read);

	for (size_t i = 0; i < n && f->failed.code == ERR_NONE; i++) {
		(void)take_in(f, &f->arriving, &kvs[i]);
	}
	return f->failed.code == ERR_NONE;
}

/* What has arrived takes the place of what was known. True when that differs. */
static bool take_over(struct follower *f, int64_t revision)
{
	struct instances_diff diff = instances_compare(&f->known.live, &f->arriving.live);
	bool first = f->reads == 0;

	known_finish(&f->known);
	f->known = f->arriving;
	f->arriving = (struct known){ 0 };
	f->revision = f->read_at = revision;
	f->reads++;
	f->era = f->etcd->channel.route.view.epoch;
	return first || diff.added + diff.removed + diff.changed > 0;
}

static void rest(struct follower *f, bool elsewhere, bool patient)
{
	double pause = elsewhere ? 0.0
				 : backoff_next(&f->backoff, f->random,
						   patient ? PATIENT_BASE : BACKOFF_BASE,
						   patient ? PATIENT_CAP : BACKOFF_CAP);

	timer_start(f->loop, &f->wake, pause);
}

static void on_read(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	struct follower *f = CONTAINER_OF(read, struct follower, read);
	struct err failed = f->failed;

	if (!reply->ok || failed.code != ERR_NONE) {
		forget_arriving(f);
		on_event(f, FOLLOW_READ_LOST);
		rest(f, reply->elsewhere, reply->patient || reply->ok);
		doubt(f, reply->ok ? failed.text : reply->why);
		return;
	}
	bool changed = take_over(f, reply->revision) || f->beside;
	f->told_by = etcd_read_endpoint(read);
	if (f->is_beside) {
		f->beside = false;
		f->confirmed++;
	}
	on_event(f, FOLLOW_READ);
	confirm(f, f->asked_at, changed);
}

static void read_all(struct follower *f)
{
	forget_arriving(f);
	f->asked_at = clock_now();
	f->is_beside = f->beside;
	if (f->beside) {
		etcd_read_all_beside(f->etcd, &f->read, f->prefix, f->doubted, on_page, on_read);
	} else {
		etcd_read_all(f->etcd, &f->read, f->prefix, on_page, on_read);
	}
}

/* ---- how long a watch lasts ----------------------------------------------------------- */

static bool has_lasted(const struct follower *f)
{
	return f->state == FOLLOW_LIVE && clock_now() - f->opened_at >= LASTING;
}

/*
 * A watch that ends soon, or is not opened, may have met a member that restarts:
 * another one is tried at once. The second in a row is no chance.
 */
static bool is_fleeting(struct follower *f)
{
	bool before = f->hurried;

	f->hurried = !has_lasted(f);
	return before && f->hurried;
}

/* ---- audits -------------------------------------------------------------------------- */

static struct follower *of_audit(struct audit *a)
{
	return CONTAINER_OF(a, struct follower, audit);
}

static void know(struct audit *a, int64_t *revision, size_t *keys)
{
	*revision = of_audit(a)->revision;
	*keys = known_count(&of_audit(a)->known);
}

static void on_fine(struct audit *a, double asked_at)
{
	confirm(of_audit(a), asked_at, false);
}

static void on_silence(struct audit *a, const char *why)
{
	doubt(of_audit(a), why);
}

static void on_missed(struct audit *a)
{
	on_event(of_audit(a), FOLLOW_MISSED);
	doubt(of_audit(a), "a watch has missed changes: all is read again");
}

static const struct audit_events audit_events = {
	.know = know,
	.on_fine = on_fine,
	.on_silence = on_silence,
	.on_missed = on_missed,
};

/* ---- the watch ----------------------------------------------------------------------- */

static struct follower *of_watch(struct etcd_watch *w)
{
	return CONTAINER_OF(w, struct follower, watch);
}

static void on_late(struct ev_loop *loop, ev_timer *open, int revents)
{
	struct follower *f = CONTAINER_OF(open, struct follower, open);

	UNUSED(loop);
	UNUSED(revents);
	etcd_watch_abandon(&f->watch);
	on_event(f, FOLLOW_ENDED);
	rest(f, false, false);
	doubt(f, "no answer to a watch in time");
}

static void on_created(struct etcd_watch *w)
{
	struct follower *f = of_watch(w);

	f->opened_at = clock_now();
	ev_timer_stop(f->loop, &f->open);
	on_event(f, FOLLOW_CREATED);
	audit_start(&f->audit);
	end_trouble(f);
}

/* What the read has seen already may come once more. True when there is something to see. */
static bool apply(struct follower *f, const struct etcd_event *event)
{
	if (event->kv.mod_revision <= f->read_at) {
		return false;
	}
	return event->deleted ? known_remove(&f->known, &event->kv)
			      : take_in(f, &f->known, &event->kv);
}

/*
 * The revision of an answer is etcd's of now. A watch that has much to make up
 * for gets it with each part of what it missed, so what counts is the last event.
 */
static void move_on(struct follower *f, const struct etcd_event *events, size_t n)
{
	int64_t last = n > 0 ? events[n - 1].kv.mod_revision : 0;

	f->revision = last > f->revision ? last : f->revision;
}

static void on_news(
		struct etcd_watch *w, const struct etcd_event *events, size_t n, int64_t revision)
{
	struct follower *f = of_watch(w);
	bool changed = false;

	for (size_t i = 0; i < n && f->failed.code == ERR_NONE; i++) {
		changed = apply(f, &events[i]) || changed;
	}
	if (f->failed.code != ERR_NONE) {
		struct err failed = f->failed;
		on_event(f, FOLLOW_MISSED); /* the read will say whether it goes on */
		doubt(f, failed.text);
		return;
	}
	if (revision > 0) { /* else more of the same is to come */
		move_on(f, events, n);
	}
	f->told_by = etcd_watch_endpoint(w);
	audit_news(&f->audit, revision == 0);
	confirm(f, clock_now(), changed);
}

static void on_end(struct etcd_watch *w, const struct etcd_watch_end *end)
{
	struct follower *f = of_watch(w);
	bool opened = f->state == FOLLOW_LIVE;

	log_write(LOG_DEBUG, LOG_FIELDS(LOG_STR("prefix", f->prefix), LOG_SAY(end->why)),
			"a watch has ended");
	bool fleeting = is_fleeting(f);
	if (end->compacted && !fleeting) {
		on_event(f, FOLLOW_COMPACTED);
		return;
	}
	on_event(f, fleeting ? FOLLOW_FLEETING : FOLLOW_ENDED);
	if (!opened || fleeting) {
		rest(f, !fleeting && !end->patient, end->patient);
		doubt(f, end->why);
	}
}

static const struct etcd_watch_events watch_events = {
	.on_created = on_created,
	.on_news = on_news,
	.on_end = on_end,
};

static void open_watch(struct follower *f)
{
	int64_t next = f->revision < INT64_MAX ? f->revision + 1 : INT64_MAX; /* an etcd may lie */

	etcd_watch_start(f->streams, &f->watch, f->prefix, next, &watch_events);
	timer_start(f->loop, &f->open, f->etcd->request_timeout);
}

/* ---- the state ----------------------------------------------------------------------- */

/* Whatever the old state had in flight is of no use in a new one. */
static void leave_state(struct follower *f, enum follow_step step)
{
	ev_timer_stop(f->loop, &f->wake);
	ev_timer_stop(f->loop, &f->open);
	audit_stop(&f->audit);
	if (step == FOLLOW_LEAVE) {
		f->beside = true;
		f->doubted = etcd_watch_endpoint(&f->watch);
		etcd_watch_abandon(&f->watch);
	} else {
		etcd_watch_cancel(&f->watch);
	}
}

static void on_event(struct follower *f, enum follow_event event)
{
	const struct follow_next *next = &follow_next[f->state][event];

	if (next->state == f->state) {
		return;
	}
	log_write(LOG_DEBUG, LOG_FIELDS(LOG_STR("prefix", f->prefix)), "following %s -> %s",
			follow_state_name(f->state), follow_state_name(next->state));
	if (has_lasted(f)) {
		backoff_reset(&f->backoff);
	}
	f->state = next->state;
	if (next->state != FOLLOW_LIVE) {
		leave_state(f, next->step);
	}
	switch (next->step) {
	case FOLLOW_NOTHING:
	case FOLLOW_PAUSE: /* whoever has the answer knows how long */
		break;
	case FOLLOW_READ_ALL:
	case FOLLOW_READ_BESIDE:
	case FOLLOW_LEAVE:
		read_all(f);
		break;
	case FOLLOW_WATCH:
		open_watch(f);
		break;
	}
}

static void on_wake(struct ev_loop *loop, ev_timer *wake, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	on_event(CONTAINER_OF(wake, struct follower, wake), FOLLOW_WAKE);
}

/* ---- making and ending --------------------------------------------------------------- */

void follower_init(struct follower *f, struct ev_loop *loop, struct etcd_streams *streams,
		struct random *random, const char *prefix, enum format format,
		const struct follower_events *events)
{
	*f = (struct follower){
		.loop = loop,
		.etcd = streams->etcd,
		.streams = streams,
		.random = random,
		.events = events,
		.prefix = prefix,
		.format = format,
	};
	ev_timer_init(&f->wake, on_wake, 0.0, 0.0);
	ev_timer_init(&f->open, on_late, 0.0, 0.0);
	audit_init(&f->audit, loop, f->etcd, prefix, &audit_events);
}

void follower_start(struct follower *f)
{
	on_event(f, FOLLOW_WAKE);
}

void follower_doubt(struct follower *f)
{
	f->beside = true;
	f->doubted = f->told_by;
	on_event(f, FOLLOW_DOUBTED);
}

void follower_interrupted(struct follower *f)
{
	etcd_read_cancel(&f->read);
	leave_state(f, FOLLOW_PAUSE);
	f->state = FOLLOW_RESTING;
	f->sure = false;
	timer_start(f->loop, &f->wake, 0.0);
	f->events->on_change(f);
}

void follower_finish(struct follower *f)
{
	if (f->loop == NULL) {
		return;
	}
	etcd_read_cancel(&f->read);
	leave_state(f, FOLLOW_PAUSE);
	forget_arriving(f);
	known_finish(&f->known);
	*f = (struct follower){ 0 };
}
