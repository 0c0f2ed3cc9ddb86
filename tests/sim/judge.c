/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/judge.h"

#include <math.h>

#include "agent/util.h"
#include "tests/sim/bounds.h"
#include "tests/sim/world.h"

/* Rounding of times that are sums, seconds. */
#define GRAIN 0.001

#define SECONDS_IN_MINUTE 60.0

struct judge_figures judge_figures;

/* Breaks the property when it is later than the bound allows after `since`. */
static void hold_to(
		struct world *w, double since, double bound, double *share, const char *property)
{
	double late = world_now(w) - since;

	if (late > bound + GRAIN) {
		world_break(w, property);
	}
	if (late / bound > *share) { /* false for a `since` of INFINITY */
		*share = late / bound;
	}
}

static bool reaches_etcd(const struct node *n)
{
	return n->runs && !n->paused && n->link == LINK_GOOD;
}

/* ---- S: nothing stays listed ----------------------------------------------------------------- */

/* By when one of an agent's probers, made at `made_at`, knows that the key must go. */
static double known_by(const struct world *w, const struct node *n, double made_at)
{
	double awake = fmax(fmax(n->runs_since, n->sees_since), made_at);
	double ill = fmax(w->backend.ill_since, awake) + bound_detect(&w->script);
	double hard = (double)INFINITY;

	if (w->backend.mode == MODE_DEAD || w->backend.mode == MODE_NOT_SERVING) {
		hard = fmax(w->backend.mode_since, awake) + bound_detect_hard(&w->script);
	}
	return fmin(fmin(ill, hard), fmax(n->left_since, n->runs_since));
}

/* By when a running agent knows that the key must go; INFINITY when it need not. */
static double decided_by(const struct world *w, const struct node *n)
{
	return known_by(w, n, n->runs_since);
}

static void look_at_key(struct world *w)
{
	const struct lease *l = store_holder(&w->store);

	if (l == NULL || !w->store.up) {
		return;
	}
	const struct node *n = &w->nodes[l->slot];
	double sent_until = n->incarnation == l->incarnation ? n->stopped_at : n->born_at;
	if (n->incarnation == l->incarnation && n->runs && !n->paused) {
		sent_until = decided_by(w, n);
	}
	hold_to(w, fmax(sent_until, w->store.steady_since), bound_lapse(&w->script),
			&judge_figures.s2,
			"S2: a key stays listed that nobody may have renewed for its whole TTL");
	if (n->incarnation == l->incarnation && reaches_etcd(n)) {
		double since = fmax(fmax(decided_by(w, n), n->link_since), w->store.steady_since);
		hold_to(w, since, bound_act(&w->script), &judge_figures.s1,
				"S1: a key stays listed though its agent must have withdrawn it");
	}
}

/* ---- L: what is well is listed --------------------------------------------------------------- */

static void look_at_absence(struct world *w, const struct node *n)
{
	double since = fmax(w->backend.well_since, w->store.steady_since);
	const struct lease *l = store_holder(&w->store);
	bool altered = l != NULL && l->incarnation == n->incarnation && !w->store.key.same_value;

	if (!reaches_etcd(n) || n->leaving) {
		return;
	}
	since = fmax(since, altered ? w->store.put_at : w->store.unheld_since);
	since = fmax(since, fmax(n->runs_since, n->link_since));
	since = fmax(since, n->reloaded_at);
	hold_to(w, fmax(since, n->sees_since), bound_listed(&w->script), &judge_figures.l,
			"L: a well service stays unlisted though its agent reaches etcd");
}

static void look_at_end(struct world *w, const struct node *n)
{
	double since = fmax(fmax(n->left_since, n->runs_since),
			fmax(n->link_since, w->store.steady_since));

	if (reaches_etcd(n) && n->leaving) {
		hold_to(w, since, bound_act(&w->script), &judge_figures.t,
				"T: an agent that was told to stop and reaches etcd does not end");
	}
}

void judge_look(struct world *w)
{
	look_at_key(w);
	for (int i = 0; i < NODES; i++) {
		look_at_absence(w, &w->nodes[i]);
		look_at_end(w, &w->nodes[i]);
	}
}

/* ---- what an agent asks ---------------------------------------------------------------------- */

static void count_call(struct world *w, struct node *n)
{
	struct record *r = &n->record;
	uint64_t minute = (uint64_t)(world_now(w) / SECONDS_IN_MINUTE);

	if (minute != r->minute) {
		r->minute = minute;
		r->calls = 0;
	}
	r->calls++;
	if (r->calls > judge_figures.calls) {
		judge_figures.calls = r->calls;
	}
	if (r->calls > CALLS_MAX) {
		world_break(w, "N1: an agent calls etcd without end");
	}
}

/* Counted only while the agent can have learned of it. */
static void count_idle(struct world *w, const struct node *n, struct tenure *t, int64_t lease)
{
	double since = fmax(fmax(n->link_since, n->runs_since), w->store.steady_since);
	double learns = since + w->script.request_timeout;
	bool idle = w->store.key.lease != lease && n->link == LINK_GOOD && world_now(w) >= learns;

	t->idle = idle ? t->idle + 1 : 0;
	if (t->idle > IDLE_MAX) {
		world_break(w, "R1: a lease is renewed on and on without the key on it");
	}
}

static enum health_state health_of(struct tenure *t)
{
	return CONTAINER_OF(t, struct berth, tenure)->service->prober.health.state;
}

/* A call that was in flight when health decided ends first, and a pause is over. */
static bool is_withdrawn_for_nothing(
		const struct world *w, const struct node *n, const struct tenure *t)
{
	return t->knows && !t->revoke_asked && w->store.key.present &&
	       w->store.key.lease == t->lease && !n->leaving &&
	       world_now(w) > n->ill_at + bound_act(&w->script);
}

void judge_ask(struct world *w, struct node *n, struct tenure *t, enum ask ask, int64_t lease)
{
	bool claims = ask == ASK_GRANT || ask == ASK_PUT || ask == ASK_RENEW;
	double decided = ask == ASK_GRANT ? known_by(w, n, t->made_at) : decided_by(w, n);

	count_call(w, n);
	node_note_down(w, n);
	if (ask != ASK_GRANT && lease != t->lease) {
		world_break(w, "O: an agent names a lease that is not its own");
	}
	if ((ask == ASK_PUT || ask == ASK_RENEW) && t->revoke_asked) {
		world_break(w, "O1: a put or renewal on a lease that was given up");
	}
	if (claims && world_now(w) > decided + GRAIN) {
		world_break(w, "S3: an agent claims a service that it must know to be ill");
	}
	if ((ask == ASK_PUT || ask == ASK_GRANT) && t->must_pass) {
		world_break(w, "P: a put or a grant after a standstill, before the service has passed");
	}
	if (ask == ASK_GRANT && t->lease != 0 && health_of(t) == HEALTH_UNKNOWN) {
		world_break(w, "A: a second lease is asked for ahead of the first verdict");
	}
	if (ask == ASK_RENEW) {
		count_idle(w, n, t, lease);
	}
	if (ask == ASK_RENEW && t->must_hear) {
		world_break(w, "P: a renewal after a standstill, before the first audit is over");
	}
	t->knows = t->knows && ask != ASK_PUT;
	if (ask == ASK_REVOKE && is_withdrawn_for_nothing(w, n, t)) {
		world_break(w, "U: a key is withdrawn that nothing is wrong with");
	}
	t->revoke_asked = t->revoke_asked || ask == ASK_REVOKE;
}

/* ---- what etcd is about to do ---------------------------------------------------------------- */

/* The key hangs on a lease of another agent, and that one runs. */
static bool is_of_other(const struct world *w, const struct lease *l, unsigned incarnation)
{
	const struct node *owner = l != NULL ? &w->nodes[l->slot] : NULL;

	return owner != NULL && l->incarnation != incarnation && owner->runs &&
	       owner->incarnation == l->incarnation;
}

void judge_put(struct world *w, int slot, unsigned incarnation)
{
	struct node *n = &w->nodes[slot];
	struct record *r = &n->record;
	const struct lease *l = store_holder(&w->store);

	if (n->incarnation != incarnation) {
		return; /* from the dead */
	}
	if (is_of_other(w, l, incarnation)) {
		r->took++;
		if (l->incarnation > incarnation && r->has_written &&
				r->written_at < w->store.put_at) {
			world_break(w, "O3: a successor's key is overwritten");
		}
		if (r->took > TAKES_MAX) {
			world_break(w, "O4: two agents take the key from each other");
		}
	}
	if (!r->has_written) {
		r->has_written = true;
		r->written_at = world_now(w);
	}
}

void judge_revoke(struct world *w, unsigned incarnation, int64_t lease)
{
	const struct lease *l = store_find(&w->store, lease);

	if (l != NULL && l->incarnation != incarnation) {
		world_break(w, "O2: an agent revokes a lease that is not its own");
	}
}

/* A lease without an acknowledged put is not renewed while nobody knows whether to put. */
static bool lets_lapse(const struct registration *r)
{
	bool waits = r->goal == GOAL_KEEP || r->goal == GOAL_READY;

	return (r->state == LEASE_GRANTED && waits) || r->state == LEASE_PUTTING;
}

/* The service that the lease was acknowledged to and that has not given it up, or NULL. */
static const struct berth *find_tenant(const struct node *n, int64_t lease)
{
	for (unsigned i = 0; i < n->n_berths; i++) {
		const struct berth *b = &n->berths[i];
		if (b->service != NULL && b->tenure.lease == lease && !b->tenure.revoke_asked) {
			return b;
		}
	}
	return NULL;
}

void judge_expiry(struct world *w, const struct lease *l)
{
	const struct script *s = &w->script;
	const struct node *n = &w->nodes[l->slot];
	double since = fmax(fmax(n->runs_since, n->link_since), w->store.steady_since);
	double retry = fmin(s->request_timeout, s->ttl / 3.0) + s->ttl / 3.0;
	const struct berth *b = n->runs ? find_tenant(n, l->id) : NULL;
	bool wanted = n->incarnation == l->incarnation && reaches_etcd(n) && !n->leaving &&
		      b != NULL && !lets_lapse(&b->service->registration);

	if (wanted && w->store.key.present && w->store.key.lease == l->id &&
			l->over_at > fmax(since, w->store.put_at) + s->timeout + retry +
							10.0 * s->net_delay) {
		world_break(w, "K: a lease runs out though its agent runs and reaches etcd");
	}
}

/* ---- what an agent hears --------------------------------------------------------------------- */

void judge_report(struct berth *b, enum reason reason, bool audit, double as_of)
{
	struct tenure *r = &b->tenure;
	enum verdict verdict = reason_verdict(reason);
	bool fresh = as_of >= r->went_on_at;

	r->must_hear = r->must_hear && !(fresh && audit);
	switch (verdict) {
	case VERDICT_PASS:
		r->must_pass = r->must_pass && !fresh;
		r->passes++;
		r->fails = 0;
		break;
	case VERDICT_HARD_FAIL:
	case VERDICT_SOFT_FAIL:
		r->hard = verdict == VERDICT_HARD_FAIL;
		r->fails++;
		r->passes = 0;
		break;
	case VERDICT_INCONCLUSIVE:
		break;
	}
}

static void check_health(struct world *w, const struct berth *b)
{
	const struct tenure *r = &b->tenure;
	enum health_state state = b->service->prober.health.state;

	if (state == b->health || state == HEALTH_UNKNOWN) {
		return;
	}
	if (state == HEALTH_DOWN && !r->hard && r->fails < w->script.desc.probe.failure_threshold) {
		world_break(w, "H: health goes down on too little evidence");
	}
	if (state == HEALTH_UP && r->passes < w->script.desc.probe.success_threshold) {
		world_break(w, "H: health goes up on too little evidence");
	}
}

/* ---- what an agent is ------------------------------------------------------------------------ */

static bool registration_waits(const struct node *n, const struct berth *b)
{
	const struct registration *r = &b->service->registration;

	if (r->state >= N_RESTING) {
		return b->lane.call != NULL;
	}
	/* One that is gone waits for the others of its agent; T finds when it is not gone. */
	return ev_is_active(&r->wake) || lease_next[r->state][r->goal] == STEP_WAIT ||
	       (n->leaving && r->state == LEASE_NONE && r->goal == GOAL_EXIT);
}

static bool prober_waits(const struct berth *b)
{
	const struct prober *p = &b->service->prober;

	return p->probe == NULL || b->probe.auditing || ev_is_active(&p->next);
}

static void judge_service(struct world *w, const struct node *n, const struct berth *b)
{
	check_health(w, b);
	if (!registration_waits(n, b)) {
		world_break(w, "N3: a registration waits for nothing and has something to do");
	}
	if (!prober_waits(b)) {
		world_break(w, "N3: a prober waits for nothing");
	}
}

void judge_node(struct world *w, const struct node *n)
{
	if (!n->runs || n->over) {
		return;
	}
	if (n->loop.broken != NULL) {
		world_break(w, "N2: a timer is armed with a time that none may have");
	}
	for (unsigned i = 0; i < n->n_berths; i++) {
		if (n->berths[i].service != NULL) {
			judge_service(w, n, &n->berths[i]);
		}
	}
}

/* Of an agent that runs: calls in flight after which there may be a lease more, or less. */
static unsigned count_in_between(const struct node *n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n->n_berths; i++) {
		const struct service *s = n->berths[i].service;
		enum lease_state state = s != NULL ? s->registration.state : LEASE_NONE;
		count += state == LEASE_GRANTING || state == LEASE_PUTTING ||
							 state == LEASE_REVOKING
					 ? 1
					 : 0;
	}
	return count;
}

void judge_end(struct world *w)
{
	unsigned expected = store_holder(&w->store) != NULL ? 1 : 0;

	judge_look(w);
	for (int i = 0; i < NODES; i++) {
		const struct node *n = &w->nodes[i];
		expected += n->runs ? count_in_between(n) : 0;
		if (n->runs && n->units.retiring != NULL) {
			world_break(w, "R3: at rest a service is left that a reload has replaced");
		}
	}
	if (w->store.n > expected) {
		world_break(w, "R2: at rest there are more leases than listed keys");
	}
	if (isinf(w->backend.ill_since) == 0 && store_holder(&w->store) != NULL) {
		world_break(w, "S: at rest an ill service is listed");
	}
}
