/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <assert.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/clusters.h"
#include "agent/log.h"
#include "agent/net/tls_shelf.h"
#include "agent/reader.h"
#include "agent/service.h"
#include "agent/standstill.h"
#include "agent/timer.h"
#include "agent/util.h"

/* A stop does not wait longer for an etcd that does not answer, seconds. */
#define PATIENCE 10.0

/* Open files beside the services' connections: etcd's, the loop's, the log, and for each reader. */
#define DESCRIPTORS_BESIDE 32
#define DESCRIPTORS_READER 8

struct agent {
	struct ev_loop *loop;
	struct random random;
	struct clusters clusters;
	struct tls_shelf shelf; /* of the probes */
	const struct descriptor_set *set;
	struct service *services; /* owned array, one for each descriptor that registers */
	size_t n_services, n_gone;
	struct reader *readers; /* owned array, one for each service of each descriptor that reads
				 */
	size_t n_readers;
	ev_signal signals[3];
	struct standstill standstill;
	ev_timer patience, linger;
	bool leaving;
	enum exit_code code;
};

/* ---- the way out ----------------------------------------------------------------- */

static size_t count_leases(const struct agent *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_services; i++) {
		n += registration_holds_lease(&a->services[i].registration) ? 1 : 0;
	}
	return n;
}

static void stop(struct agent *a)
{
	size_t left = count_leases(a);

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

static double longest_linger(const struct agent *a)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < a->set->n; i++) {
		uint32_t ms = a->set->at[i].shutdown.linger_ms;
		longest = ms > longest ? ms : longest;
	}
	return (double)longest / 1000.0;
}

static void end_when_all_are_gone(struct agent *a)
{
	if (a->n_gone == a->n_services) {
		ev_timer_stop(a->loop, &a->patience);
		timer_start(a->loop, &a->linger, longest_linger(a));
	}
}

static void on_gone(struct service *service)
{
	struct agent *a = service->owner;

	a->n_gone++;
	end_when_all_are_gone(a);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct agent *a = watcher->data;

	UNUSED(revents);
	if (a->leaving) {
		stop(a);
		return;
	}
	a->leaving = true;
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("signal", strsignal(watcher->signum))), "%s",
			a->n_services > 0 ? "withdrawing" : "ending");
	timer_start(loop, &a->patience, PATIENCE);
	for (size_t i = 0; i < a->n_services; i++) {
		service_leave(&a->services[i]);
	}
	if (a->n_services == 0) {
		end_when_all_are_gone(a);
	}
}

/* Its usual meaning is to end: a healthy service must not go for a request to reload. */
static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	UNUSED(loop);
	UNUSED(watcher);
	UNUSED(revents);
	log_write(LOG_WARN, NULL,
			"SIGHUP: this version cannot read its descriptors again; nothing changed");
}

/* ---- time that nobody saw ---------------------------------------------------------- */

/* Who reads does not know the TTL of what it sees, and takes the usual one. */
static double shortest_ttl(const struct agent *a)
{
	double shortest = a->n_readers > 0 ? GUARD_TTL : 0.0;

	for (size_t i = 0; i < a->set->n; i++) {
		double ttl = (double)a->set->at[i].registry.ttl_ms / 1000.0;
		bool counts = !a->set->at[i].discover.on;
		shortest = counts && (shortest <= 0.0 || ttl < shortest) ? ttl : shortest;
	}
	return shortest;
}

static void on_standstill_over(struct standstill *standstill, double gap)
{
	struct agent *a = CONTAINER_OF(standstill, struct agent, standstill);

	log_write(LOG_WARN, LOG_FIELDS(LOG_TOOK("gap", gap)),
			"the agent, or the machine, was stopped for longer than a TTL: %s",
			a->n_services > 0 ? "health is asked anew before anything is claimed"
					  : "all is read anew");
	for (size_t i = 0; i < a->n_services; i++) {
		service_interrupted(&a->services[i], gap);
	}
	for (size_t i = 0; i < a->n_readers; i++) {
		reader_interrupted(&a->readers[i]);
	}
}

/* ---- the way in ------------------------------------------------------------------ */

static void on_cluster(const struct etcd_settings *settings)
{
	const struct endpoints *endpoints = &settings->endpoints;
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < endpoints->n && len + ENDPOINT_TEXT_MAX + 1 < sizeof text; i++) {
		if (i > 0) {
			text[len++] = ',';
		}
		endpoint_format(text + len, sizeof text - len, endpoints->at[i].host,
				endpoints->at[i].port);
		len += strlen(text + len);
	}
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("endpoints", text)),
			"etcd client initialized successfully");
}

static void on_notice(struct etcd *etcd, const char *sentence)
{
	UNUSED(etcd);
	log_write(LOG_WARN, NULL, "%s", sentence);
}

static int add_service(struct agent *a, const struct descriptor *desc)
{
	struct service *s = &a->services[a->n_services];
	struct etcd *etcd = clusters_find(&a->clusters, &desc->etcd);

	if (etcd == NULL ||
			service_init(s, a->loop, etcd, &a->shelf, desc, &a->random, on_gone) < 0) {
		return -1;
	}
	s->owner = a;
	a->n_services++;
	return 0;
}

static int add_readers(struct agent *a, const struct descriptor *desc)
{
	struct etcd_streams *streams = clusters_streams(&a->clusters, &desc->etcd);

	if (streams == NULL) {
		return -1;
	}
	for (size_t i = 0; i < desc->discover.n_services; i++) {
		if (reader_init(&a->readers[a->n_readers], a->loop, streams, desc,
				    &desc->discover.services[i], &a->random) < 0) {
			return -1;
		}
		a->n_readers++;
	}
	return 0;
}

/* Room for as many of each as the descriptors ask for. */
static int make_room(struct agent *a)
{
	size_t n_services = 0, n_readers = 0;

	for (size_t i = 0; i < a->set->n; i++) {
		n_services += a->set->at[i].discover.on ? 0 : 1;
		n_readers += a->set->at[i].discover.n_services;
	}
	a->services = calloc(n_services + 1, sizeof *a->services);
	a->readers = calloc(n_readers + 1, sizeof *a->readers);
	return a->services == NULL || a->readers == NULL ? -1 : 0;
}

static int add_all(struct agent *a)
{
	if (make_room(a) < 0) {
		return -1;
	}
	for (size_t i = 0; i < a->set->n; i++) {
		const struct descriptor *desc = &a->set->at[i];
		if ((desc->discover.on ? add_readers : add_service)(a, desc) < 0) {
			return -1;
		}
	}
	return 0;
}

/* A connection for each service, and as many as the hard limit allows. */
static void raise_descriptor_limit(const struct agent *a)
{
	struct rlimit limit;
	rlim_t need = a->n_services + a->n_readers * DESCRIPTORS_READER + DESCRIPTORS_BESIDE;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need) {
		return;
	}
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < need) {
		log_write(LOG_WARN,
				LOG_FIELDS(LOG_INT("limit", (int64_t)limit.rlim_cur),
						LOG_INT("needed", (int64_t)need)),
				"the limit of open files is too low for all services: raise it "
				"(ulimit -n, LimitNOFILE=)");
	}
}

static void watch_signals(struct agent *a)
{
	static const struct {
		int number;
		void (*on)(struct ev_loop *loop, ev_signal *watcher, int revents);
	} rows[] = { { SIGTERM, on_signal }, { SIGINT, on_signal }, { SIGHUP, on_hangup } };
	static_assert(ARRAY_LEN(rows) == ARRAY_LEN(a->signals), "a watcher for each signal");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ev_signal_init(&a->signals[i], rows[i].on, rows[i].number);
		a->signals[i].data = a;
		ev_signal_start(a->loop, &a->signals[i]);
	}
}

static int set_up(struct agent *a, const struct descriptor_set *set, struct err *err)
{
	const char *advice = curl_carrier_advice();

	memset(a, 0, sizeof *a);
	a->set = set;
	random_init(&a->random);
	ev_timer_init(&a->patience, on_patience, 0.0, 0.0);
	ev_timer_init(&a->linger, on_linger, 0.0, 0.0);
	a->loop = ev_default_loop(EVFLAG_AUTO);
	if (a->loop == NULL) {
		return err_set(err, ERR_SYSTEM, "the event loop cannot be made");
	}
	if (advice != NULL) {
		log_write(LOG_WARN, NULL, "%s", advice);
	}
	if (clusters_init(&a->clusters, a->loop, &a->random, on_notice, on_cluster, err) < 0) {
		return -1;
	}
	if (add_all(a) < 0) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	raise_descriptor_limit(a);
	watch_signals(a);
	return 0;
}

static void tear_down(struct agent *a)
{
	for (size_t i = 0; i < a->n_services; i++) {
		service_finish(&a->services[i]);
	}
	for (size_t i = 0; i < a->n_readers; i++) {
		reader_finish(&a->readers[i]);
	}
	standstill_stop(&a->standstill);
	free(a->services);
	free(a->readers);
	tls_shelf_finish(&a->shelf);
	clusters_finish(&a->clusters);
	if (a->loop != NULL) {
		ev_loop_destroy(a->loop);
	}
}

enum exit_code agent_run(const struct descriptor_set *set, struct err *err)
{
	struct agent a;

	if (set_up(&a, set, err) < 0) {
		tear_down(&a);
		return EXIT_INTERNAL;
	}
	standstill_start(&a.standstill, a.loop, shortest_ttl(&a), on_standstill_over);
	for (size_t i = 0; i < a.n_services; i++) {
		service_start(&a.services[i]);
	}
	for (size_t i = 0; i < a.n_readers; i++) {
		reader_start(&a.readers[i]);
	}
	(void)ev_run(a.loop, 0);
	tear_down(&a);
	return a.code;
}
