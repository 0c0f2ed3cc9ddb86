/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd_look - are the keys as they were written?
 *
 * A key whose mod_revision is that of our put has the lease and the value of
 * our put, whatever else has happened. So one transaction that only compares
 * answers for many keys in a word, without a key or a value on the way back;
 * etcd does not take it through its log, as it writes nothing. When a key of a
 * batch is not as it was, each of the calls is asked for alone, and what is not
 * as it was then is read, for ownership.c to judge. So is a key of which is not
 * known what was written.
 */
#include "agent/net/etcd_look.h"

#include "agent/net/etcd_call.h"
#include "agent/util.h"

static void end_right(struct etcd_call *call, const struct etcd_answer *answer, int64_t written)
{
	struct etcd_reply reply = { .outcome = OUTCOME_OK, .written = written, .why = "" };

	etcd_decode_mark(answer->body, answer->len, &reply.at);
	etcd_call_end(call, &reply);
}

/* ---- reading --------------------------------------------------------------------- */

static void end_detached(struct etcd_call *call, const char *key)
{
	struct etcd_reply detached = { .outcome = OUTCOME_DETACHED,
		.key = key,
		.why = "the key is not there, or not as it was written" };

	etcd_call_end(call, &detached);
}

static bool decode_seen(const struct etcd_claim *claim, const uint8_t *message, size_t len,
		struct etcd_key *seen)
{
	if (claim->n == 1) {
		return etcd_decode_range(message, len, &claim->entries[0], seen);
	}
	return etcd_decode_read_all(message, len, claim->entries, claim->n, seen);
}

static void on_seen(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = etcd_call_of(request);
	const struct etcd_claim *claim = &call->claim;
	const uint8_t *message;
	size_t len, which;
	struct etcd_key seen[ETCD_ENTRIES_MAX];

	if (!answer->ok) {
		etcd_call_end_failed(call, answer, claim);
		return;
	}
	if (!etcd_call_message(answer, &message, &len) || !decode_seen(claim, message, len, seen)) {
		etcd_call_end_unsure(call, "etcd's answer to a range cannot be read");
		return;
	}
	switch (ownership_judge_all(seen, claim->n, &claim->terms, &which)) {
	case CLAIM_OURS:
		end_right(call, answer, ownership_written(seen, claim->n));
		break;
	case CLAIM_PUT:
	case CLAIM_REPLACE:
		end_detached(call, claim->entries[which].key);
		break;
	case CLAIM_TAKEN:
		etcd_call_end_taken(call, seen[which].lease, claim->entries[which].key);
		break;
	}
}

static void read_keys(struct etcd_call *call)
{
	struct etcd_body body = { NULL, 0 };
	const struct etcd_claim *claim = &call->claim;
	bool one = claim->n == 1;

	if (one) {
		(void)etcd_encode_range(&body, claim->entries[0].key);
	} else {
		(void)etcd_encode_read_all(&body, claim->entries, claim->n);
	}
	etcd_request_start(&call->etcd->channel, &call->request,
			one ? ETCD_PATH_RANGE : ETCD_PATH_TXN, body, call->deadline, on_seen);
}

/* ---- comparing ------------------------------------------------------------------- */

/* How many there are now. */
static size_t add_keys(const struct etcd_call *call, struct etcd_guard *guards, size_t n)
{
	for (size_t i = 0; i < call->claim.n && n < ETCD_GUARDS_MAX; i++) {
		guards[n++] = (struct etcd_guard){ call->claim.entries[i].key,
			call->claim.written };
	}
	return n;
}

static void on_compared(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_call *call = etcd_call_of(request);
	const uint8_t *message;
	size_t len;
	bool same;

	if (!answer->ok) {
		etcd_call_end_failed(call, answer, &call->claim);
	} else if (!etcd_call_message(answer, &message, &len) ||
			!etcd_decode_compared(message, len, &same)) {
		etcd_call_end_unsure(call, "etcd's answer to a comparison cannot be read");
	} else if (same) {
		end_right(call, answer, call->claim.written);
	} else {
		call->deadline = call->request.deadline; /* later by what logging in took */
		read_keys(call);
	}
}

static void compare(struct etcd_call *call)
{
	struct etcd_body body = { NULL, 0 };
	struct etcd_guard guards[ETCD_ENTRIES_MAX];

	(void)etcd_encode_compare(&body, guards, add_keys(call, guards, 0));
	etcd_request_start(&call->etcd->channel, &call->request, ETCD_PATH_TXN, body,
			call->deadline, on_compared);
}

/* ---- comparing for many ------------------------------------------------------------ */

/* Which of them it is about is not known yet. */
static void ask_each(struct etcd_batch *batch)
{
	bool one = batch->calls->next == NULL;

	while (batch->calls != NULL) {
		struct etcd_call *call = etcd_batch_call(batch->calls);
		call->deadline = batch->request.deadline;
		etcd_batch_remove(call);
		if (one) {
			read_keys(call);
		} else {
			compare(call);
		}
	}
}

static void end_all(struct etcd_batch *batch, const struct etcd_answer *answer)
{
	while (batch->calls != NULL) {
		struct etcd_call *call = etcd_batch_call(batch->calls);
		etcd_batch_remove(call);
		if (answer->ok) {
			end_right(call, answer, call->claim.written);
		} else {
			etcd_call_end_failed(call, answer, &call->claim);
		}
	}
}

static void end_unread(struct etcd_batch *batch)
{
	static const struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE,
		.why = "etcd's answer to a comparison cannot be read" };

	while (batch->calls != NULL) {
		etcd_batch_end(etcd_batch_call(batch->calls), &unsure);
	}
}

static void answered(struct etcd_batch *batch, const struct etcd_answer *answer)
{
	bool denied = answer->trouble == TROUBLE_DENIED;
	const uint8_t *message;
	size_t len;
	bool same = true;

	if (batch->calls == NULL) {
		return;
	}
	if (answer->ok && (!etcd_call_message(answer, &message, &len) ||
					  !etcd_decode_compared(message, len, &same))) {
		end_unread(batch);
	} else if (!same || (denied && batch->calls->next != NULL)) {
		ask_each(batch);
	} else {
		end_all(batch, answer);
	}
}

static size_t weight(const struct etcd_call *call)
{
	return call->claim.n;
}

static int encode(const struct etcd_batch *batch, struct etcd_body *body)
{
	struct etcd_guard guards[ETCD_GUARDS_MAX] LEFT_AS_IT_IS;
	size_t n = 0;

	for (struct list *link = batch->calls; link != NULL; link = link->next) {
		n = add_keys(etcd_batch_call(link), guards, n);
	}
	return etcd_encode_compare(body, guards, n);
}

const struct etcd_batch_kind etcd_looks = {
	.path = ETCD_PATH_TXN,
	.max = ETCD_GUARDS_MAX,
	.weight = weight,
	.encode = encode,
	.answered = answered,
};

void etcd_look_start(struct etcd_call *call)
{
	if (call->claim.written == 0) {
		read_keys(call);
	} else {
		etcd_batch_add(&call->etcd->looks, call);
	}
}
