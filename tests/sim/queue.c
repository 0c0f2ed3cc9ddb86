/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/queue.h"

#include <assert.h>
#include <math.h>

static bool before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (!(a->at > b->at) && a->order < b->order);
}

void queue_add(struct queue *q, const struct event *event)
{
	assert(q->n < QUEUE_ROOM);
	struct event added = *event;
	added.order = q->added++;
	size_t i = q->n++;
	while (i > 0 && before(&added, &q->at[(i - 1) / 2])) {
		q->at[i] = q->at[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->at[i] = added;
}

double queue_next(const struct queue *q)
{
	return q->n > 0 ? q->at[0].at : (double)INFINITY;
}

/* Puts `last` in the place of the first and lets it sink. */
static void sink(struct queue *q, const struct event *last)
{
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= q->n) {
			break;
		}
		if (child + 1 < q->n && before(&q->at[child + 1], &q->at[child])) {
			child++;
		}
		if (!before(&q->at[child], last)) {
			break;
		}
		q->at[i] = q->at[child];
		i = child;
	}
	q->at[i] = *last;
}

bool queue_take(struct queue *q, struct event *event)
{
	if (q->n == 0) {
		return false;
	}
	*event = q->at[0];
	q->n--;
	if (q->n > 0) {
		struct event last = q->at[q->n];
		sink(q, &last);
	}
	return true;
}
