/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FOLLOW_H
#define AGENT_FOLLOW_H

/*
 * follow - the table that decides how a prefix of etcd is followed. Pure.
 *
 * Everything begins with a read of all that is there; a watch goes on from the
 * revision of that read. Whatever ends the watch, the next thing is a read
 * again: there is one way to be in step, not two.
 */

enum follow_state {
	FOLLOW_RESTING, /* not begun, or waiting for the next try */
	FOLLOW_READING, /* reads all */
	FOLLOW_OPENING, /* the watch was asked for */
	FOLLOW_LIVE,    /* the watch is open: what is known is what is there */
	N_FOLLOW_STATES
};

enum follow_event {
	FOLLOW_WAKE,      /* begin, or the pause is over */
	FOLLOW_READ,      /* all was read */
	FOLLOW_READ_LOST, /* ... or not */
	FOLLOW_CREATED,   /* the watch is open */
	FOLLOW_ENDED,     /* the watch has ended, or was not created in time */
	FOLLOW_FLEETING,  /* ... or has ended as soon as it was open, and not for the first time */
	FOLLOW_COMPACTED, /* what it should have begun with is not kept any more */
	FOLLOW_MISSED,    /* the watch has missed something: its member is not to be relied on */
	FOLLOW_DOUBTED,   /* what it says is to be confirmed by a read from another member */
	N_FOLLOW_EVENTS
};

enum follow_step {
	FOLLOW_NOTHING,
	FOLLOW_READ_ALL,
	FOLLOW_READ_BESIDE, /* from another member than the one that is doubted */
	FOLLOW_LEAVE,       /* the watch's member is doubted, and left */
	FOLLOW_WATCH,
	FOLLOW_PAUSE /* and then FOLLOW_WAKE */
};

struct follow_next {
	enum follow_state state;
	enum follow_step step;
};

/* What an event in a state leads to. An event that a state does not know changes nothing. */
extern const struct follow_next follow_next[N_FOLLOW_STATES][N_FOLLOW_EVENTS];

/* For the log. */
const char *follow_state_name(enum follow_state state);

#endif
