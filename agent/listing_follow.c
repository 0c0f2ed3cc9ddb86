/* SPDX-License-Identifier: Apache-2.0 */
/* listing_follow - the command `watch`: one follower a service, each change a line. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/follower.h"
#include "agent/listing.h"
#include "agent/listing_stage.h"
#include "agent/log.h"
#include "agent/outputs/document.h"
#include "agent/util.h"

struct watching;

/* One service. */
struct watched {
	struct watching *all; /* borrowed */
	const char *service;  /* borrowed */
	char *prefix;         /* owned */
	struct follower follower;
	struct instances shown;
	bool begun;
};

struct watching {
	const struct listing *l;
	struct listing_stage stage;
	struct watched *services; /* owned */
	ev_signal signals[2];
	ev_io reader; /* of a pipe that we print to: it becomes ready when nobody reads any more */
	enum exit_code code;
};

/* ---- printing ------------------------------------------------------------------------ */

static void print(struct watched *w, enum listing_event event, const struct instance *instance)
{
	const struct listing *l = w->all->l;
	char time[DOCUMENT_TIME_MAX];

	document_time(time);
	if (listing_print_event(l->style, time, event, w->service, instance, l->out) < 0) {
		w->all->code = EXIT_INTERNAL;
		ev_break(w->all->stage.loop, EVBREAK_ALL);
	}
}

static void print_change(const struct instance *before, const struct instance *after, void *user)
{
	struct watched *w = user;

	if (after == NULL) {
		print(w, LISTING_REMOVED, before);
	} else if (before != NULL) {
		print(w, LISTING_CHANGED, after);
	} else {
		print(w, w->begun ? LISTING_ADDED : LISTING_NOW, after);
	}
}

static struct watched *of(struct follower *f)
{
	return CONTAINER_OF(f, struct watched, follower);
}

static void on_change(struct follower *f)
{
	struct watched *w = of(f);
	const struct instances *live = &f->known.live;
	bool was_empty = w->shown.n == 0 && w->begun;

	if (f->reads == 0) {
		return;
	}
	instances_each_change(&w->shown, live, print_change, w);
	if (live->n == 0 && !was_empty) {
		print(w, LISTING_NONE, NULL);
	}
	w->begun = true;
	if (instances_copy(&w->shown, live) < 0) {
		w->all->code = EXIT_INTERNAL;
	}
	/* Nobody reads any more: what `watch | head` wants. */
	if (fflush(w->all->l->out) != 0 || w->all->code != EXIT_DONE) {
		ev_break(w->all->stage.loop, EVBREAK_ALL);
	}
}

static void on_skip(struct follower *f, const char *key, const char *why)
{
	UNUSED(f);
	log_write(LOG_WARN, LOG_FIELDS(LOG_STR("key", key), LOG_SAY(why)),
			"passed over a key that is no instance");
}

static void on_trouble(struct follower *f, unsigned tries, const char *why)
{
	if (tries == 0) {
		log_write(LOG_WARN, LOG_FIELDS(LOG_STR("service", of(f)->service)),
				"etcd answers again");
	} else if ((tries & (tries - 1)) == 0) {
		log_write(LOG_WARN,
				LOG_FIELDS(LOG_STR("service", of(f)->service),
						LOG_INT("tries", tries), LOG_SAY(why)),
				"cannot follow the service yet, trying again");
	}
}

static const struct follower_events events = {
	.on_change = on_change,
	.on_skip = on_skip,
	.on_trouble = on_trouble,
};

/* ---- making and ending --------------------------------------------------------------- */

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	UNUSED(watcher);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
}

static void on_reader_gone(struct ev_loop *loop, ev_io *reader, int revents)
{
	UNUSED(reader);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
}

/* `watch | head -1` ends with head, and not with the next change. */
static void watch_reader(struct watching *all)
{
	struct stat info;
	int fd = fileno(all->l->out);

	ev_io_init(&all->reader, on_reader_gone, fd, EV_READ);
	if (fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode)) {
		ev_io_start(all->stage.loop, &all->reader);
	}
}

static void watch_signals(struct watching *all)
{
	static const int numbers[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		ev_signal_init(&all->signals[i], on_signal, numbers[i]);
		ev_signal_start(all->stage.loop, &all->signals[i]);
	}
}

static bool start(struct watching *all, struct etcd_streams *streams)
{
	const struct listing *l = all->l;

	for (size_t i = 0; i < l->n_services; i++) {
		struct watched *w = &all->services[i];
		w->all = all;
		w->service = l->services[i];
		w->prefix = format_prefix(l->format, l->prefix, w->service);
		if (w->prefix == NULL) {
			return false;
		}
		follower_init(&w->follower, all->stage.loop, streams, &all->stage.random, w->prefix,
				l->format, &events);
		follower_start(&w->follower);
	}
	return true;
}

static void finish(struct watching *all)
{
	for (size_t i = 0; all->services != NULL && i < all->l->n_services; i++) {
		struct watched *w = &all->services[i];
		follower_finish(&w->follower);
		instances_finish(&w->shown);
		free(w->prefix);
	}
	free(all->services);
	listing_stage_close(&all->stage);
}

enum exit_code listing_follow(const struct listing *l, struct err *err)
{
	struct watching all = { .l = l, .code = EXIT_INTERNAL };
	struct etcd_streams *streams = NULL;

	(void)err_set(err, ERR_SYSTEM, "out of memory");
	all.services = calloc(l->n_services, sizeof *all.services);
	if (all.services != NULL && listing_stage_open(&all.stage, l->etcd, err) == 0) {
		streams = cluster_streams(all.stage.cluster, err);
	}
	if (streams != NULL && start(&all, streams)) {
		all.code = EXIT_DONE;
		watch_signals(&all);
		watch_reader(&all);
		(void)ev_run(all.stage.loop, 0);
	}
	finish(&all);
	return all.code;
}
