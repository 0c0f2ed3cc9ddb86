/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd_batch - what is due together goes out together.
 *
 * A batch that has lost its last call runs on alone and is freed when it is
 * answered.
 */
#include "agent/net/etcd_batch.h"

#include <stdlib.h>

#include "agent/net/etcd_call.h"
#include "agent/util.h"

#define GATHER_S 0.005

struct etcd_call *etcd_batch_call(struct list *link)
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
void etcd_batch_end(struct etcd_call *call, const struct etcd_reply *reply)
{
	etcd_batch_remove(call);
	etcd_call_end(call, reply);
}

void etcd_batch_remove(struct etcd_call *call)
{
	list_remove(&call->link);
	call->batched = false;
}

static void on_answer(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_batch *batch = CONTAINER_OF(request, struct etcd_batch, request);

	batch->gather->kind->answered(batch, answer);
	free_batch(batch);
}

static void fail_waiting(struct etcd_gather *g)
{
	struct etcd_reply unsure = { .outcome = OUTCOME_UNSURE, .why = "out of memory" };
	struct list *failed = NULL;

	/* Taken off first: an owner that asks again must not meet itself here. */
	while (g->waiting != NULL) {
		list_move(&failed, g->waiting);
	}
	while (failed != NULL) {
		etcd_batch_end(etcd_batch_call(failed), &unsure);
	}
}

/* As many as there is room for, and at least one. */
static void fill(struct etcd_batch *batch)
{
	struct etcd_gather *g = batch->gather;
	size_t load = 0;

	while (g->waiting != NULL) {
		load += g->kind->weight(etcd_batch_call(g->waiting));
		if (load > g->kind->max && batch->calls != NULL) {
			return;
		}
		list_move(&batch->calls, g->waiting);
	}
}

static double earliest_deadline(struct list *calls)
{
	double earliest = etcd_batch_call(calls)->deadline;

	for (; calls != NULL; calls = calls->next) {
		double deadline = etcd_batch_call(calls)->deadline;
		earliest = deadline < earliest ? deadline : earliest;
	}
	return earliest;
}

static void send_batch(struct etcd_gather *g)
{
	struct etcd_body body = { NULL, 0 };
	struct etcd_batch *batch = calloc(1, sizeof *batch);

	if (batch == NULL) {
		fail_waiting(g);
		return;
	}
	batch->gather = g;
	list_add(&g->batches, &batch->link);
	fill(batch);
	(void)g->kind->encode(batch, &body);
	etcd_request_start(&g->etcd->channel, &batch->request, g->kind->path, body,
			earliest_deadline(batch->calls), on_answer);
}

static void on_gathered(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct etcd_gather *g = CONTAINER_OF(timer, struct etcd_gather, timer);

	UNUSED(loop);
	UNUSED(revents);
	while (g->waiting != NULL) {
		send_batch(g);
	}
}

void etcd_batch_add(struct etcd_gather *g, struct etcd_call *call)
{
	call->batched = true;
	list_add(&g->waiting, &call->link);
	if (!ev_is_active(&g->timer)) {
		ev_timer_set(&g->timer, GATHER_S, 0.0);
		ev_timer_start(g->etcd->loop, &g->timer);
	}
}

void etcd_gather_init(struct etcd_gather *g, struct etcd *e, const struct etcd_batch_kind *kind)
{
	*g = (struct etcd_gather){ .etcd = e, .kind = kind };
	ev_timer_init(&g->timer, on_gathered, 0.0, 0.0);
}

void etcd_gather_finish(struct etcd_gather *g)
{
	ev_timer_stop(g->etcd->loop, &g->timer);
	for (struct list *link = g->batches, *next; link != NULL; link = next) {
		next = link->next;
		free_batch(CONTAINER_OF(link, struct etcd_batch, link));
	}
}
