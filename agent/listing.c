/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing - `list`: reads what stands under each prefix, then asks how long
 * each lease has left, and prints. `watch` is in listing_follow.c.
 */
#include "agent/listing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clusters.h"
#include "agent/known.h"
#include "agent/listing_stage.h"
#include "agent/log.h"
#include "agent/net/etcd_read.h"
#include "agent/util.h"

/* How many leases are asked for at once. */
#define ASKS 16

#define SERVICE_MAX 256

struct listing_now;

/* One question about a lease. */
struct ask {
	struct etcd_read read;
	struct listing_now *now; /* borrowed */
	size_t place;            /* in `leases` */
};

/* One prefix and what stands under it. */
struct place {
	const char *service; /* borrowed; NULL: all of them */
	char *prefix;        /* owned */
	struct known known;
};

struct lease {
	int64_t id, ttl_s;
};

struct listing_now {
	const struct listing *l;
	struct listing_stage stage;
	struct etcd *etcd; /* borrowed */
	struct place *places;
	size_t n_places, reading;
	struct etcd_read read;
	struct lease *leases; /* owned; each once, ordered */
	size_t n_leases, asked, answered;
	struct ask asks[ASKS];
	enum exit_code code;
	struct err *err;
};

static void stop(struct listing_now *n, enum exit_code code)
{
	n->code = code;
	ev_break(n->stage.loop, EVBREAK_ALL);
}

/* ---- printing ------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
	const struct lease *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int64_t ttl_of(const struct listing_now *n, int64_t id)
{
	const struct lease wanted = { .id = id };
	const struct lease *found = id == 0 || n->n_leases == 0
						    ? NULL
						    : bsearch(&wanted, n->leases, n->n_leases,
								      sizeof wanted, by_id);

	return found == NULL ? LISTING_NO_LEASE : found->ttl_s;
}

static size_t count(const struct listing_now *n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n->n_places; i++) {
		sum += n->places[i].known.live.n;
	}
	return sum;
}

/* Room for the name is the caller's. */
static const char *name_of(const struct listing_now *n, const struct place *place,
		const struct instance *instance, char *room)
{
	if (place->service != NULL) {
		return place->service;
	}
	bool known = format_service_of(
			n->l->format, n->l->prefix, instance->key, room, SERVICE_MAX);
	return known ? room : "?";
}

static void print_all(struct listing_now *n)
{
	size_t all = count(n), done = 0;
	struct listing_row *rows = calloc(all, sizeof *rows);
	char(*names)[SERVICE_MAX] = calloc(all, sizeof *names);

	for (size_t i = 0; rows != NULL && names != NULL && i < n->n_places; i++) {
		const struct place *place = &n->places[i];
		for (size_t j = 0; j < place->known.live.n; j++, done++) {
			const struct instance *instance = place->known.live.at[j];
			rows[done] = (struct listing_row){
				.service = name_of(n, place, instance, names[done]),
				.instance = instance,
				.ttl_s = ttl_of(n, instance->lease),
			};
		}
	}
	if (done < all || listing_print(n->l->style, rows, all, n->l->out) < 0) {
		n->code = EXIT_INTERNAL;
		(void)err_set(n->err, ERR_SYSTEM, "out of memory");
	}
	free(rows);
	free(names);
}

/* ---- leases -------------------------------------------------------------------------- */

static void ask_next(struct ask *ask);

static void on_lease(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	struct ask *ask = CONTAINER_OF(read, struct ask, read);
	struct listing_now *n = ask->now;

	n->leases[ask->place].ttl_s = !reply->ok          ? LISTING_UNKNOWN
				      : reply->ttl_s <= 0 ? LISTING_LEASE_GONE
							  : reply->ttl_s;
	n->answered++;
	if (n->answered == n->n_leases) {
		stop(n, EXIT_DONE);
	} else {
		ask_next(ask);
	}
}

static void ask_next(struct ask *ask)
{
	struct listing_now *n = ask->now;

	if (n->asked < n->n_leases) {
		ask->place = n->asked++;
		etcd_read_lease(n->etcd, &ask->read, n->leases[ask->place].id, on_lease);
	}
}

static size_t drop_doubles(struct lease *leases, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || leases[i].id != leases[kept - 1].id) {
			leases[kept++] = leases[i];
		}
	}
	return kept;
}

static bool collect_leases(struct listing_now *n)
{
	n->leases = calloc(count(n) + 1, sizeof *n->leases);
	if (n->leases == NULL) {
		return false;
	}
	for (size_t i = 0; i < n->n_places; i++) {
		const struct instances *live = &n->places[i].known.live;
		for (size_t j = 0; j < live->n; j++) {
			if (live->at[j]->lease != 0) {
				n->leases[n->n_leases++].id = live->at[j]->lease;
			}
		}
	}
	qsort(n->leases, n->n_leases, sizeof *n->leases, by_id);
	n->n_leases = drop_doubles(n->leases, n->n_leases);
	return true;
}

static void ask_leases(struct listing_now *n)
{
	if (!collect_leases(n)) {
		(void)err_set(n->err, ERR_SYSTEM, "out of memory");
		stop(n, EXIT_INTERNAL);
		return;
	}
	if (n->n_leases == 0) {
		stop(n, EXIT_DONE);
	}
	for (size_t i = 0; i < ASKS; i++) {
		n->asks[i].now = n;
		ask_next(&n->asks[i]);
	}
}

/* ---- prefixes ------------------------------------------------------------------------ */

static void read_next(struct listing_now *n);

static bool on_page(struct etcd_read *read, const struct etcd_kv *kvs, size_t n_kvs)
{
	struct listing_now *n = CONTAINER_OF(read, struct listing_now, read);
	struct known *known = &n->places[n->reading].known;

	for (size_t i = 0; i < n_kvs; i++) {
		struct err err = { 0 };
		struct known_put done = known_put(known, known, n->l->format, &kvs[i], &err);
		if (done.failed || done.skipped) {
			char *key = known_key(&kvs[i]);
			log_write(LOG_WARN, LOG_FIELDS(LOG_STR("key", key), LOG_SAY(err.text)),
					"passed over a key that is no instance");
			free(key);
		}
		if (done.failed) {
			return false; /* there is no room for more */
		}
	}
	return true;
}

static void on_read(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	struct listing_now *n = CONTAINER_OF(read, struct listing_now, read);

	if (!reply->ok) {
		(void)err_set(n->err, ERR_SYSTEM, "%s", reply->why);
		stop(n, EXIT_AWAY);
		return;
	}
	n->reading++;
	if (n->reading < n->n_places) {
		read_next(n);
	} else {
		ask_leases(n);
	}
}

static void read_next(struct listing_now *n)
{
	etcd_read_all(n->etcd, &n->read, n->places[n->reading].prefix, on_page, on_read);
}

/* ---- making and ending --------------------------------------------------------------- */

static bool make_places(struct listing_now *n)
{
	const struct listing *l = n->l;

	n->n_places = l->n_services > 0 ? l->n_services : 1;
	n->places = calloc(n->n_places, sizeof *n->places);
	for (size_t i = 0; n->places != NULL && i < n->n_places; i++) {
		n->places[i].service = l->n_services > 0 ? l->services[i] : NULL;
		n->places[i].prefix = format_prefix(l->format, l->prefix, n->places[i].service);
		if (n->places[i].prefix == NULL) {
			return false;
		}
	}
	return n->places != NULL;
}

static void finish(struct listing_now *n)
{
	etcd_read_cancel(&n->read);
	for (size_t i = 0; i < ASKS; i++) {
		etcd_read_cancel(&n->asks[i].read);
	}
	for (size_t i = 0; n->places != NULL && i < n->n_places; i++) {
		known_finish(&n->places[i].known);
		free(n->places[i].prefix);
	}
	free(n->places);
	free(n->leases);
	listing_stage_close(&n->stage);
}

static enum exit_code conclude(struct listing_now *n)
{
	const struct place *first = &n->places[0];

	if (n->code == EXIT_DONE && count(n) == 0) {
		n->code = EXIT_NO;
		(void)err_set(n->err, ERR_MISSING, "nothing is listed under %.180s%s",
				first->prefix, n->n_places > 1 ? " and the others" : "");
	} else if (n->code == EXIT_DONE) {
		print_all(n);
	}
	return n->code;
}

enum exit_code listing_now(const struct listing *l, struct err *err)
{
	struct listing_now n = { .l = l, .code = EXIT_INTERNAL, .err = err };

	(void)err_set(err, ERR_SYSTEM, "out of memory");
	if (make_places(&n) && listing_stage_open(&n.stage, l->etcd, err) == 0) {
		n.etcd = &n.stage.cluster->etcd;
	}
	if (n.etcd != NULL && n.places[0].prefix[0] == '\0') {
		(void)err_set(err, ERR_MISSING,
				"the keys of this format begin with the service: name at least one");
		n.code = EXIT_USAGE;
	} else if (n.etcd != NULL) {
		read_next(&n);
		(void)ev_run(n.stage.loop, 0);
		n.code = conclude(&n);
	}
	finish(&n);
	return n.code;
}
