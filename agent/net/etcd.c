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
#include <stdio.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/etcd_batch.h"
#include "agent/net/grpc_frame.h"
#include "agent/util.h"

/* Transactions in one put before it is left to the back-off. */
#define PUT_ROUNDS 4

/* Room for one value of etcd's largest request (1.5 MiB): someone else may have written it. */
#define MESSAGE_LIMIT (2u << 20)

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
	etcd_batch_init(e);
	return 0;
}

void etcd_count_in(struct etcd *e, struct etcd_counts *counts)
{
	e->channel.route.counts = counts;
}

void etcd_finish(struct etcd *e)
{
	if (e->loop != NULL) {
		etcd_batch_finish(e);
		etcd_channel_finish(&e->channel);
	}
	memset(e, 0, sizeof *e);
}

/* ---- beginnings and ends --------------------------------------------------------- */

static void begin(struct etcd *e, struct etcd_call *call, double timeout, etcd_done *done)
{
	assert(call->etcd == NULL); /* one call in flight */
	memset(call, 0, sizeof *call);
	call->etcd = e;
	call->done = done;
	call->sent_at = clock_now();
	call->era = e->channel.route.view.epoch; /* an answer may come from before it ended */
	call->deadline = call->sent_at + timeout;
}

static void end(struct etcd_call *call, const struct etcd_reply *reply)
{
	call->etcd = NULL;
	call->done(call, reply);
}

static void end_unsure(struct etcd_call *call, const char *why)
{
	struct etcd_reply reply = { .outcome = OUTCOME_UNSURE, .why = why };

	end(call, &reply);
}

static void end_ok(struct etcd_call *call)
{
	struct etcd_reply reply = { .outcome = OUTCOME_OK, .why = "" };

	end(call, &reply);
}

/* Which keys the user may not write, or not all of them. */
static void say_denied(const struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim, char sentence[ETCD_SENTENCE_MAX])
{
	const char *keys[ETCD_ENTRIES_MAX] = { "" };
	struct etcd_error_about about = { .user = call->etcd->user, .keys = keys };

	for (; claim != NULL && about.n_keys < claim->n; about.n_keys++) {
		keys[about.n_keys] = claim->entries[about.n_keys].key;
	}
	etcd_error_say(sentence, ETCD_SENTENCE_MAX, answer->trouble, &about, GRPC_PERMISSION_DENIED,
			answer->text);
}

/* What every call makes of an answer that is not OK. `claim`: what it was about; NULL: a lease. */
static void end_failed(struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim)
{
	struct etcd_reply reply = {
		.outcome = OUTCOME_UNSURE,
		.elsewhere = answer->elsewhere,
		.patient = answer->patient,
		.why = answer->sentence,
	};
	char sentence[ETCD_SENTENCE_MAX];

	if (answer->trouble == TROUBLE_DENIED) {
		say_denied(call, answer, claim, sentence);
		reply.why = sentence;
	}
	end(call, &reply);
}

static bool only_message(const struct etcd_answer *answer, const uint8_t **message, size_t *len)
{
	return grpc_only_message(answer->body, answer->len, message, len) && *len <= MESSAGE_LIMIT;
}

static struct etcd_call *call_of(struct etcd_request *request)
{
	return CONTAINER_OF(request, struct etcd_call, request);
}

/* ---- is the lease gone ------------------------------------------------------------ */

static void on_asked_again(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = call_of(request);
	struct etcd_reply gone = { .outcome = OUTCOME_GONE,
		.why = "etcd does not know the lease any more" };
	const uint8_t *message;
	size_t len;
	int64_t lease, ttl_s;

	if (!answer->ok) {
		end_failed(call, answer, NULL);
	} else if (!only_message(answer, &message, &len) ||
			!etcd_decode_keep_alive(message, len, &lease, &ttl_s)) {
		end_unsure(call, "etcd's answer to a renewal cannot be read");
	} else if (ttl_s > 0) {
		end_unsure(call, "one member of etcd said that the lease is gone, but it lives");
	} else {
		end(call, &gone);
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
		end_failed(call, answer, claim);
		return;
	}
	(void)etcd_encode_keep_alive(&body, &call->lease, 1);
	etcd_request_start(&call->etcd->channel, &call->request, ETCD_PATH_KEEP_ALIVE, body,
			clock_now() + call->etcd->request_timeout, on_asked_again);
}

/* ---- grant ----------------------------------------------------------------------- */

static void on_granted(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = call_of(request);
	const uint8_t *message;
	size_t len;
	struct etcd_granted granted;

	if (!answer->ok) {
		end_failed(call, answer, NULL);
	} else if (!only_message(answer, &message, &len) ||
			!etcd_decode_grant(message, len, &granted)) {
		end_unsure(call, "etcd's answer to a grant cannot be read");
	} else {
		struct etcd_reply reply = {
			.outcome = OUTCOME_OK,
			.lease = granted.lease,
			.ttl = (double)granted.ttl_s,
			.revision = granted.revision,
			.era = call->era,
			.why = "",
		};
		end(call, &reply);
	}
}

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done)
{
	struct etcd_body body = { NULL, 0 };

	begin(e, call, e->request_timeout, done);
	(void)etcd_encode_grant(&body, ttl_s);
	etcd_request_start(&e->channel, &call->request, ETCD_PATH_GRANT, body, call->deadline,
			on_granted);
}

/* ---- revoke ---------------------------------------------------------------------- */

static void on_revoked(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = call_of(request);

	if (answer->ok) {
		end_ok(call);
	} else {
		end_lease_failed(call, answer, NULL);
	}
}

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done)
{
	struct etcd_body body = { NULL, 0 };

	begin(e, call, e->request_timeout, done);
	call->lease = lease;
	(void)etcd_encode_revoke(&body, lease);
	etcd_request_start(&e->channel, &call->request, ETCD_PATH_REVOKE, body, call->deadline,
			on_revoked);
}

/* A lease must live to see the next try, on another member: this one may sit on a call. */
static double timeout_for(const struct etcd *e, double ttl)
{
	double third = ttl / 3.0;

	return e->request_timeout < third ? e->request_timeout : third;
}

/* ---- put ------------------------------------------------------------------------- */

static void end_taken(struct etcd_call *call, int64_t other, const char *key)
{
	struct etcd_reply reply = { .outcome = OUTCOME_TAKEN,
		.other = other,
		.key = key,
		.why = "the key hangs on another lease" };

	end(call, &reply);
}

static void end_put(struct etcd_call *call, int64_t taken_from)
{
	struct etcd_reply reply = {
		.outcome = OUTCOME_OK, .took_over = taken_from != 0, .other = taken_from, .why = ""
	};

	end(call, &reply);
}

static void send_put(struct etcd_call *call);

static void put_again(struct etcd_call *call, const struct etcd_key *seen)
{
	if (call->rounds >= PUT_ROUNDS) {
		end_unsure(call, "the key changes faster than it can be written");
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
	struct etcd_call *call = call_of(request);
	const struct etcd_claim *claim = &call->claim;
	const uint8_t *message;
	size_t len, which;
	bool succeeded;
	struct etcd_key seen[ETCD_ENTRIES_MAX];

	if (!answer->ok) {
		end_lease_failed(call, answer, claim);
		return;
	}
	if (!only_message(answer, &message, &len) ||
			!etcd_decode_put_if(
					message, len, claim->entries, claim->n, &succeeded, seen)) {
		end_unsure(call, "etcd's answer to a put cannot be read");
		return;
	}
	if (succeeded) {
		end_put(call, call->other);
		return;
	}
	switch (ownership_judge_all(seen, claim->n, &claim->terms, &which)) {
	case CLAIM_OURS: /* an earlier try did arrive */
		end_put(call, call->other);
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		put_again(call, seen);
		break;
	case CLAIM_TAKEN:
		end_taken(call, seen[which].lease, claim->entries[which].key);
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
	begin(e, call, timeout_for(e, claim->ttl), done);
	call->claim = *claim;
	call->lease = claim->terms.lease;
	send_put(call);
}

/* ---- verify ---------------------------------------------------------------------- */

static void end_detached(struct etcd_call *call, const char *key)
{
	struct etcd_reply detached = { .outcome = OUTCOME_DETACHED,
		.key = key,
		.why = "the key is not there, or not as it was written" };

	end(call, &detached);
}

static bool decode_seen(const struct etcd_claim *claim, const uint8_t *message, size_t len,
		struct etcd_key *seen)
{
	if (claim->n == 1) {
		return etcd_decode_range(message, len, claim->entries[0].value, seen);
	}
	return etcd_decode_read_all(message, len, claim->entries, claim->n, seen);
}

static void on_seen(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = call_of(request);
	const struct etcd_claim *claim = &call->claim;
	const uint8_t *message;
	size_t len, which;
	struct etcd_key seen[ETCD_ENTRIES_MAX];

	if (!answer->ok) {
		end_failed(call, answer, claim);
		return;
	}
	if (!only_message(answer, &message, &len) || !decode_seen(claim, message, len, seen)) {
		end_unsure(call, "etcd's answer to a range cannot be read");
		return;
	}
	switch (ownership_judge_all(seen, claim->n, &claim->terms, &which)) {
	case CLAIM_OURS:
		end_ok(call);
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		end_detached(call, claim->entries[which].key);
		break;
	case CLAIM_TAKEN:
		end_taken(call, seen[which].lease, claim->entries[which].key);
		break;
	}
}

void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done)
{
	struct etcd_body body = { NULL, 0 };
	bool one = claim->n == 1;

	begin(e, call, timeout_for(e, claim->ttl), done);
	call->claim = *claim;
	if (one) {
		(void)etcd_encode_range(&body, claim->entries[0].key);
	} else {
		(void)etcd_encode_read_all(&body, claim->entries, claim->n);
	}
	etcd_request_start(&e->channel, &call->request, one ? ETCD_PATH_RANGE : ETCD_PATH_TXN, body,
			call->deadline, on_seen);
}

/* ---- renew ----------------------------------------------------------------------- */

void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done)
{
	begin(e, call, timeout_for(e, ttl), done);
	call->lease = lease;
	etcd_batch_add(e, call);
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
