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
	return CONTAINER_OF(e, struct client, etcd);
}

static struct node *node_of(struct client *c)
{
	return &c->world->nodes[c->slot];
}

/* ---- the end of a call ----------------------------------------------------------------------- */

/* Detach first, call last. */
static void end(struct client *c, const struct etcd_reply *reply)
{
	struct etcd_call *call = c->call;
	struct record *record = &node_of(c)->record;

	if (c->ask == ASK_GRANT && reply->outcome == OUTCOME_OK) {
		record->lease = reply->lease;
		record->revoke_asked = false;
	}
	if ((c->ask == ASK_GRANT || c->ask == ASK_PUT) && reply->outcome == OUTCOME_OK) {
		record->idle = 0;
	}
	c->failures = reply->outcome == OUTCOME_UNSURE ? c->failures + 1 : 0;
	c->call = NULL;
	call->etcd = NULL;
	ev_timer_stop(&node_of(c)->loop, &c->deadline);
	world_note(c->world, c->slot, FACT_DONE, reply->outcome, c->request.lease);
	call->done(call, reply);
}

static void end_with(struct client *c, enum outcome outcome)
{
	struct etcd_reply reply = { .outcome = outcome,
		.ttl = c->request.ttl,
		.other = c->other,
		.took_over = outcome == OUTCOME_OK && c->other != 0,
		.why = "as the world has it" };

	if (outcome == OUTCOME_UNSURE) {
		reply.elsewhere = c->failures + 1 < c->world->script.endpoints;
		reply.patient = node_of(c)->link == LINK_DENIED;
		if (c->world->script.plant == PLANT_FORGETFUL && c->ask != ASK_GRANT &&
				c->ask != ASK_VERIFY) {
			reply.outcome = OUTCOME_GONE;
		}
	}
	end(c, &reply);
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	end_with(CONTAINER_OF(deadline, struct client, deadline), OUTCOME_UNSURE);
}

/* ---- what an answer means -------------------------------------------------------------------- */

static void transmit(struct client *c)
{
	c->request.call = ++c->calls;
	network_send(c->world, c->slot, &c->request);
}

static void put_again(struct client *c, const struct etcd_key *seen)
{
	if (++c->rounds >= PUT_ROUNDS) {
		end_with(c, OUTCOME_UNSURE);
		return;
	}
	c->request.guard = seen->mod_revision;
	c->call->replacing[0] = seen->mod_revision;
	c->other = seen->lease == c->request.lease ? 0 : seen->lease;
	transmit(c);
}

static enum claim judge_claim(const struct client *c, const struct etcd_key *seen)
{
	enum claim claim = ownership_judge(seen, &c->call->claim.terms);

	if (c->ask == ASK_VERIFY && c->world->script.plant == PLANT_TRUSTING) {
		return CLAIM_OURS;
	}

	return claim == CLAIM_TAKEN && c->world->script.plant == PLANT_THIEF ? CLAIM_REPLACE
									     : claim;
}

static void on_seen(struct client *c, const struct etcd_key *seen)
{
	bool putting = c->ask == ASK_PUT;

	switch (judge_claim(c, seen)) {
	case CLAIM_OURS:
		end_with(c, OUTCOME_OK);
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		if (putting) {
			put_again(c, seen);
		} else {
			end_with(c, OUTCOME_DETACHED);
		}
		break;
	case CLAIM_TAKEN:
		c->other = seen->lease;
		end_with(c, OUTCOME_TAKEN);
		break;
	}
}

static void on_granted(struct client *c, const struct message *m)
{
	struct etcd_reply reply = { .outcome = OUTCOME_OK,
		.lease = m->lease,
		.ttl = m->ttl,
		.revision = m->revision,
		.era = c->era,
		.why = "" };

	end(c, &reply);
}

/* Only the answer to a renewal is believed: that the lease is gone is asked once more. */
static void on_gone(struct client *c)
{
	if (c->request.ask == ASK_RENEW) {
		end_with(c, OUTCOME_GONE);
		return;
	}
	c->doubting = true;
	c->request.ask = ASK_RENEW;
	timer_start(&node_of(c)->loop, &c->deadline, c->world->script.request_timeout);
	transmit(c);
}

void client_hear(struct client *c, const struct message *m)
{
	if (c->call == NULL || m->call != c->request.call) {
		return; /* given up, or of an earlier round */
	}
	switch (m->kind) {
	case ANSWER_OK:
		if (c->doubting) {
			end_with(c, OUTCOME_UNSURE); /* it lives after all */
		} else if (m->ask == ASK_GRANT) {
			on_granted(c, m);
		} else {
			c->request.ttl = m->ttl;
			end_with(c, OUTCOME_OK);
		}
		break;
	case ANSWER_GONE:
		on_gone(c);
		break;
	case ANSWER_SEEN:
		on_seen(c, &m->seen);
		break;
	case ANSWER_FAILED:
		end_with(c, OUTCOME_UNSURE);
		break;
	}
}

/* ---- the beginning of a call ----------------------------------------------------------------- */

static void begin(struct client *c, struct etcd_call *call, enum ask ask, int64_t lease,
		double timeout, etcd_done *done)
{
	assert(c->call == NULL && call->etcd == NULL);
	memset(call, 0, sizeof *call);
	call->etcd = &c->etcd;
	call->done = done;
	call->sent_at = clock_now();
	c->call = call;
	c->ask = ask;
	c->rounds = 0;
	c->era = c->world->store.wipes;
	c->doubting = false;
	c->other = 0;
	c->request = (struct message){ .ask = ask, .lease = lease };
	timer_start(&node_of(c)->loop, &c->deadline, timeout);
	world_note(c->world, c->slot, (enum fact)(FACT_ASK_GRANT + (int)ask), lease, 0);
	judge_ask(c->world, node_of(c), ask, lease);
}

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done)
{
	struct client *c = client_of(e);

	begin(c, call, ASK_GRANT, 0, c->world->script.request_timeout, done);
	c->request.ttl = (double)ttl_s;
	transmit(c);
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

	begin(c, call, ASK_PUT, claim->terms.lease, timeout_for(c, claim->ttl), done);
	call->claim = *claim;
	transmit(c);
}

void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	struct client *c = client_of(e);

	begin(c, call, ASK_VERIFY, claim->terms.lease, timeout_for(c, claim->ttl), done);
	call->claim = *claim;
	transmit(c);
}

static void answer_unsent(struct client *c)
{
	struct event event = { .at = world_now(c->world),
		.kind = EVENT_ANSWER,
		.slot = c->slot,
		.incarnation = node_of(c)->incarnation };

	c->request.call = ++c->calls;
	event.message = c->request;
	queue_add(&c->world->queue, &event);
}

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done)
{
	struct client *c = client_of(e);
	enum plant plant = c->world->script.plant;

	begin(c, call, ASK_REVOKE, lease, c->world->script.request_timeout, done);
	if (plant == PLANT_LAZY_REVOKE) {
		answer_unsent(c);
		return;
	}
	if (plant == PLANT_VANDAL && c->world->store.key.lease != 0) {
		c->request.lease = c->world->store.key.lease;
	}
	transmit(c);
}

void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done)
{
	struct client *c = client_of(e);

	begin(c, call, ASK_RENEW, lease, timeout_for(c, ttl), done);
	transmit(c);
}

void etcd_cancel(struct etcd_call *call)
{
	if (call->etcd == NULL) {
		return;
	}
	struct client *c = client_of(call->etcd);
	c->call = NULL;
	call->etcd = NULL;
	ev_timer_stop(&node_of(c)->loop, &c->deadline);
}

void client_init(struct client *c, struct world *w, int slot)
{
	memset(c, 0, sizeof *c);
	c->world = w;
	c->slot = slot;
	ev_timer_init(&c->deadline, on_deadline, 0.0, 0.0);
}

void client_finish(struct client *c)
{
	if (c->world != NULL) {
		ev_timer_stop(&node_of(c)->loop, &c->deadline);
	}
}
