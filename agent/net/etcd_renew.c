/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd_renew - renewals that are due together go out together.
 *
 * One call to LeaseKeepAlive carries a message for each lease, and etcd answers
 * each in turn; it is over when all are answered, and the stream stays open for
 * the next one (answers_each in carrier.h). An answer is matched by its lease id; a lease that
 * was not answered, for whatever reason, is UNSURE.
 */
#include "agent/net/etcd_renew.h"

#include <stdlib.h>

#include "agent/net/etcd_call.h"
#include "agent/net/grpc_frame.h"
#include "agent/util.h"

#define BATCH_MAX    1000  /* leases in one request */
#define ANSWER_LIMIT 65536 /* bytes; an answer takes some forty */

static struct etcd_call *find(struct list *calls, int64_t lease)
{
	for (; calls != NULL; calls = calls->next) {
		if (etcd_batch_call(calls)->lease == lease) {
			return etcd_batch_call(calls);
		}
	}
	return NULL;
}

static void answer_lease(struct etcd_batch *batch, const struct etcd_renewed *renewed)
{
	struct etcd_call *call = find(batch->calls, renewed->lease);
	struct etcd_reply reply = {
		.outcome = OUTCOME_OK, .ttl = (double)renewed->ttl_s, .at = renewed->at, .why = ""
	};

	if (call == NULL) {
		return; /* cancelled meanwhile */
	}
	if (renewed->ttl_s == 0) {
		reply.outcome = OUTCOME_GONE;
		reply.why = "etcd does not know the lease any more";
	}
	etcd_batch_end(call, &reply);
}

/* False when an answer could not be read: what follows it is lost too. */
static bool answer_all(struct etcd_batch *batch, const uint8_t *data, size_t len)
{
	struct frame_reader reader;
	enum frame_result result;
	bool readable = true;

	frame_reader_init(&reader, ANSWER_LIMIT);
	while (readable && (result = frame_reader_next(&reader, &data, &len)) != FRAME_MORE) {
		struct etcd_renewed renewed;
		readable = result == FRAME_MESSAGE &&
			   etcd_decode_keep_alive(reader.message, reader.message_len, &renewed);
		if (readable) {
			answer_lease(batch, &renewed);
		}
	}
	frame_reader_finish(&reader);
	return readable;
}

/*
 * etcd ends its answer at the first lease that the user may not renew, and has
 * not looked at those behind it: they go out again, without that one.
 */
static void send_others_again(struct etcd_batch *batch)
{
	struct list *denied = batch->calls;

	while (denied != NULL && denied->next != NULL) {
		struct etcd_call *other = etcd_batch_call(denied->next);
		etcd_batch_remove(other);
		etcd_batch_add(batch->gather, other);
	}
}

static void answered(struct etcd_batch *batch, const struct etcd_answer *answer)
{
	struct etcd_reply unsure = {
		.outcome = OUTCOME_UNSURE,
		.elsewhere = answer->elsewhere,
		.patient = answer->patient,
		.why = answer->sentence,
	};

	/* What was answered before the end counts, however the end was. */
	if (!answer_all(batch, answer->body, answer->len)) {
		unsure.why = "etcd's answer to a renewal cannot be read";
	} else if (answer->ok) {
		unsure.why = "etcd left the renewal unanswered";
	}
	if (answer->trouble == TROUBLE_DENIED) {
		send_others_again(batch);
	}
	while (batch->calls != NULL) {
		etcd_batch_end(etcd_batch_call(batch->calls), &unsure);
	}
}

static size_t weight(const struct etcd_call *call)
{
	(void)call;
	return 1;
}

/* In the order of the list, so that each answer finds its call at the head. */
static int encode(const struct etcd_batch *batch, struct etcd_body *body)
{
	int64_t leases[BATCH_MAX] LEFT_AS_IT_IS;
	size_t n = 0;

	for (struct list *link = batch->calls; link != NULL && n < BATCH_MAX; link = link->next) {
		leases[n++] = etcd_batch_call(link)->lease;
	}
	return etcd_encode_keep_alive(body, leases, n);
}

const struct etcd_batch_kind etcd_renewals = {
	.path = ETCD_PATH_KEEP_ALIVE,
	.max = BATCH_MAX,
	.weight = weight,
	.encode = encode,
	.answered = answered,
};
