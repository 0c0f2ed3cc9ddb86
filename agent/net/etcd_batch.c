/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd_batch - renewals that are due together go out together.
 *
 * One LeaseKeepAlive request carries a message for each lease; etcd goes on
 * after our half-close and answers each in turn. That costs etcd a tenth of
 * what single requests do. An answer is matched by its lease id; a lease that
 * was not answered, for whatever reason, is UNSURE.
 */
#include "agent/net/etcd_batch.h"

#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_frame.h"
#include "agent/util.h"

#define GATHER_S     0.005
#define BATCH_MAX    1000  /* leases in one request */
#define ANSWER_LIMIT 65536 /* bytes; an answer takes some forty */

struct etcd_batch {
	struct etcd *etcd;
	struct list link; /* in etcd.batches */
	struct etcd_request request;
	struct list *calls;
};

static struct etcd_call *call_of(struct list *link)
{
	return CONTAINER_OF(link, struct etcd_call, link);
}

static void free_batch(struct etcd_batch *batch)
{
	etcd_request_cancel(&batch->request);
	list_remove(&batch->link);
	free(batch);
}

/* Detach first, call last. */
static void answer_call(struct etcd_call *call, const struct etcd_reply *reply)
{
	list_remove(&call->link);
	call->etcd = NULL;
	call->batched = false;
	call->done(call, reply);
}

static struct etcd_call *find(struct list *calls, int64_t lease)
{
	for (; calls != NULL; calls = calls->next) {
		if (call_of(calls)->lease == lease) {
			return call_of(calls);
		}
	}
	return NULL;
}

static void answer_lease(struct etcd_batch *batch, int64_t lease, int64_t ttl_s)
{
	struct etcd_call *call = find(batch->calls, lease);
	struct etcd_reply reply = { .outcome = OUTCOME_OK, .ttl = (double)ttl_s, .why = "" };

	if (call == NULL) {
		return; /* cancelled meanwhile */
	}
	if (ttl_s == 0) {
		reply.outcome = OUTCOME_GONE;
		reply.why = "etcd does not know the lease any more";
	}
	answer_call(call, &reply);
}

/* False when an answer could not be read: what follows it is lost too. */
static bool answer_all(struct etcd_batch *batch, const uint8_t *data, size_t len)
{
	struct frame_reader reader;
	enum frame_result result;
	bool readable = true;

	frame_reader_init(&reader, ANSWER_LIMIT);
	while (readable && (result = frame_reader_next(&reader, &data, &len)) != FRAME_MORE) {
		int64_t lease, ttl_s;
		readable = result == FRAME_MESSAGE &&
			   etcd_decode_keep_alive(
					   reader.message, reader.message_len, &lease, &ttl_s);
		if (readable) {
			answer_lease(batch, lease, ttl_s);
		}
	}
	frame_reader_finish(&reader);
	return readable;
}

static void gather(struct etcd *e)
{
	if (!ev_is_active(&e->gather)) {
		ev_timer_set(&e->gather, GATHER_S, 0.0);
		ev_timer_start(e->loop, &e->gather);
	}
}

/*
 * etcd ends its answer at the first lease that the user may not renew, and has
 * not looked at those behind it: they go out again, without that one.
 */
static void send_others_again(struct etcd_batch *batch)
{
	struct list *denied = batch->calls;

	if (denied == NULL || denied->next == NULL) {
		return;
	}
	while (denied->next != NULL) {
		list_move(&batch->etcd->waiting, denied->next);
	}
	gather(batch->etcd);
}

static void on_answer(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_batch *batch = CONTAINER_OF(request, struct etcd_batch, request);
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
		answer_call(call_of(batch->calls), &unsure);
	}
	free_batch(batch);
}

static void fail_waiting(struct etcd *e)
{
	struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE, .why = "out of memory" };
	struct list *failed = NULL;

	/* Taken off first: an owner that renews again must not meet itself here. */
	while (e->waiting != NULL) {
		list_move(&failed, e->waiting);
	}
	while (failed != NULL) {
		answer_call(call_of(failed), &unsure);
	}
}

/* Moves up to BATCH_MAX calls into the batch and answers how many. */
static size_t fill(struct etcd_batch *batch)
{
	size_t n = 0;

	for (; n < BATCH_MAX && batch->etcd->waiting != NULL; n++) {
		list_move(&batch->calls, batch->etcd->waiting);
	}
	return n;
}

/* In the order of the list, so that each answer finds its call at the head. */
static int encode(const struct etcd_batch *batch, size_t n, struct etcd_body *body)
{
	int64_t leases[BATCH_MAX];
	size_t i = 0;

	for (struct list *link = batch->calls; link != NULL && i < n; link = link->next) {
		leases[i++] = call_of(link)->lease;
	}
	return etcd_encode_keep_alive(body, leases, i);
}

static double earliest_deadline(struct list *calls)
{
	double earliest = call_of(calls)->deadline;

	for (; calls != NULL; calls = calls->next) {
		double deadline = call_of(calls)->deadline;
		earliest = deadline < earliest ? deadline : earliest;
	}
	return earliest;
}

static void send_batch(struct etcd *e)
{
	struct etcd_body body = { NULL, 0 };
	struct etcd_batch *batch = calloc(1, sizeof *batch);

	if (batch == NULL) {
		fail_waiting(e);
		return;
	}
	batch->etcd = e;
	list_add(&e->batches, &batch->link);
	(void)encode(batch, fill(batch), &body);
	etcd_request_start(&e->channel, &batch->request, ETCD_PATH_KEEP_ALIVE, body,
			earliest_deadline(batch->calls), on_answer);
}

static void on_gathered(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct etcd *e = CONTAINER_OF(timer, struct etcd, gather);

	UNUSED(loop);
	UNUSED(revents);
	while (e->waiting != NULL) {
		send_batch(e);
	}
}

void etcd_batch_add(struct etcd *e, struct etcd_call *call)
{
	call->batched = true;
	list_add(&e->waiting, &call->link);
	gather(e);
}

/* A batch that has lost its last call runs on alone and is freed when it is answered. */
void etcd_batch_remove(struct etcd_call *call)
{
	list_remove(&call->link);
	call->batched = false;
}

void etcd_batch_init(struct etcd *e)
{
	ev_timer_init(&e->gather, on_gathered, 0.0, 0.0);
}

void etcd_batch_finish(struct etcd *e)
{
	ev_timer_stop(e->loop, &e->gather);
	for (struct list *link = e->batches, *next; link != NULL; link = next) {
		next = link->next;
		free_batch(CONTAINER_OF(link, struct etcd_batch, link));
	}
}
