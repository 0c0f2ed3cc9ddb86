/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/telling.h"

#include <stdbool.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/timer.h"
#include "agent/util.h"

static bool has_changed(const struct telling *t)
{
	return t->untold.added + t->untold.removed + t->untold.changed > 0;
}

static void say_changes(struct telling *t)
{
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_INT("added", (int64_t)t->untold.added),
					LOG_INT("removed", (int64_t)t->untold.removed),
					LOG_INT("changed", (int64_t)t->untold.changed),
					LOG_INT("revision", t->revision)),
			"%s instances changed: %zu", t->service, t->n);
	t->untold = (struct instances_diff){ 0 };
}

static void say_passed_over(struct telling *t)
{
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", t->service),
					LOG_INT("more", (int64_t)t->passed_over)),
			"passed over more keys that are no instances");
	t->passed_over = 0;
}

/* True when it may be said now, and counts that; else there will be another time. */
static bool may_say(struct telling *t, struct pace *pace)
{
	double now = clock_now(), wait = pace_wait(pace, now);

	if (wait <= 0.0) {
		pace_spend(pace, now);
		return true;
	}
	if (!ev_is_active(&t->later)) {
		timer_start(t->loop, &t->later, wait);
	}
	return false;
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	struct telling *t = CONTAINER_OF(later, struct telling, later);

	UNUSED(loop);
	UNUSED(revents);
	if (has_changed(t) && may_say(t, &t->changes)) {
		say_changes(t);
	}
	if (t->passed_over > 0 && may_say(t, &t->skips)) {
		say_passed_over(t);
	}
}

void telling_init(struct telling *t, struct ev_loop *loop, const char *service)
{
	*t = (struct telling){ .loop = loop, .service = service };
	ev_timer_init(&t->later, on_later, 0.0, 0.0);
}

void telling_changed(
		struct telling *t, const struct instances_diff *diff, size_t n, int64_t revision)
{
	t->untold.added += diff->added;
	t->untold.removed += diff->removed;
	t->untold.changed += diff->changed;
	t->n = n;
	t->revision = revision;
	if (may_say(t, &t->changes)) {
		say_changes(t);
	}
}

void telling_passed_over(struct telling *t, const char *key, const char *why)
{
	if (!may_say(t, &t->skips)) {
		t->passed_over++;
		return;
	}
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", t->service), LOG_STR("key", key),
					LOG_SAY(why)),
			"passed over a key that is no instance");
}

void telling_finish(struct telling *t)
{
	if (t->loop == NULL) {
		return;
	}
	ev_timer_stop(t->loop, &t->later);
	if (has_changed(t)) {
		say_changes(t);
	}
	if (t->passed_over > 0) {
		say_passed_over(t);
	}
	t->loop = NULL;
}
