/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/turn.h"

#include <stddef.h>

#include "agent/clock.h"
#include "agent/util.h"

/* Seconds of one turn; looking at ten thousand sockets anew takes a tenth of it. */
#define ENOUGH 0.025

/* Tasks that are run in any case: who gets little of the processor must not only look. */
#define LEAST 256u

/* Tasks between two looks at the clock. */
#define LOOK_EVERY 8u

void turn_init(struct turn *t)
{
	fifo_init(&t->tasks);
}

bool task_waits(const struct task *task)
{
	return task->link.at != NULL;
}

void turn_add(struct turn *t, struct task *task)
{
	if (t == NULL) {
		task->run(task);
	} else if (!task_waits(task)) {
		fifo_add(&t->tasks, &task->link);
	}
}

void turn_drop(struct turn *t, struct task *task)
{
	if (task_waits(task)) {
		fifo_remove(&t->tasks, &task->link);
	}
}

bool turn_work(struct turn *t)
{
	double until = t->tasks.first != NULL ? clock_now() + ENOUGH : 0.0;

	for (unsigned n = 1; t->tasks.first != NULL; n++) {
		struct task *task = CONTAINER_OF(t->tasks.first, struct task, link);
		turn_drop(t, task);
		task->run(task);
		if (n >= LEAST && n % LOOK_EVERY == 0 && clock_now() > until) {
			break;
		}
	}
	return t->tasks.first != NULL;
}
