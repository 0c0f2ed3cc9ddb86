/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <assert.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/answering.h"
#include "agent/cadence.h"
#include "agent/clock.h"
#include "agent/clusters.h"
#include "agent/core_dumps.h"
#include "agent/counts.h"
#include "agent/descriptor/etcd_settings.h"
#include "agent/log.h"
#include "agent/needs.h"
#include "agent/net/tls_shelf.h"
#include "agent/notify.h"
#include "agent/open_files.h"
#include "agent/outputs/file_write.h"
#include "agent/sandbox.h"
#include "agent/standstill.h"
#include "agent/timer.h"
#include "agent/turn_loop.h"
#include "agent/units.h"
#include "agent/units_status.h"
#include "agent/util.h"

/* A stop does not wait longer for an etcd that does not answer, seconds. */
#define PATIENCE 10.0

/* Changes within it are one line to whoever supervises us, seconds. */
#define NOTIFY_PACE 0.1

struct agent {
	struct ev_loop *loop;
	const struct agent_start *start;
	struct random random;
	struct turn_loop turns;
	struct cadence cadence;
	struct counts counts;
	struct clusters clusters;
	struct tls_shelf shelf; /* of the probes */
	struct units units;
	struct admin_host host;
	struct answering answering;
	struct notify notify;
	struct sandbox sandbox;
	ev_signal signals[3];
	struct standstill standstill;
	ev_timer patience, linger, tell;
	double started_at;
	unsigned reloads, reloads_failed;
	bool secretive; /* a secret is in memory, or was: it is not told from what is left of it */
	bool leaving;
	enum exit_code code;
};

/* ---- what others are told ---------------------------------------------------------- */

static int look(struct admin_host *host, struct status *s)
{
	const struct agent *a = CONTAINER_OF(host, struct agent, host);

	*s = (struct status){
		.version = a->start->version,
		.uptime = clock_now() - a->started_at,
		.leaving = a->leaving,
		.reloads = a->reloads,
		.reloads_failed = a->reloads_failed,
		.counts = &a->counts,
	};
	return units_status(&a->units, s);
}

static bool drain(struct admin_host *host, const char *const *names, size_t n, bool drained)
{
	struct agent *a = CONTAINER_OF(host, struct agent, host);
	size_t n_services = n > 0 ? n : units_services(&a->units);

	if (!units_drain(&a->units, names, n, drained)) {
		return false;
	}
	log_write(LOG_INFO, LOG_FIELDS(LOG_INT("services", (int64_t)n_services)), "%s",
			drained ? "draining: withdrawn until it is resumed"
				: "resumed: health decides again");
	return true;
}

static void on_tell(struct ev_loop *loop, ev_timer *tell, int revents)
{
	struct agent *a = CONTAINER_OF(tell, struct agent, tell);
	struct status s;

	UNUSED(loop);
	UNUSED(revents);
	if (look(&a->host, &s) == 0) {
		char text[NOTIFY_STATUS_MAX];
		status_summary(&s, text, sizeof text);
		notify_status(&a->notify, text);
	}
	status_finish(&s);
}

static void on_change(struct units *units)
{
	struct agent *a = CONTAINER_OF(units, struct agent, units);

	if (notify_is_heard(&a->notify) && !ev_is_active(&a->tell)) {
		timer_start(a->loop, &a->tell, NOTIFY_PACE);
	}
}

/* ---- the way out ----------------------------------------------------------------- */

static void stop(struct agent *a)
{
	size_t left = units_leases(&a->units);

	if (left > 0) {
		log_write(LOG_ERROR, LOG_FIELDS(LOG_INT("leases", (int64_t)left)),
				"stopped with leases that etcd has not confirmed as revoked: "
				"what is listed under them expires within its TTL");
	}
	a->code = left > 0 ? EXIT_LEFT : EXIT_DONE;
	ev_break(a->loop, EVBREAK_ALL);
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	stop(CONTAINER_OF(timer, struct agent, patience));
}

static void on_linger(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	stop(CONTAINER_OF(timer, struct agent, linger));
}

static void on_all_gone(struct units *units)
{
	struct agent *a = CONTAINER_OF(units, struct agent, units);

	ev_timer_stop(a->loop, &a->patience);
	timer_start(a->loop, &a->linger, units->linger_until - clock_now());
}

static const struct units_events units_events = {
	.on_change = on_change,
	.on_all_gone = on_all_gone,
};

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct agent *a = watcher->data;

	UNUSED(revents);
	if (a->leaving) {
		stop(a);
		return;
	}
	a->leaving = true;
	notify_stopping(&a->notify);
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("signal", strsignal(watcher->signum))), "%s",
			units_services(&a->units) > 0 ? "withdrawing" : "ending");
	timer_start(loop, &a->patience, PATIENCE);
	units_leave(&a->units);
}

/* ---- time that nobody saw ---------------------------------------------------------- */

static void on_standstill_over(struct standstill *standstill, double gap)
{
	struct agent *a = CONTAINER_OF(standstill, struct agent, standstill);

	log_write(LOG_WARN, LOG_FIELDS(LOG_TOOK("gap", gap)),
			"the agent, or the machine, was stopped for longer than a TTL: %s",
			units_services(&a->units) > 0
					? "health is asked anew before anything is claimed"
					: "all is read anew");
	units_interrupted(&a->units, gap);
}

/* ---- what follows from the descriptors ----------------------------------------------- */

/* Before they run. */
static void make_room(const struct agent *a, const struct descriptor_set *set)
{
	struct open_files files;

	if (!open_files_allow(&a->units, set, &files)) {
		log_write(LOG_WARN,
				LOG_FIELDS(LOG_INT("limit", (int64_t)files.limit),
						LOG_INT("needed", (int64_t)files.needed)),
				"the limit of open files is too low for all services: raise it "
				"(ulimit -n, LimitNOFILE=)");
	}
}

/* Before the first byte from outside. What does without a filter is worth a warning. */
static int close_in(struct agent *a, const struct agent_start *start, struct err *err)
{
	enum sandbox_mode mode = start->seccomp;

	if (sandbox_enter(&a->sandbox, mode, needs_programs(&start->set), err) == 0) {
		return 0;
	}
	if (mode == SANDBOX_KILL) {
		return -1;
	}
	log_write(LOG_WARN, NULL, "system calls are not filtered: %s", err->text);
	return 0;
}

/* Nothing may be dumped from before descriptors are read until there is a set without a secret. */
static void keep_secrets(struct agent *a, const struct descriptor_set *set)
{
	a->secretive = a->secretive || needs_secrecy(set);
	core_dumps_allow(!a->secretive);
}

static void settle_in(struct agent *a)
{
	standstill_stop(&a->standstill);
	standstill_start(
			&a->standstill, a->loop, units_shortest_ttl(&a->units), on_standstill_over);
}

/* ---- reading them again -------------------------------------------------------------- */

static void log_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->at[i];
		log_write(p->warning ? LOG_WARN : LOG_ERROR, NULL, "%s", p->text);
	}
}

static void refuse_set(struct agent *a, const struct err *err)
{
	a->reloads_failed++;
	log_write(LOG_ERROR, NULL, "cannot take the new descriptors, nothing changed: %s",
			err->text);
}

static void take_set(struct agent *a, struct descriptor_set *set)
{
	const struct target *listen = descriptor_set_admin(set);
	struct target moved = listen != NULL ? *listen : (struct target){ 0 };
	enum log_level level = set->at[0].log.level;
	enum log_format format = set->at[0].log.format;
	struct units_change change;
	struct err err;

	keep_secrets(a, set);
	make_room(a, set);
	if (sandbox_admits(&a->sandbox, needs_programs(set), &err) < 0 ||
			units_apply(&a->units, set, &change, &err) < 0) {
		descriptor_set_finish(set);
		refuse_set(a, &err);
		return;
	}
	a->reloads++;
	log_setup(level, format);
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_INT("unchanged", (int64_t)change.kept),
					LOG_INT("changed", (int64_t)change.replaced),
					LOG_INT("new", (int64_t)change.added),
					LOG_INT("gone", (int64_t)change.removed)),
			"read the descriptors again");
	answering_move(&a->answering, listen != NULL ? &moved : NULL);
	settle_in(a);
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct agent *a = watcher->data;
	struct problems problems = { 0 };
	struct descriptor_set set;

	UNUSED(loop);
	UNUSED(revents);
	if (a->leaving) {
		return;
	}
	notify_reloading(&a->notify);
	core_dumps_allow(false);
	bool sound = descriptor_set_load(&set, a->start->paths, a->start->n_paths, &problems) == 0;
	log_problems(&problems);
	if (sound) {
		take_set(a, &set);
	} else if (problems.lack.code != ERR_NONE) {
		refuse_set(a, &problems.lack);
	} else {
		a->reloads_failed++;
		log_write(LOG_ERROR, LOG_FIELDS(LOG_INT("problems", (int64_t)problems.n_errors)),
				"the descriptors were read again and are not sound: nothing changed");
	}
	problems_finish(&problems);
	notify_ready(&a->notify);
}

/* ---- the way in ------------------------------------------------------------------ */

static void on_cluster(const struct etcd_settings *settings)
{
	char text[1024];

	etcd_settings_members(settings, text, sizeof text);
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("endpoints", text)),
			"etcd client initialized successfully");
}

static void on_notice(struct etcd *etcd, const char *sentence)
{
	UNUSED(etcd);
	log_write(LOG_WARN, NULL, "%s", sentence);
}

static void watch_signals(struct agent *a)
{
	static const struct {
		int number;
		void (*on)(struct ev_loop *loop, ev_signal *watcher, int revents);
	} rows[] = { { SIGTERM, on_signal }, { SIGINT, on_signal }, { SIGHUP, on_hangup } };
	static_assert(ARRAY_LEN(rows) == ARRAY_LEN(a->signals), "a watcher for each signal");
	sigset_t heard;

	(void)sigemptyset(&heard);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ev_signal_init(&a->signals[i], rows[i].on, rows[i].number);
		a->signals[i].data = a;
		ev_signal_start(a->loop, &a->signals[i]);
		(void)sigaddset(&heard, rows[i].number);
	}
	(void)sigprocmask(SIG_UNBLOCK, &heard, NULL); /* main holds back what comes early */
}

static int open_loop(struct agent *a, struct err *err)
{
	random_init(&a->random);
	cadence_init(&a->cadence, &a->random);
	a->loop = ev_default_loop(EVFLAG_AUTO);
	if (a->loop == NULL) {
		return err_set(err, ERR_SYSTEM, "the event loop cannot be made");
	}
	ev_timer_init(&a->patience, on_patience, 0.0, 0.0);
	ev_timer_init(&a->linger, on_linger, 0.0, 0.0);
	ev_timer_init(&a->tell, on_tell, 0.0, 0.0);
	turn_loop_start(&a->turns, a->loop);
	a->cadence.turn = &a->turns.turn;
	watch_signals(a);
	a->answering = (struct answering){ .loop = a->loop, .host = &a->host };
	notify_init(&a->notify, a->loop, a->start->ready_fd);
	clusters_init(&a->clusters, a->loop, &a->random, &a->counts.etcd, on_notice, on_cluster);
	units_init(&a->units,
			&(struct unit_shared){
					.loop = a->loop,
					.random = &a->random,
					.clusters = &a->clusters,
					.shelf = &a->shelf,
					.cadence = &a->cadence,
					.counts = &a->counts,
			},
			&units_events);
	return 0;
}

static int set_up(struct agent *a, struct agent_start *start, struct err *err)
{
	const struct target *listen = descriptor_set_admin(&start->set);
	struct units_change change;

	*a = (struct agent){
		.start = start,
		.host = { .look = look, .drain = drain },
		.started_at = clock_now(),
	};
	if (open_loop(a, err) < 0 || answering_open(&a->answering, listen, err) < 0) {
		descriptor_set_finish(&start->set);
		return -1;
	}
	keep_secrets(a, &start->set);
	make_room(a, &start->set);
	if (close_in(a, start, err) < 0) {
		descriptor_set_finish(&start->set);
		return -1;
	}
	if (units_apply(&a->units, &start->set, &change, err) < 0) {
		return -1;
	}
	settle_in(a);
	notify_ready(&a->notify);
	return 0;
}

static void tear_down(struct agent *a)
{
	answering_finish(&a->answering);
	units_finish(&a->units);
	turn_loop_stop(&a->turns);
	standstill_stop(&a->standstill);
	tls_shelf_finish(&a->shelf);
	notify_finish(&a->notify);
	file_write_clear();
	if (a->loop != NULL) {
		ev_loop_destroy(a->loop);
	}
}

enum exit_code agent_run(struct agent_start *start, struct err *err)
{
	struct agent a;

	if (set_up(&a, start, err) < 0) {
		tear_down(&a);
		return EXIT_INTERNAL;
	}
	*err = (struct err){ 0 };
	(void)ev_run(a.loop, 0);
	tear_down(&a);
	return a.code;
}
