/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd - typed calls, and what each answer means.
 *
 * A put is a transaction guarded by the mod_revision of each key: first "it is
 * not there", then, when something is there that may be written anew
 * (ownership.c decides), "it is still what I just saw". Whoever changes a key
 * in between makes the guard fail, and the new state is judged again.
 */
#include "agent/net/etcd.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd_call.h"
#include "agent/net/etcd_look.h"
#include "agent/net/etcd_renew.h"
#include "agent/util.h"

/* Transactions in one put before it is left to the back-off. */
#define PUT_ROUNDS 4

/*
 * etcd makes a lease longer than was asked for when its members could not elect a leader within
 * it: half as long again as their election timeout, which is 50 s at most.
 */
#define LEAST_TTL_MAX 75

/* By the transaction that was answered: at the revision that the answer is from. */
#define WRITTEN_NOW (-1)

/* So many renewals share a phase before the next one is used, and so many phases there are. */
#define SEATS  256
#define PHASES 4

static void say(struct etcd_notice *notice, const char *sentence)
{
	struct etcd *e = CONTAINER_OF(notice, struct etcd, notice);

	if (e->on_notice != NULL) {
		e->on_notice(e, sentence);
	}
}

int etcd_init(struct etcd *e, struct ev_loop *loop, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random)
{
	memset(e, 0, sizeof *e);
	e->notice.say = say;
	if (etcd_channel_init(&e->channel, loop, carrier, settings, random, &e->notice) < 0) {
		return -1;
	}
	e->loop = loop;
	e->user = settings->username;
	e->request_timeout = (double)settings->request_timeout_ms / 1000.0;
	e->phase = random_between(random, 0.0, 1.0);
	etcd_gather_init(&e->renewals, e, &etcd_renewals);
	etcd_gather_init(&e->looks, e, &etcd_looks);
	return 0;
}

void etcd_count_in(struct etcd *e, struct etcd_counts *counts)
{
	e->channel.route.counts = counts;
}

void etcd_finish(struct etcd *e)
{
	if (e->loop != NULL) {
		etcd_gather_finish(&e->renewals);
		etcd_gather_finish(&e->looks);
		etcd_channel_finish(&e->channel);
	}
	memset(e, 0, sizeof *e);
}

/* Agents whose own phase is any do not renew in step; those of one agent do, to share requests. */
void etcd_take_seat(struct etcd *e, struct etcd_seat *seat)
{
	double phase = e->phase + (double)(e->n_seats / SEATS % PHASES) / PHASES;

	*seat = (struct etcd_seat){ .phase = phase < 1.0 ? phase : phase - 1.0 };
	e->n_seats++;
}

static void leave_row(struct etcd_seat *seat)
{
	if (seat->link.at != NULL) {
		list_remove(&seat->link);
	}
}

void etcd_give_seat(struct etcd *e, struct etcd_seat *seat)
{
	leave_row(seat);
	e->n_seats--;
}

/* etcd counts within the lowest bits of an id. */
static struct list **row_of(struct etcd *e, int64_t lease)
{
	return &e->held[(uint64_t)lease % ETCD_SEAT_ROWS];
}

void etcd_hold(struct etcd *e, struct etcd_seat *seat, int64_t lease)
{
	leave_row(seat);
	seat->lease = lease;
	list_add(row_of(e, lease), &seat->link);
}

/*
 * Each lease of etcd has an id of its own. One that another registration has would take the other's
 * keys along when it is given back, and what is still on its way to an old one would reach a new
 * one.
 */
static bool is_known(struct etcd *e, int64_t lease)
{
	bool known = false;

	for (struct list *link = *row_of(e, lease); link != NULL && !known; link = link->next) {
		known = CONTAINER_OF(link, struct etcd_seat, link)->lease == lease;
	}
	return known;
}

/* ---- is the lease gone ------------------------------------------------------------ */

static void on_asked_again(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = etcd_call_of(request);
	struct etcd_reply gone = { .outcome = OUTCOME_GONE,
		.why = "etcd does not know the lease any more" };
	const uint8_t *message;
	size_t len;
	struct etcd_renewed renewed;

	if (!answer->ok) {
		etcd_call_end_failed(call, answer, NULL);
	} else if (!etcd_call_message(answer, &message, &len) ||
			!etcd_decode_keep_alive(message, len, &renewed) ||
			renewed.lease != call->lease) {
		etcd_call_end_unsure(call, "etcd's answer to a renewal cannot be read");
	} else if (renewed.ttl_s > 0) {
		etcd_call_end_unsure(call,
				"one member of etcd said that the lease is gone, but it lives");
	} else {
		etcd_call_end(call, &gone);
	}
}

/*
 * For calls that name a lease. An error does not say which cluster it is from,
 * so one that says that the lease is gone is not believed; the answer to a
 * renewal does say so, and one more call is a small price at such a moment.
 */
static void end_lease_failed(struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim)
{
	struct etcd_body body = { NULL, 0 };

	if (answer->trouble != TROUBLE_GONE) {
		etcd_call_end_failed(call, answer, claim);
		return;
	}
	(void)etcd_encode_keep_alive(&body, &call->lease, 1);
	etcd_request_start(&call->etcd->channel, &call->request, ETCD_PATH_KEEP_ALIVE, body,
			clock_now() + call->etcd->request_timeout, on_asked_again);
}

/* ---- grant ----------------------------------------------------------------------- */

/* Who dies would stay listed for as long. It lapses without a key. */
static void end_too_long(struct etcd_call *call, int64_t ttl_s)
{
	char why[120];
	struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE, .patient = true, .why = why };

	(void)snprintf(why, sizeof why,
			"etcd gave a lease of %" PRId64 " s, and one of %" PRId64
			" s was asked for: not used",
			ttl_s, call->asked_ttl_s);
	etcd_call_end(call, &unsure);
}

static void on_granted(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = etcd_call_of(request);
	const uint8_t *message;
	size_t len;
	struct etcd_granted granted;

	if (!answer->ok) {
		etcd_call_end_failed(call, answer, NULL);
	} else if (!etcd_call_message(answer, &message, &len) ||
			!etcd_decode_grant(message, len, &granted)) {
		etcd_call_end_unsure(call, "etcd's answer to a grant cannot be read");
	} else if (is_known(call->etcd, granted.lease)) {
		etcd_call_end_unsure(
				call, "etcd gave a lease that a service here has or had: not used");
	} else if (granted.ttl_s > call->asked_ttl_s && granted.ttl_s > LEAST_TTL_MAX) {
		end_too_long(call, granted.ttl_s);
	} else {
		struct etcd_reply reply = {
			.outcome = OUTCOME_OK,
			.lease = granted.lease,
			.ttl = (double)granted.ttl_s,
			.revision = granted.revision,
			.era = call->era,
			.why = "",
		};
		etcd_call_end(call, &reply);
	}
}

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done)
{
	struct etcd_body body = { NULL, 0 };

	etcd_call_begin(e, call, e->request_timeout, done);
	call->asked_ttl_s = ttl_s;
	(void)etcd_encode_grant(&body, ttl_s);
	etcd_request_start(&e->channel, &call->request, ETCD_PATH_GRANT, body, call->deadline,
			on_granted);
}

/* ---- revoke ---------------------------------------------------------------------- */

static void on_revoked(struct etcd_request *request, const struct etcd_answer *answer)
{
	static const struct etcd_reply ok = { .outcome = OUTCOME_OK, .why = "" };
	struct etcd_call *call = etcd_call_of(request);
	const uint8_t *message;
	size_t len;

	if (!answer->ok) {
		end_lease_failed(call, answer, NULL);
	} else if (!etcd_call_message(answer, &message, &len) ||
			!etcd_decode_revoked(message, len)) {
		etcd_call_end_unsure(call, "etcd's answer to a revoke cannot be read");
	} else {
		etcd_call_end(call, &ok);
	}
}

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done)
{
	struct etcd_body body = { NULL, 0 };

	etcd_call_begin(e, call, e->request_timeout, done);
	call->lease = lease;
	(void)etcd_encode_revoke(&body, lease);
	etcd_request_start(&e->channel, &call->request, ETCD_PATH_REVOKE, body, call->deadline,
			on_revoked);
}

/* ---- put ------------------------------------------------------------------------- */

static void end_put(struct etcd_call *call, const struct etcd_answer *answer, int64_t written)
{
	struct etcd_reply reply = { .outcome = OUTCOME_OK,
		.took_over = call->other != 0,
		.other = call->other,
		.written = written,
		.why = "" };

	etcd_decode_mark(answer->body, answer->len, &reply.at);
	if (written == WRITTEN_NOW) {
		reply.written = reply.at.revision;
	}
	etcd_call_end(call, &reply);
}

static void send_put(struct etcd_call *call);

static void put_again(struct etcd_call *call, const struct etcd_key *seen)
{
	if (call->rounds >= PUT_ROUNDS) {
		etcd_call_end_unsure(call, "the key changes faster than it can be written");
		return;
	}
	call->deadline = call->request.deadline; /* later by what logging in took */
	call->other = 0;
	for (size_t i = 0; i < call->claim.n; i++) {
		bool ours = seen[i].lease == call->claim.terms.lease;
		call->replacing[i] = seen[i].mod_revision;
		call->other = call->other == 0 && !ours ? seen[i].lease : call->other;
	}
	send_put(call);
}

static void on_put(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = etcd_call_of(request);
	const struct etcd_claim *claim = &call->claim;
	const uint8_t *message;
	size_t len, which;
	bool succeeded;
	struct etcd_key seen[ETCD_ENTRIES_MAX];

	if (!answer->ok) {
		end_lease_failed(call, answer, claim);
		return;
	}
	if (!etcd_call_message(answer, &message, &len) ||
			!etcd_decode_put_if(
					message, len, claim->entries, claim->n, &succeeded, seen)) {
		etcd_call_end_unsure(call, "etcd's answer to a put cannot be read");
		return;
	}
	if (succeeded) {
		end_put(call, answer, WRITTEN_NOW);
		return;
	}
	switch (ownership_judge_all(seen, claim->n, &claim->terms, &which)) {
	case CLAIM_OURS: /* an earlier try did arrive */
		end_put(call, answer, ownership_written(seen, claim->n));
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		put_again(call, seen);
		break;
	case CLAIM_TAKEN:
		etcd_call_end_taken(call, seen[which].lease, claim->entries[which].key);
		break;
	}
}

static void send_put(struct etcd_call *call)
{
	struct etcd_body body = { NULL, 0 };
	const struct etcd_claim *claim = &call->claim;

	call->rounds++;
	(void)etcd_encode_put_if(
			&body, claim->entries, claim->n, call->replacing, claim->terms.lease);
	etcd_request_start(&call->etcd->channel, &call->request, ETCD_PATH_TXN, body,
			call->deadline, on_put);
}

void etcd_put(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	etcd_call_begin(e, call, etcd_call_timeout(e, claim->ttl), done);
	call->claim = *claim;
	call->lease = claim->terms.lease;
	send_put(call);
}

/* ---- verify ---------------------------------------------------------------------- */

void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	etcd_call_begin(e, call, etcd_call_timeout(e, claim->ttl), done);
	call->claim = *claim;
	etcd_look_start(call);
}

/* ---- renew ----------------------------------------------------------------------- */

void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done)
{
	etcd_call_begin(e, call, etcd_call_timeout(e, ttl), done);
	call->lease = lease;
	etcd_batch_add(&e->renewals, call);
}

void etcd_cancel(struct etcd_call *call)
{
	if (call->etcd == NULL) {
		return;
	}
	if (call->batched) {
		etcd_batch_remove(call);
	} else {
		etcd_request_cancel(&call->request);
	}
	call->etcd = NULL;
}
