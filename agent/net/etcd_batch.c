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
	struct etcd_batch *next, **link;
	struct etcd_request request;
	struct etcd_call *calls;
};

static void link_call(struct etcd_call **list, struct etcd_call *call)
{
	call->next = *list;
	call->link = list;
	if (call->next != NULL) {
		call->next->link = &call->next;
	}
	*list = call;
}

static void unlink_call(struct etcd_call *call)
{
	*call->link = call->next;
	if (call->next != NULL) {
		call->next->link = call->link;
	}
	call->next = NULL;
	call->link = NULL;
}

static void free_batch(struct etcd_batch *batch)
{
	etcd_request_cancel(&batch->request);
	*batch->link = batch->next;
	if (batch->next != NULL) {
		batch->next->link = batch->link;
	}
	free(batch);
}

/* Detach first, call last. */
static void answer_call(struct etcd_call *call, const struct etcd_reply *reply)
{
	unlink_call(call);
	call->etcd = NULL;
	call->batched = false;
	call->done(call, reply);
}

static struct etcd_call *find(struct etcd_call *calls, int64_t lease)
{
	for (; calls != NULL; calls = calls->next) {
		if (calls->lease == lease) {
			return calls;
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

static void on_answer(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_batch *batch = CONTAINER_OF(request, struct etcd_batch, request);
	const char *why = answer->text;

	/* What was answered before the end counts, however the end was. */
	if (!answer_all(batch, answer->body, answer->len)) {
		why = "etcd's answer to a renewal cannot be read";
	} else if (answer->ok) {
		why = "etcd left the renewal unanswered";
	}
	struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE, .why = why };
	while (batch->calls != NULL) {
		answer_call(batch->calls, &unsure);
	}
	free_batch(batch);
}

static void fail_waiting(struct etcd *e)
{
	struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE, .why = "out of memory" };
	struct etcd_call *failed = e->waiting;

	/* Taken off first: an owner that renews again must not meet itself here. */
	e->waiting = NULL;
	if (failed != NULL) {
		failed->link = &failed;
	}
	while (failed != NULL) {
		answer_call(failed, &unsure);
	}
}

/* Moves up to BATCH_MAX calls into the batch and answers how many. */
static size_t fill(struct etcd_batch *batch)
{
	size_t n = 0;

	for (; n < BATCH_MAX && batch->etcd->waiting != NULL; n++) {
		struct etcd_call *call = batch->etcd->waiting;
		unlink_call(call);
		link_call(&batch->calls, call);
	}
	return n;
}

/* In the order of the list, so that each answer finds its call at the head. */
static int encode(const struct etcd_batch *batch, size_t n, struct etcd_body *body)
{
	int64_t leases[BATCH_MAX];
	size_t i = 0;

	for (const struct etcd_call *call = batch->calls; call != NULL && i < n;
			call = call->next) {
		leases[i++] = call->lease;
	}
	return etcd_encode_keep_alive(body, leases, i);
}

static double earliest_deadline(const struct etcd_call *calls)
{
	double earliest = calls->deadline;

	for (; calls != NULL; calls = calls->next) {
		earliest = calls->deadline < earliest ? calls->deadline : earliest;
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
	batch->next = e->batches;
	batch->link = &e->batches;
	if (batch->next != NULL) {
		batch->next->link = &batch->next;
	}
	e->batches = batch;
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
	link_call(&e->waiting, call);
	if (!ev_is_active(&e->gather)) {
		ev_timer_set(&e->gather, GATHER_S, 0.0);
		ev_timer_start(e->loop, &e->gather);
	}
}

/* A batch that has lost its last call runs on alone and is freed when it is answered. */
void etcd_batch_remove(struct etcd_call *call)
{
	unlink_call(call);
	call->batched = false;
}

void etcd_batch_init(struct etcd *e)
{
	ev_timer_init(&e->gather, on_gathered, 0.0, 0.0);
}

void etcd_batch_finish(struct etcd *e)
{
	ev_timer_stop(e->loop, &e->gather);
	for (struct etcd_batch *batch = e->batches, *next; batch != NULL; batch = next) {
		next = batch->next;
		free_batch(batch);
	}
}
