/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader - from what is seen to what is published.
 *
 * look() is the one place that compares the two; everything that may change
 * its mind ends there.
 */
#include "agent/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/endpoint.h"
#include "agent/log.h"
#include "agent/outputs/document.h"
#include "agent/regular_file.h"
#include "agent/timer.h"
#include "agent/util.h"

#define STALE_AFTER 1.0  /* without anybody who confirms it, seconds */
#define AWAY_AFTER  1.0  /* etcd, without a clear answer, seconds */
#define NO_MEMORY   0.1  /* without memory it is tried again, seconds */
#define AGE_EVERY   10.0 /* how often the age is written anew, seconds */

/* ---- saying it ----------------------------------------------------------------------- */

static void log_hold(struct reader *r, double now)
{
	struct instances_diff diff = instances_compare(&r->view.instances, &r->follower.known.live);

	if (!r->holds) {
		log_write(LOG_WARN,
				LOG_FIELDS(LOG_STR("service", r->service->name),
						LOG_TOOK("for", r->guard.hold_until - now)),
				"etcd was away and has lost %zu of %zu instances: kept until their "
				"agents have had the time to come back",
				diff.removed, r->view.instances.n);
	}
	r->holds = true;
}

/* One member said that most were gone, and another does not. */
static void log_contradiction(const struct reader *r)
{
	const struct endpoint *at =
			&r->follower.etcd->channel.route.endpoints->at[r->follower.doubted];
	char name[ENDPOINT_TEXT_MAX];

	endpoint_format(name, sizeof name, at->host, at->port);
	log_write(LOG_WARN, LOG_FIELDS(LOG_STR("service", r->service->name), LOG_STR("at", name)),
			"a member of etcd has said that most instances are gone, and another one "
			"has not: they stay");
}

/* ---- publishing ---------------------------------------------------------------------- */

static void touch(struct reader *r)
{
	for (size_t i = 0; r->begun && i < r->n_outputs; i++) {
		output_touch(r->outputs[i]);
	}
}

static void tell(struct reader *r)
{
	if (r->on_change != NULL) {
		r->on_change(r);
	}
}

/* What etcd has is what is outside from now on. */
static void publish(struct reader *r, double now)
{
	const struct instances *live = &r->follower.known.live;
	struct instances_diff diff = instances_compare(&r->view.instances, live);
	bool first = !r->published;

	r->view.revision = r->follower.revision;
	r->begun = r->published = true;
	(void)guard_published(&r->guard, &r->view.instances, live, now);
	tell(r);
	if (!first && diff.added + diff.removed + diff.changed == 0) {
		return;
	}
	if (instances_copy(&r->view.instances, live) < 0) {
		timer_start(r->loop, &r->hold, NO_MEMORY);
		return;
	}
	telling_changed(&r->telling, &diff, live->n, r->view.revision);
	touch(r);
}

static void log_stale(const struct reader *r)
{
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", r->service->name),
					LOG_INT("instances", (int64_t)r->view.instances.n)),
			"%s: what was published last is kept, marked as stale",
			r->kept ? "the last instance is gone"
				: "etcd does not confirm the instances");
}

static void set_stale(struct reader *r, bool stale, double now)
{
	double age = now - r->view.confirmed_at;

	r->view.age = stale && r->begun ? age : 0.0;
	if (r->view.stale == stale) {
		return;
	}
	r->view.stale = stale;
	tell(r);
	if (stale && r->begun) {
		log_stale(r);
	} else if (!stale) {
		log_write(LOG_INFO, LOG_FIELDS(LOG_STR("service", r->service->name)),
				"the instances are confirmed, not stale any more");
	}
	touch(r);
}

/* Kept back, or not known to be true: it may pass in a moment, and is said when it does not. */
static void judge_staleness(struct reader *r, double now)
{
	bool doubtful = !r->follower.sure || r->held || r->kept;

	if (!doubtful) {
		ev_timer_stop(r->loop, &r->age);
		set_stale(r, false, now);
	} else if (!ev_is_active(&r->age)) {
		timer_start(r->loop, &r->age, STALE_AFTER);
	}
}

/* False when the loss is not to be published yet. */
static bool is_allowed(struct reader *r, double now)
{
	struct follower *f = &r->follower;
	bool doubted = r->guard.doubted;

	switch (guard_judge(&r->guard, &r->view.instances, &f->known.live, f->confirmed, now)) {
	case GUARD_PUBLISH:
		r->holds = false;
		if (doubted && !r->guard.doubted) {
			log_contradiction(r);
		}
		return true;
	case GUARD_CONFIRM:
		follower_doubt(f);
		return false;
	case GUARD_HOLD:
		log_hold(r, now);
		timer_start(r->loop, &r->hold, r->guard.hold_until - now);
		return false;
	}
	return false;
}

/* etcd answers: it was away for a while, or is another one than before. */
static void note_outage(struct reader *r, double now)
{
	bool away = r->unsure && now - r->unsure_since >= AWAY_AFTER;
	bool anew = r->era != r->follower.era;

	r->unsure = false;
	if (away || anew) {
		r->era = r->follower.era;
		guard_outage_over(&r->guard, anew, now);
	}
}

static void note_silence(struct reader *r, double now)
{
	if (!r->unsure) {
		r->unsure = true;
		r->unsure_since = now;
	}
}

/* What the follower knows changes only with an answer of etcd, and then it is sure. */
static void look(struct reader *r)
{
	struct follower *f = &r->follower;
	bool kept = r->kept;
	double now = clock_now();

	if (!r->held && !r->kept && r->published) { /* it was so until this moment */
		r->view.confirmed_at = f->confirmed_at;
	}
	if (!f->sure) {
		note_silence(r, now);
		judge_staleness(r, now);
		return;
	}
	note_outage(r, now);
	r->held = !is_allowed(r, now);
	r->kept = !r->held && r->on_empty == ON_EMPTY_KEEP && f->known.live.n == 0 &&
		  r->view.instances.n > 0;
	if (r->kept && !kept && r->view.stale) {
		log_stale(r); /* for another reason than before */
	}
	if (!r->held && !r->kept) {
		publish(r, now);
		r->view.confirmed_at = f->confirmed_at;
	}
	judge_staleness(r, now);
}

/* ---- what is heard ------------------------------------------------------------------- */

static struct reader *of_follower(struct follower *f)
{
	return CONTAINER_OF(f, struct reader, follower);
}

static void on_change(struct follower *f)
{
	look(of_follower(f));
}

static void on_skip(struct follower *f, const char *key, const char *why)
{
	telling_passed_over(&of_follower(f)->telling, key, why);
}

static void on_trouble(struct follower *f, unsigned tries, const char *why)
{
	const char *name = of_follower(f)->service->name;
	enum log_level level = (tries & (tries - 1)) == 0 ? LOG_WARN : LOG_DEBUG;

	if (tries == 0) {
		log_write(LOG_INFO, LOG_FIELDS(LOG_STR("service", name)), "etcd answers again");
		return;
	}
	log_write(level,
			LOG_FIELDS(LOG_STR("service", name), LOG_INT("tries", tries), LOG_SAY(why)),
			"cannot follow the service yet, trying again");
}

static const struct follower_events follower_events = {
	.on_change = on_change,
	.on_skip = on_skip,
	.on_trouble = on_trouble,
};

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	const struct reader *r = user;

	UNUSED(o); /* the sentence says which */
	log_write(trouble ? LOG_WARN : LOG_INFO,
			LOG_FIELDS(LOG_STR("service", r->service->name), LOG_SAY(sentence)),
			trouble ? "an output needs attention" : "an output works again");
}

static void on_hold(struct ev_loop *loop, ev_timer *hold, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	look(CONTAINER_OF(hold, struct reader, hold));
}

static void on_age(struct ev_loop *loop, ev_timer *age, int revents)
{
	struct reader *r = CONTAINER_OF(age, struct reader, age);

	UNUSED(revents);
	set_stale(r, true, clock_now());
	touch(r);
	timer_start(loop, &r->age, AGE_EVERY);
}

/* ---- what was published before -------------------------------------------------------- */

/* NULL also for what is no file: whoever may write in the folder must not keep us waiting. */
static FILE *open_file(const char *path)
{
	struct stat st;
	int fd = regular_file_open(path, &st);
	FILE *in = fd >= 0 ? fdopen(fd, "rb") : NULL;

	if (in == NULL && fd >= 0) {
		(void)close(fd);
	}
	return in;
}

/* The whole file, with *len bytes, for free(); NULL when there is none of use. */
static char *read_file(const char *path, size_t *len)
{
	FILE *in = open_file(path);
	char *text = in == NULL ? NULL : malloc(DOCUMENT_MAX + 1);

	if (text != NULL) {
		*len = fread(text, 1, DOCUMENT_MAX + 1, in);
	}
	if (in != NULL) {
		(void)fclose(in);
	}
	return text;
}

static void take_document(struct reader *r, struct document *d)
{
	double now = clock_now();
	double since = (double)time(NULL) - d->written_at;

	r->view.instances = d->instances;
	d->instances = (struct instances){ 0 };
	r->view.revision = d->revision;
	r->view.confirmed_at = now - d->age - (since > 0.0 ? since : 0.0);
	r->begun = true;
	(void)guard_published(&r->guard, &r->view.instances, &r->view.instances, now);
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_STR("service", r->service->name),
					LOG_INT("instances", (int64_t)r->view.instances.n)),
			"going on from what was published before");
}

/* The first json output that can be read back says what was published before this agent began. */
static void remember(struct reader *r)
{
	for (size_t i = 0; i < r->service->n_outputs && !r->begun; i++) {
		struct document d = { 0 };
		struct err err;
		size_t len = 0;
		char *text = r->service->outputs[i].type == OUTPUT_JSON
					     ? read_file(r->service->outputs[i].path, &len)
					     : NULL;

		if (text != NULL && document_read(&d, text, len, &err) == 0 &&
				strcmp(d.service, r->service->name) == 0 &&
				strcmp(d.prefix, r->prefix) == 0) {
			take_document(r, &d);
		}
		document_finish(&d);
		free(text);
	}
}

/* ---- making and ending --------------------------------------------------------------- */

static int add_outputs(struct reader *r, const struct descriptor *desc, struct random *random)
{
	r->outputs = calloc(r->service->n_outputs, sizeof(struct output *));
	if (r->outputs == NULL) {
		return -1;
	}
	for (; r->n_outputs < r->service->n_outputs; r->n_outputs++) {
		struct output *o = output_create(r->loop, &r->service->outputs[r->n_outputs],
				desc->discover.settle_ms, &r->view, random, on_told, r);
		if (o == NULL) {
			return -1;
		}
		r->outputs[r->n_outputs] = o;
	}
	return 0;
}

int reader_init(struct reader *r, struct ev_loop *loop, struct etcd_streams *streams,
		const struct descriptor *desc, const struct discover_service *service,
		struct random *random)
{
	enum format format = desc->discover.format;

	memset(r, 0, sizeof *r);
	r->loop = loop;
	r->service = service;
	r->on_empty = desc->discover.on_empty;
	r->prefix = format_prefix(format, desc->discover.prefix, service->name);
	r->view.service = service->name;
	r->view.prefix = r->prefix;
	ev_timer_init(&r->hold, on_hold, 0.0, 0.0);
	ev_timer_init(&r->age, on_age, 0.0, 0.0);
	telling_init(&r->telling, loop, service->name);
	if (r->prefix == NULL || add_outputs(r, desc, random) < 0) {
		reader_finish(r);
		return -1;
	}
	follower_init(&r->follower, loop, streams, random, r->prefix, format, &follower_events);
	return 0;
}

void reader_start(struct reader *r)
{
	double now = clock_now();

	remember(r);
	note_silence(r, now);
	judge_staleness(r, now);
	follower_start(&r->follower);
}

void reader_interrupted(struct reader *r)
{
	follower_interrupted(&r->follower);
}

void reader_finish(struct reader *r)
{
	if (r->loop == NULL) {
		return;
	}
	follower_finish(&r->follower);
	ev_timer_stop(r->loop, &r->hold);
	ev_timer_stop(r->loop, &r->age);
	telling_finish(&r->telling);
	for (size_t i = 0; i < r->n_outputs; i++) {
		output_destroy(r->outputs[i]);
	}
	free(r->outputs);
	instances_finish(&r->view.instances);
	guard_finish(&r->guard);
	free(r->prefix);
	memset(r, 0, sizeof *r);
}
