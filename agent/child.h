/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

/*
 * child - runs a program to its end, with a time limit.
 *
 * It is started from its argv, never by a shell, in a process group of its own,
 * with nothing of ours but the standard descriptors: its stdin is the text that
 * it is given, its stdout goes nowhere unless it is to be heard, and of what is
 * heard the last line is kept for people. Of our environment it sees PATH, HOME, LANG and TZ, and
 * SVC_AGENT_SERVICE beside them; no secret that we were given reaches it.
 *
 * At the time limit the whole group gets SIGTERM, and what is left of it gets
 * SIGKILL a second later; or, if that is asked for, SIGKILL without a warning.
 * Processes that it leaves behind at an end in time are its own affair.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/err.h"
#include "agent/rest.h"

struct child;

/* It has ended; `why` is NULL when it exited with 0, else a sentence. From the loop. */
typedef void child_done(struct child *c, const char *why);

/* Borrowed for the length of the call. */
struct child_spec {
	char *const *argv;   /* ends with NULL; a program without a slash is looked for in PATH */
	const char *input;   /* its stdin; NULL for none */
	const char *service; /* SVC_AGENT_SERVICE */
	double timeout;      /* seconds */
	bool stdout_too;     /* what it writes there is heard as well */
	bool at_once;        /* killed at the limit; `done` does not wait for its end then */
};

#define CHILD_LINE_MAX 200

/* Embedded; members are for child.c only. Zeroed: none runs. */
struct child {
	struct ev_loop *loop; /* borrowed; the default loop */
	child_done *done;
	pid_t pid; /* of it and of its group; 0 when none runs */
	double timeout;
	bool timed_out, at_once;
	bool left; /* it has ended at the limit, others of its group have not yet */
	ev_child ended;
	ev_timer limit;
	ev_io said;                                      /* what is heard of it */
	struct rest rest;                                /* ... and how much */
	char line[CHILD_LINE_MAX], last[CHILD_LINE_MAX]; /* being read, and the one before */
	size_t line_len;
};

/*
 * None may be running. Returns 0, or -1 with a sentence: ERR_MISSING when there
 * is no such program or it may not be run, ERR_SYSTEM when the trouble is ours.
 * Never calls back from here.
 */
int child_start(struct child *c, struct ev_loop *loop, const struct child_spec *spec,
		child_done *done, struct err *err);

/* For `done`: it did not end in time. */
bool child_was_late(const struct child *c);

/* Kills the group of one that runs; no call back comes after this. Safe on a zeroed struct. */
void child_stop(struct child *c);

#endif
