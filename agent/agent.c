/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <assert.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/log.h"
#include "agent/net/tls_shelf.h"
#include "agent/service.h"
#include "agent/standstill.h"
#include "agent/timer.h"
#include "agent/util.h"

/* A stop does not wait longer for an etcd that does not answer, seconds. */
#define PATIENCE 10.0

/* Open files beside the services' connections: etcd's, the loop's, the log. */
#define DESCRIPTORS_BESIDE 32

/* One etcd cluster and the descriptor that named it first. */
struct cluster {
	struct etcd etcd;
	const struct descriptor *desc; /* borrowed */
	struct cluster *next;
};

struct agent {
	struct ev_loop *loop;
	struct curl_carrier *carrier;
	struct random random;
	struct cluster *clusters; /* owned list */
	unsigned n_clusters;
	struct tls_shelf shelf; /* of the probes */
	const struct descriptor_set *set;
	struct service *services; /* owned array, one for each descriptor */
	size_t n_services, n_gone;
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

static void on_gone(struct service *service)
{
	struct agent *a = service->owner;

	a->n_gone++;
	if (a->n_gone < a->n_services) {
		return;
	}
	ev_timer_stop(a->loop, &a->patience);
	timer_start(a->loop, &a->linger, longest_linger(a));
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
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("signal", strsignal(watcher->signum))),
			"withdrawing");
	timer_start(loop, &a->patience, PATIENCE);
	for (size_t i = 0; i < a->n_services; i++) {
		service_leave(&a->services[i]);
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

static double shortest_ttl(const struct agent *a)
{
	uint32_t shortest = a->set->at[0].registry.ttl_ms;

	for (size_t i = 1; i < a->set->n; i++) {
		uint32_t ms = a->set->at[i].registry.ttl_ms;
		shortest = ms < shortest ? ms : shortest;
	}
	return (double)shortest / 1000.0;
}

static void on_standstill_over(struct standstill *standstill, double gap)
{
	struct agent *a = CONTAINER_OF(standstill, struct agent, standstill);

	log_write(LOG_WARN, LOG_FIELDS(LOG_TOOK("gap", gap)),
			"the agent, or the machine, was stopped for longer than a TTL: health is asked "
			"anew before anything is claimed");
	for (size_t i = 0; i < a->n_services; i++) {
		service_interrupted(&a->services[i], gap);
	}
}

/* ---- the way in ------------------------------------------------------------------ */

static void log_cluster(const struct descriptor *desc)
{
	const struct endpoints *endpoints = &desc->etcd.endpoints;
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

/* The cluster that the descriptor names; NULL without memory. */
static struct etcd *find_cluster(struct agent *a, const struct descriptor *desc)
{
	struct cluster *c = a->clusters;

	while (c != NULL && !etcd_settings_equal(&c->desc->etcd, &desc->etcd)) {
		c = c->next;
	}
	if (c != NULL) {
		return &c->etcd;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL || etcd_init(&c->etcd, a->loop, a->carrier, &desc->etcd, &a->random) < 0) {
		free(c);
		return NULL;
	}
	c->etcd.on_notice = on_notice;
	c->desc = desc;
	c->next = a->clusters;
	a->clusters = c;
	a->n_clusters++;
	curl_carrier_keep(a->carrier, a->n_clusters);
	log_cluster(desc);
	return &c->etcd;
}

static int add_services(struct agent *a)
{
	a->services = calloc(a->set->n, sizeof *a->services);
	if (a->services == NULL) {
		return -1;
	}
	for (size_t i = 0; i < a->set->n; i++) {
		const struct descriptor *desc = &a->set->at[i];
		struct etcd *etcd = find_cluster(a, desc);
		if (etcd == NULL || service_init(&a->services[i], a->loop, etcd, &a->shelf, desc,
						    &a->random, on_gone) < 0) {
			return -1;
		}
		a->services[i].owner = a;
		a->n_services++;
	}
	return 0;
}

/* A connection for each service, and as many as the hard limit allows. */
static void raise_descriptor_limit(size_t n_services)
{
	struct rlimit limit;
	rlim_t need = n_services + DESCRIPTORS_BESIDE;

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
	a->carrier = curl_carrier_create(a->loop, err);
	if (a->carrier == NULL) {
		return -1;
	}
	if (add_services(a) < 0) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	raise_descriptor_limit(set->n);
	watch_signals(a);
	return 0;
}

static void tear_down(struct agent *a)
{
	for (size_t i = 0; i < a->n_services; i++) {
		service_finish(&a->services[i]);
	}
	standstill_stop(&a->standstill);
	free(a->services);
	tls_shelf_finish(&a->shelf);
	while (a->clusters != NULL) {
		struct cluster *c = a->clusters;
		a->clusters = c->next;
		etcd_finish(&c->etcd);
		free(c);
	}
	curl_carrier_destroy(a->carrier);
	if (a->loop != NULL) {
		ev_loop_destroy(a->loop);
	}
}

enum exit_code agent_run(const struct descriptor_set *set, struct err *err)
{
	struct agent a;

	for (size_t i = 0; i < set->n; i++) {
		if (set->at[i].discover.on) {
			(void)err_set(err, ERR_UNKNOWN,
					"%.120s: this version checks readers, but does not run them",
					set->at[i].file);
			return EXIT_INTERNAL;
		}
	}
	if (set_up(&a, set, err) < 0) {
		tear_down(&a);
		return EXIT_INTERNAL;
	}
	standstill_start(&a.standstill, a.loop, shortest_ttl(&a), on_standstill_over);
	for (size_t i = 0; i < a.n_services; i++) {
		service_start(&a.services[i]);
	}
	(void)ev_run(a.loop, 0);
	tear_down(&a);
	return a.code;
}
