/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/turn_loop.h"

#include <assert.h>

#include "agent/util.h"

static void on_work(struct ev_loop *loop, ev_check *work, int revents)
{
	struct turn_loop *t = CONTAINER_OF(work, struct turn_loop, work);

	UNUSED(revents);
	if (turn_work(&t->turn)) {
		ev_idle_start(loop, &t->more);
	} else {
		ev_idle_stop(loop, &t->more);
	}
}

static void on_more(struct ev_loop *loop, ev_idle *more, int revents)
{
	UNUSED(loop);
	UNUSED(more);
	UNUSED(revents); /* that the loop did not wait is all it is for */
}

void turn_loop_start(struct turn_loop *t, struct ev_loop *loop)
{
	turn_init(&t->turn);
	t->loop = loop;
	ev_idle_init(&t->more, on_more);
	ev_check_init(&t->work, on_work);
	ev_set_priority(&t->work, EV_MINPRI + 1);
	ev_check_start(loop, &t->work);
}

void turn_loop_stop(struct turn_loop *t)
{
	if (t->loop != NULL) {
		assert(t->turn.tasks.first == NULL);
		ev_check_stop(t->loop, &t->work);
		ev_idle_stop(t->loop, &t->more);
		t->loop = NULL;
	}
}
