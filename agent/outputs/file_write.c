/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_write - threads that write, and who may.
 *
 * A task is what a thread has. All tasks are in one list, under a lock that is
 * never held while a disk is asked. Under it a thread, with its text on the disk,
 * says that it puts that in place, or learns that it was cancelled; and under it,
 * in the end, it says that it is over: the last use of its task, which the loop
 * frees. If it was cancelled nobody waits for that, and it frees the task itself.
 *
 * So of a cancelled task it is known whether it puts something in place. If it
 * does, the next one for the same path waits for its end; if not, it never will.
 *
 * Threads outlive whatever they were begun for, so they and their lock belong to
 * the process. They take no memory, since glibc gives each thread that does so an
 * arena, which stays.
 */
#include "agent/outputs/file_write.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/outputs/file.h"
#include "agent/thread.h"
#include "agent/timer.h"
#include "agent/util.h"

/* Threads, and so folders that are written to. */
#define AT_ONCE 16

#define LATE     10.0 /* seconds */
#define LATE_WHY "the disk has not taken it yet, after 10 s"

/* What is cancelled at the end has so many times that long. */
#define PAUSES 100
#define PAUSE  2000000L /* nanoseconds */

struct file_task {
	struct list link;
	struct file_write *write; /* the loop's; NULL when it was cancelled */
	bool puts_in_place, over;

	/* The thread's alone until it is over. */
	struct random random;
	char *text; /* owned */
	bool failed;
	struct err err;
	char *draft; /* behind the path */
	char path[];
};

static struct {
	pthread_mutex_t lock; /* for the tasks, and the loop that is told of ends */
	struct list *tasks;
	struct ev_loop *loop; /* borrowed; NULL when nobody is waited for or waits */

	/* The loop's alone. */
	ev_async ended;
	unsigned n_awaited; /* that run or wait, and were not cancelled */
	struct fifo waiting;
} writing = { .lock = PTHREAD_MUTEX_INITIALIZER, .waiting = { NULL, &writing.waiting.first } };

static void lock(void)
{
	(void)pthread_mutex_lock(&writing.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&writing.lock);
}

static void discard(struct file_task *t)
{
	free(t->text);
	free(t);
}

/* ---- in the thread ------------------------------------------------------------------- */

static bool may_put_in_place(struct file_task *t)
{
	lock();
	bool may = t->write != NULL;
	t->puts_in_place = may;
	unlock();
	return may;
}

static void replace(struct file_task *t)
{
	if (file_draft(t->draft, t->path, t->text, strlen(t->text), &t->random, &t->err) < 0) {
		t->failed = true;
	} else if (may_put_in_place(t)) {
		t->failed = file_publish(t->draft, t->path, &t->err) < 0;
	} else {
		file_discard(t->draft);
	}
}

static void *run(void *user)
{
	struct file_task *t = user;

	replace(t);
	lock();
	bool cancelled = t->write == NULL;
	t->over = true;
	if (cancelled) {
		list_remove(&t->link);
	}
	if (writing.loop != NULL) {
		ev_async_send(writing.loop, &writing.ended);
	}
	unlock();
	if (cancelled) {
		discard(t);
	}
	return NULL;
}

/* ---- whose turn it is ------------------------------------------------------------------ */

static struct file_task *task_of(struct list *link)
{
	return CONTAINER_OF(link, struct file_task, link);
}

/* The length of the part of a path that is the folder's. */
static size_t folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static bool is_in_same_folder(const struct file_write *w, const struct file_write *other)
{
	return w->folder == other->folder && memcmp(w->path, other->path, w->folder) == 0;
}

static bool is_in_the_way(const struct file_task *t, const struct file_write *w)
{
	return t->write != NULL ? is_in_same_folder(t->write, w)
				: t->puts_in_place && strcmp(t->path, w->path) == 0;
}

static bool has_room(const struct file_write *w)
{
	unsigned n = 0;
	bool is_free = true;

	lock();
	for (struct list *link = writing.tasks; link != NULL && is_free; link = link->next) {
		is_free = !is_in_the_way(task_of(link), w);
		n++;
	}
	unlock();
	return is_free && n < AT_ONCE;
}

/* ---- on the loop ----------------------------------------------------------------------- */

static void on_ended(struct ev_loop *loop, ev_async *ended, int revents);

/* One more is to be told of an end. */
static void await(struct file_write *w)
{
	if (writing.n_awaited == 0) {
		ev_async_init(&writing.ended, on_ended);
		ev_async_start(w->loop, &writing.ended);
		lock();
		writing.loop = w->loop;
		unlock();
	}
	assert(w->loop == writing.loop);
	writing.n_awaited++;
	if (!ev_is_active(&w->late)) {
		timer_start(w->loop, &w->late, LATE);
	}
}

static void await_no_more(struct file_write *w)
{
	writing.n_awaited--;
	if (writing.n_awaited == 0) {
		lock();
		writing.loop = NULL;
		unlock();
		ev_async_stop(w->loop, &writing.ended);
	}
}

static void wait_no_more(struct file_write *w)
{
	fifo_remove(&writing.waiting, &w->waits);
	await_no_more(w);
}

static void on_late(struct ev_loop *loop, ev_timer *late, int revents)
{
	struct file_write *w = CONTAINER_OF(late, struct file_write, late);

	UNUSED(loop);
	UNUSED(revents);
	w->events->on_late(w, LATE_WHY);
}

/* One that is over and was not cancelled, out of the list; NULL when there is none. */
static struct file_task *take_one_that_is_over(void)
{
	struct file_task *found = NULL;

	lock();
	for (struct list *link = writing.tasks; link != NULL && found == NULL; link = link->next) {
		found = task_of(link)->over ? task_of(link) : NULL;
	}
	if (found != NULL) {
		list_remove(&found->link);
	}
	unlock();
	return found;
}

static void give_turn(struct file_write *w)
{
	wait_no_more(w);
	w->events->on_turn(w);
	if (w->task == NULL) {
		ev_timer_stop(w->loop, &w->late);
	}
}

/* Who writes to the folder of one that has just begun is not asked: there may be thousands. */
static void let_others_begin(void)
{
	const struct file_write *begun = NULL;

	for (struct list *link = writing.waiting.first, *next; link != NULL; link = next) {
		struct file_write *w = CONTAINER_OF(link, struct file_write, waits);
		next = link->next;
		if ((begun == NULL || !is_in_same_folder(begun, w)) && has_room(w)) {
			give_turn(w);
			begun = w->task != NULL ? w : begun;
		}
	}
}

static void on_ended(struct ev_loop *loop, ev_async *ended, int revents)
{
	struct file_task *t;

	UNUSED(ended);
	UNUSED(revents);
	while ((t = take_one_that_is_over()) != NULL) {
		struct file_write *w = t->write;
		w->task = NULL;
		ev_timer_stop(loop, &w->late);
		await_no_more(w);
		w->events->on_done(w, t->failed ? t->err.text : NULL);
		discard(t);
	}
	let_others_begin();
}

/* Takes over `text`. */
static struct file_task *make_task(struct file_write *w, char *text, struct random *random)
{
	size_t len = strlen(w->path) + 1;
	struct file_task *t = calloc(1, sizeof *t + len + len + FILE_DRAFT_MORE);

	if (t == NULL) {
		free(text);
		return NULL;
	}
	memcpy(t->path, w->path, len);
	t->draft = t->path + len;
	t->text = text;
	t->write = w;
	random_seed(&t->random, (uint64_t)random_below(random, UINT32_MAX) << 16);
	return t;
}

static void enlist(struct file_task *t)
{
	lock();
	list_add(&writing.tasks, &t->link);
	unlock();
}

/* There is no thread for it. */
static enum applied replace_here(struct file_task *t, struct err *err)
{
	lock();
	list_remove(&t->link);
	unlock();
	replace(t);
	enum applied result = t->failed ? APPLY_FAILED : APPLY_DONE;
	*err = t->err;
	discard(t);
	return result;
}

void file_write_init(struct file_write *w, struct ev_loop *loop, const char *path,
		const struct file_write_events *events)
{
	*w = (struct file_write){
		.loop = loop, .path = path, .folder = folder_of(path), .events = events
	};
	ev_timer_init(&w->late, on_late, 0.0, 0.0);
}

bool file_write_has_turn(struct file_write *w)
{
	assert(w->task == NULL);
	if (w->waits.at == NULL && has_room(w)) {
		return true;
	}
	if (w->waits.at == NULL) {
		fifo_add(&writing.waiting, &w->waits);
		await(w);
	}
	return false;
}

enum applied file_write_start(
		struct file_write *w, char *text, struct random *random, struct err *err)
{
	struct file_task *t = make_task(w, text, random);

	assert(w->task == NULL && w->waits.at == NULL);
	if (t == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return APPLY_FAILED;
	}
	enlist(t);
	await(w);
	if (!thread_start(run, t)) {
		ev_timer_stop(w->loop, &w->late);
		await_no_more(w);
		return replace_here(t, err);
	}
	w->task = t;
	return APPLY_RUNNING;
}

static void cancel_task(struct file_task *t)
{
	lock();
	bool over = t->over; /* and the loop has not looked yet */
	t->write = NULL;
	if (over) {
		list_remove(&t->link);
	}
	unlock();
	if (over) {
		discard(t);
	}
}

void file_write_cancel(struct file_write *w)
{
	if (w->loop == NULL) {
		return;
	}
	ev_timer_stop(w->loop, &w->late);
	if (w->waits.at != NULL) {
		wait_no_more(w);
	}
	if (w->task != NULL) {
		cancel_task(w->task);
		w->task = NULL;
		await_no_more(w);
	}
}

static bool is_anything_left(void)
{
	lock();
	bool left = writing.tasks != NULL;
	unlock();
	return left;
}

void file_write_clear(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE };

	for (unsigned i = 0; i < PAUSES && is_anything_left(); i++) {
		(void)nanosleep(&pause, NULL);
	}
}
