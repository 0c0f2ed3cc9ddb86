/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/store.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "tests/sim/world.h"

#define FIRST_LEASE 1000

void store_init(struct store *s)
{
	memset(s, 0, sizeof *s);
	s->up = true;
	s->next_lease = FIRST_LEASE;
	s->revision = s->revision_before = 1;
	s->term = 1;
	s->unheld_since = 0.0;
}

struct lease *store_find(struct store *s, int64_t id)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->leases[i].id == id) {
			return &s->leases[i];
		}
	}
	return NULL;
}

struct lease *store_holder(struct store *s)
{
	return s->key.present && s->key.lease != 0 ? store_find(s, s->key.lease) : NULL;
}

static void count_strangers(struct world *w)
{
	struct store *s = &w->store;
	double n = floor((world_now(w) - s->strangers_at) * w->script.writes);

	if (n >= 1.0) {
		s->revision += (int64_t)n;
		s->strangers_at += n / w->script.writes;
	}
}

/* The only writer of the key. */
static void set_key(struct world *w, struct etcd_key key)
{
	struct store *s = &w->store;
	bool held = key.present && key.lease != 0;

	count_strangers(w);
	s->revision_before = s->revision++;
	s->changed_at = world_now(w);
	key.mod_revision = key.present ? s->revision : 0;
	s->key = key;
	s->put_at = world_now(w);
	if (!held) {
		s->unheld_since = fmin(s->unheld_since, world_now(w));
	} else {
		s->unheld_since = (double)INFINITY;
	}
}

/* ---- the life of a lease --------------------------------------------------------------------- */

static double next_scan(double at)
{
	return (floor(at / STORE_SCAN) + 1.0) * STORE_SCAN;
}

static void plan_scan(struct world *w, struct lease *l)
{
	struct event event = { .at = next_scan(l->over_at), .kind = EVENT_EXPIRY };

	event.message.lease = l->id;
	l->look_at = event.at;
	queue_add(&w->queue, &event);
}

static void drop_lease(struct world *w, struct lease *l)
{
	struct store *s = &w->store;
	int64_t id = l->id;

	*l = s->leases[--s->n];
	if (s->key.present && s->key.lease == id) {
		world_note(w, -1, FACT_UNLISTED, id, 0);
		set_key(w, (struct etcd_key){ .present = false });
	}
}

static void refresh(struct world *w, struct lease *l, double extra)
{
	l->refreshed_at = world_now(w);
	l->over_at = l->refreshed_at + l->ttl + extra;
}

void store_scan(struct world *w, int64_t lease, double planned)
{
	struct lease *l = w->store.up ? store_find(&w->store, lease) : NULL;

	if (l == NULL || l->look_at < planned || l->look_at > planned) {
		return; /* another event looks after it */
	}
	if (l->over_at >= planned || w->script.plant == PLANT_IMMORTAL) {
		l->over_at = fmax(l->over_at, planned);
		plan_scan(w, l);
		return;
	}
	judge_look(w);
	judge_expiry(w, l);
	world_note(w, -1, FACT_EXPIRED, lease, 0);
	drop_lease(w, l);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void do_grant(struct world *w, int slot, unsigned incarnation, struct message *m)
{
	struct store *s = &w->store;

	if (s->n == STORE_LEASES) {
		world_break(w, "R: leases pile up in etcd");
		m->kind = ANSWER_FAILED;
		return;
	}
	struct lease *l = &s->leases[s->n++];
	*l = (struct lease){ .id = s->next_lease++,
		.ttl = fmax(m->ttl, w->script.ttl),
		.slot = slot,
		.incarnation = incarnation };
	refresh(w, l, 0.0);
	plan_scan(w, l);
	world_note(w, slot, FACT_GRANTED, l->id, (int64_t)l->ttl);
	m->lease = l->id;
	m->ttl = l->ttl;
	m->kind = ANSWER_OK;
}

static void do_put(struct world *w, int slot, unsigned incarnation, struct message *m)
{
	struct store *s = &w->store;

	if (m->guard != s->key.mod_revision) {
		m->kind = ANSWER_SEEN;
		m->seen = s->key;
		return;
	}
	if (store_find(s, m->lease) == NULL) {
		m->kind = ANSWER_GONE;
		return;
	}
	judge_look(w);
	judge_put(w, slot, incarnation);
	set_key(w, (struct etcd_key){ .present = true, .same_value = true, .lease = m->lease });
	world_note(w, slot, FACT_PUT, m->lease, s->revision);
	m->kind = ANSWER_OK;
}

/* A lease that is over is renewed when the scan has dealt with it, and so never. */
static bool do_renew(struct world *w, int slot, struct message *m, double *later)
{
	struct lease *l = store_find(&w->store, m->lease);

	m->kind = l == NULL ? ANSWER_GONE : ANSWER_OK;
	if (l == NULL) {
		return true;
	}
	if (l->over_at < world_now(w)) {
		*later = l->look_at;
		return false;
	}
	refresh(w, l, 0.0);
	m->ttl = l->ttl;
	world_note(w, slot, FACT_RENEWED, l->id, 0);
	return true;
}

static void do_revoke(struct world *w, int slot, unsigned incarnation, struct message *m)
{
	struct lease *l = store_find(&w->store, m->lease);

	m->kind = l == NULL ? ANSWER_GONE : ANSWER_OK;
	if (l != NULL) {
		judge_look(w);
		judge_revoke(w, incarnation, m->lease);
		world_note(w, slot, FACT_REVOKED, l->id, 0);
		drop_lease(w, l);
	}
}

static struct cluster_mark header(struct world *w, const struct message *m)
{
	const struct store *s = &w->store;
	struct cluster_mark at = { s->wipes + 1, s->term, s->revision, 1 };
	double lag = m->ask == ASK_RENEW ? dice_between(&w->dice, 0.0, w->script.lag) : 0.0;

	if (world_now(w) - s->changed_at < lag) {
		at.revision = s->revision_before;
	}
	return at;
}

bool store_serve(struct world *w, int slot, unsigned incarnation, struct message *m, double *later)
{
	bool served = true;

	count_strangers(w);
	switch (m->ask) {
	case ASK_GRANT:
		do_grant(w, slot, incarnation, m);
		break;
	case ASK_PUT:
		do_put(w, slot, incarnation, m);
		break;
	case ASK_VERIFY:
		m->seen = w->store.key;
		m->kind = m->guard == 0                      ? ANSWER_SEEN
			  : m->guard == m->seen.mod_revision ? ANSWER_OK
							     : ANSWER_OTHER;
		break;
	case ASK_RENEW:
		served = do_renew(w, slot, m, later);
		break;
	case ASK_REVOKE:
		do_revoke(w, slot, incarnation, m);
		break;
	}
	m->revision = w->store.revision;
	m->at = header(w, m);
	return served;
}

/* ---- its bad days ---------------------------------------------------------------------------- */

void store_stop(struct world *w, bool wipe)
{
	struct store *s = &w->store;

	judge_look(w);
	world_note(w, -1, FACT_ETCD_DOWN, wipe, 0);
	s->up = false;
	s->steady_since = (double)INFINITY;
	if (wipe) {
		s->n = 0;
		set_key(w, (struct etcd_key){ .present = false });
		s->revision = 1;
		s->wipes++;
	}
}

static void refresh_all(struct world *w)
{
	struct store *s = &w->store;

	s->steady_since = world_now(w);
	for (unsigned i = 0; i < s->n; i++) {
		refresh(w, &s->leases[i], w->script.election);
	}
}

void store_restart(struct world *w)
{
	judge_look(w);
	world_note(w, -1, FACT_ETCD_UP, 0, 0);
	w->store.up = true;
	w->store.term++;
	refresh_all(w);
	for (unsigned i = 0; i < w->store.n; i++) {
		plan_scan(w, &w->store.leases[i]);
	}
}

void store_new_leader(struct world *w)
{
	if (!w->store.up) {
		return;
	}
	judge_look(w);
	world_note(w, -1, FACT_LEADER, 0, 0);
	w->store.term++;
	refresh_all(w);
}

void store_revoke_by_hand(struct world *w)
{
	struct lease *l = store_holder(&w->store);

	if (l != NULL && w->store.up) {
		judge_look(w);
		world_note(w, -1, FACT_REVOKED, l->id, 1);
		drop_lease(w, l);
	}
}

void store_delete_key(struct world *w)
{
	if (w->store.key.present && w->store.up) {
		judge_look(w);
		world_note(w, -1, FACT_UNLISTED, w->store.key.lease, 1);
		set_key(w, (struct etcd_key){ .present = false });
	}
}

void store_overwrite_key(struct world *w)
{
	if (w->store.up) {
		judge_look(w);
		set_key(w, (struct etcd_key){ .present = true });
	}
}

void store_alter_key(struct world *w)
{
	struct etcd_key key = w->store.key;

	if (key.present && w->store.up) {
		judge_look(w);
		key.same_value = false;
		set_key(w, key);
	}
}
