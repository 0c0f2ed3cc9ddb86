/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/client.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/ownership.h"
#include "agent/timer.h"
#include "agent/util.h"
#include "tests/sim/world.h"

/* Transactions in one put before it is left to the back-off, as in etcd.c. */
#define PUT_ROUNDS 4

static struct client *client_of(struct etcd *e)
{
	return CONTAINER_OF(e, struct client, cluster.etcd);
}

static struct node *node_of(struct client *c)
{
	return &c->world->nodes[c->slot];
}

static struct berth *berth_of(struct client *c, struct etcd_call *call)
{
	return node_berth(node_of(c), CONTAINER_OF(call, struct service, registration.call));
}

/* ---- the end of a call ----------------------------------------------------------------------- */

/* Detach first, call last. */
static void end(struct lane *l, const struct etcd_reply *reply)
{
	struct etcd_call *call = l->call;
	struct client *c = client_of(call->etcd);
	struct tenure *tenure = &berth_of(c, call)->tenure;

	if (l->ask == ASK_GRANT && reply->outcome == OUTCOME_OK) {
		tenure->lease = reply->lease;
		tenure->revoke_asked = tenure->knows = false;
	}
	tenure->knows = tenure->knows || (l->ask == ASK_PUT && reply->outcome == OUTCOME_OK);
	if ((l->ask == ASK_GRANT || l->ask == ASK_PUT) && reply->outcome == OUTCOME_OK) {
		tenure->idle = 0;
	}
	c->failures = reply->outcome == OUTCOME_UNSURE ? c->failures + 1 : 0;
	l->call = NULL;
	call->etcd = NULL;
	ev_timer_stop(&node_of(c)->loop, &l->deadline);
	world_note(c->world, c->slot, FACT_DONE, reply->outcome, l->request.lease);
	call->done(call, reply);
}

static struct client *owner_of(const struct lane *l)
{
	return client_of(l->call->etcd);
}

static void end_with(struct lane *l, enum outcome outcome)
{
	struct client *c = owner_of(l);
	struct etcd_reply reply = { .outcome = outcome,
		.ttl = l->request.ttl,
		.other = l->other,
		.took_over = outcome == OUTCOME_OK && l->other != 0,
		.written = l->written,
		.at = l->at,
		.why = "as the world has it" };

	if (outcome == OUTCOME_UNSURE) {
		reply.elsewhere = c->failures + 1 < c->world->script.endpoints;
		reply.patient = node_of(c)->link == LINK_DENIED;
		if (c->world->script.plant == PLANT_FORGETFUL && l->ask != ASK_GRANT &&
				l->ask != ASK_VERIFY) {
			reply.outcome = OUTCOME_GONE;
		}
	}
	end(l, &reply);
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	end_with(CONTAINER_OF(deadline, struct lane, deadline), OUTCOME_UNSURE);
}

/* ---- what an answer means -------------------------------------------------------------------- */

static void transmit(struct lane *l)
{
	struct client *c = owner_of(l);

	l->request.call = ++c->calls;
	network_send(c->world, c->slot, &l->request);
}

static void put_again(struct lane *l, const struct etcd_key *seen)
{
	if (++l->rounds >= PUT_ROUNDS) {
		end_with(l, OUTCOME_UNSURE);
		return;
	}
	l->request.guard = seen->mod_revision;
	l->call->replacing[0] = seen->mod_revision;
	l->other = seen->lease == l->request.lease ? 0 : seen->lease;
	transmit(l);
}

static enum claim judge_claim(const struct lane *l, const struct etcd_key *seen)
{
	enum claim claim = ownership_judge(seen, &l->call->claim.terms);
	enum plant plant = owner_of(l)->world->script.plant;

	if (l->ask == ASK_VERIFY && plant == PLANT_TRUSTING) {
		return CLAIM_OURS;
	}
	return claim == CLAIM_TAKEN && plant == PLANT_THIEF ? CLAIM_REPLACE : claim;
}

static void on_seen(struct lane *l, const struct etcd_key *seen)
{
	bool putting = l->ask == ASK_PUT;

	switch (judge_claim(l, seen)) {
	case CLAIM_OURS:
		l->written = seen->mod_revision;
		end_with(l, OUTCOME_OK);
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		if (putting) {
			put_again(l, seen);
		} else {
			end_with(l, OUTCOME_DETACHED);
		}
		break;
	case CLAIM_TAKEN:
		l->other = seen->lease;
		end_with(l, OUTCOME_TAKEN);
		break;
	}
}

static void on_granted(struct lane *l, const struct message *m)
{
	struct etcd_reply reply = { .outcome = OUTCOME_OK,
		.lease = m->lease,
		.ttl = m->ttl,
		.revision = m->revision,
		.era = l->era,
		.why = "" };

	end(l, &reply);
}

/* Only the answer to a renewal is believed: that the lease is gone is asked once more. */
static void on_gone(struct lane *l)
{
	struct client *c = owner_of(l);

	if (l->request.ask == ASK_RENEW) {
		end_with(l, OUTCOME_GONE);
		return;
	}
	l->doubting = true;
	l->request.ask = ASK_RENEW;
	timer_start(&node_of(c)->loop, &l->deadline, c->world->script.request_timeout);
	transmit(l);
}

static void read_key(struct lane *l)
{
	if (owner_of(l)->world->script.plant == PLANT_TRUSTING) {
		end_with(l, OUTCOME_OK);
		return;
	}
	l->request.guard = 0;
	transmit(l);
}

static void hear(struct lane *l, const struct message *m)
{
	l->at = m->at;
	if (m->ask == ASK_RENEW && owner_of(l)->world->script.plant == PLANT_FROZEN) {
		l->at = CONTAINER_OF(l->call, struct registration, call)->tending.right_at;
	}
	switch (m->kind) {
	case ANSWER_OK:
		if (l->doubting) {
			end_with(l, OUTCOME_UNSURE); /* it lives after all */
		} else if (m->ask == ASK_GRANT) {
			on_granted(l, m);
		} else {
			l->request.ttl = m->ttl;
			l->written = m->ask == ASK_VERIFY ? m->guard : m->revision;
			end_with(l, OUTCOME_OK);
		}
		break;
	case ANSWER_GONE:
		on_gone(l);
		break;
	case ANSWER_SEEN:
		on_seen(l, &m->seen);
		break;
	case ANSWER_OTHER:
		read_key(l);
		break;
	case ANSWER_FAILED:
		end_with(l, OUTCOME_UNSURE);
		break;
	}
}

/* What is for none of them was given up, or is of an earlier round. */
void client_hear(struct client *c, const struct message *m)
{
	struct node *n = node_of(c);

	for (unsigned i = 0; i < n->n_berths; i++) {
		struct lane *l = &n->berths[i].lane;
		if (l->call != NULL && m->call == l->request.call) {
			hear(l, m);
			return;
		}
	}
}

/* ---- the beginning of a call ----------------------------------------------------------------- */

/* The lane that it runs on. */
static struct lane *begin(struct client *c, struct etcd_call *call, enum ask ask, int64_t lease,
		double timeout, etcd_done *done)
{
	struct berth *b = berth_of(c, call);
	struct lane *l = &b->lane;

	assert(l->call == NULL && call->etcd == NULL);
	memset(call, 0, sizeof *call);
	call->etcd = &c->cluster.etcd;
	call->done = done;
	call->sent_at = clock_now();
	l->call = call;
	l->ask = ask;
	l->rounds = 0;
	l->era = c->world->store.wipes;
	l->doubting = false;
	l->other = 0;
	l->written = 0;
	l->request = (struct message){ .ask = ask, .lease = lease };
	timer_start(&node_of(c)->loop, &l->deadline, timeout);
	world_note(c->world, c->slot, (enum fact)(FACT_ASK_GRANT + (int)ask), lease, 0);
	judge_ask(c->world, node_of(c), &b->tenure, ask, lease);
	return l;
}

/* Each agent has a phase of its own. */
void etcd_take_seat(struct etcd *e, struct etcd_seat *seat)
{
	double phase = (double)node_of(client_of(e))->incarnation * 0.618;

	seat->phase = phase - floor(phase);
}

void etcd_give_seat(struct etcd *e, struct etcd_seat *seat)
{
	UNUSED(e);
	UNUSED(seat);
}

void etcd_hold(struct etcd *e, struct etcd_seat *seat, int64_t lease)
{
	UNUSED(e);
	UNUSED(seat);
	UNUSED(lease);
}

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done)
{
	struct client *c = client_of(e);
	struct lane *l = begin(c, call, ASK_GRANT, 0, c->world->script.request_timeout, done);

	l->request.ttl = (double)ttl_s;
	transmit(l);
}

/* As etcd.c has it. */
static double timeout_for(const struct client *c, double ttl)
{
	return fmin(c->world->script.request_timeout, ttl / 3.0);
}

void etcd_put(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	struct client *c = client_of(e);
	double timeout = timeout_for(c, claim->ttl);
	struct lane *l = begin(c, call, ASK_PUT, claim->terms.lease, timeout, done);

	call->claim = *claim;
	transmit(l);
}

void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	struct client *c = client_of(e);
	double timeout = timeout_for(c, claim->ttl);
	struct lane *l = begin(c, call, ASK_VERIFY, claim->terms.lease, timeout, done);

	call->claim = *claim;
	l->request.guard = claim->written;
	transmit(l);
}

static void answer_unsent(struct client *c, struct lane *l)
{
	struct event event = { .at = world_now(c->world),
		.kind = EVENT_ANSWER,
		.slot = c->slot,
		.incarnation = node_of(c)->incarnation };

	l->request.call = ++c->calls;
	event.message = l->request;
	queue_add(&c->world->queue, &event);
}

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done)
{
	struct client *c = client_of(e);
	enum plant plant = c->world->script.plant;
	struct lane *l = begin(c, call, ASK_REVOKE, lease, c->world->script.request_timeout, done);

	if (plant == PLANT_LAZY_REVOKE) {
		answer_unsent(c, l);
		return;
	}
	if (plant == PLANT_VANDAL && c->world->store.key.lease != 0) {
		l->request.lease = c->world->store.key.lease;
	}
	transmit(l);
}

void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done)
{
	struct client *c = client_of(e);

	transmit(begin(c, call, ASK_RENEW, lease, timeout_for(c, ttl), done));
}

void etcd_cancel(struct etcd_call *call)
{
	if (call->etcd == NULL) {
		return;
	}
	struct client *c = client_of(call->etcd);
	struct lane *l = &berth_of(c, call)->lane;
	l->call = NULL;
	call->etcd = NULL;
	ev_timer_stop(&node_of(c)->loop, &l->deadline);
}

void lane_init(struct lane *l)
{
	memset(l, 0, sizeof *l);
	ev_timer_init(&l->deadline, on_deadline, 0.0, 0.0);
}

void client_init(struct client *c, struct world *w, int slot)
{
	memset(c, 0, sizeof *c);
	c->world = w;
	c->slot = slot;
}
