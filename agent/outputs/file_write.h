/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_FILE_WRITE_H
#define AGENT_OUTPUTS_FILE_WRITE_H

/*
 * file_write - has a text take the place of a file's, on the libev loop.
 *
 * A disk may take seconds for that, or never answer. So it is asked in a thread,
 * which lasts as long as the one write and has nothing of ours but the text and
 * the path: nobody ever waits for it. One that is cancelled puts nothing in place
 * any more, and whoever writes to the same path next is later than it.
 *
 * A folder is written to by one at a time, as what hangs is a disk and not a file;
 * and only so many folders at once. Others have to wait for their turn. Where no
 * thread is to be had the loop itself writes, and waits for the disk.
 *
 * All are on one loop.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/err.h"
#include "agent/list.h"
#include "agent/outputs/output_kind.h"
#include "agent/random.h"

struct file_write;

/* All are called from the loop. */
struct file_write_events {
	/* What could not begin can now: it may be started from here, and only from here. */
	void (*on_turn)(struct file_write *w);

	/* The disk does not answer, nor does it for those before it; once for each write. */
	void (*on_late)(struct file_write *w, const char *why);

	/* It is over: `why` is NULL when the text stands there, else a sentence. */
	void (*on_done)(struct file_write *w, const char *why);
};

/* Embedded. Members are for file_write.c only. */
struct file_write {
	struct ev_loop *loop; /* borrowed */
	const char *path;     /* borrowed */
	size_t folder;        /* so much of it is the folder's */
	const struct file_write_events *events;
	struct file_task *task; /* what its thread has; NULL when it does not run */
	struct list waits;      /* for its turn */
	ev_timer late;          /* active while it runs or waits, until it is late */
};

/* Starts nothing. */
void file_write_init(struct file_write *w, struct ev_loop *loop, const char *path,
		const struct file_write_events *events);

/* None may run. True when it may be started at once; else `on_turn` says when. */
bool file_write_has_turn(struct file_write *w);

/*
 * None may run, and it has its turn. Takes over `text`, which is for free(). Never
 * calls back from here: it runs, or the loop itself has done it, or has failed to.
 */
enum applied file_write_start(
		struct file_write *w, char *text, struct random *random, struct err *err);

/*
 * Never waits and never calls back. The file is as before, or, if that had begun,
 * is replaced. Safe on a zeroed one.
 */
void file_write_cancel(struct file_write *w);

/*
 * Before the process ends: what was cancelled has a moment to take away what it
 * has begun. A disk that hangs is not waited for.
 */
void file_write_clear(void);

#endif
