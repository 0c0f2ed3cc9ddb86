/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FOLLOWER_H
#define AGENT_FOLLOWER_H

/*
 * follower - knows the instances under one prefix of etcd, and follows them.
 *
 * What it knows is kept through every outage. `sure` says whether etcd has
 * confirmed it of late: by a read, by news, or by an audit, which shows whether
 * something was missed. The table in follow.c decides what comes next.
 *
 * Runs on the loop given to follower_init() and never blocks.
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/audit.h"
#include "agent/backoff.h"
#include "agent/follow.h"
#include "agent/format.h"
#include "agent/known.h"
#include "agent/net/etcd_read.h"
#include "agent/net/etcd_watch.h"
#include "agent/random.h"

struct follower;

/* Called from the loop. None may finish the follower. */
struct follower_events {
	/* `known.live` is not what it was, or `sure` is not, or a doubt is over. */
	void (*on_change)(struct follower *f);
	/* What stands under a key is no instance; said once for each value. */
	void (*on_skip)(struct follower *f, const char *key, const char *why);
	/* It cannot be followed, for the n-th time in a row; 0 and NULL: it is followed again. */
	void (*on_trouble)(struct follower *f, unsigned tries, const char *why);
};

/* Embedded. `known` to `confirmed_at` may be read; the rest is for follower.c. */
struct follower {
	struct known known;
	int64_t revision;    /* of etcd, up to which that is whole; 0: nothing was read yet */
	unsigned reads;      /* how often all was read */
	unsigned confirmed;  /* ... from another member than the one that was doubted */
	unsigned era;        /* changes when the cluster was made anew */
	bool sure;           /* etcd has confirmed it, and nothing speaks against it */
	double confirmed_at; /* clock_now() of that; 0: never */

	struct ev_loop *loop;         /* borrowed */
	struct etcd *etcd;            /* borrowed */
	struct etcd_streams *streams; /* borrowed */
	struct random *random;        /* borrowed */
	const struct follower_events *events;
	const char *prefix; /* borrowed */
	enum format format;

	enum follow_state state;
	struct known arriving; /* while all is read */
	struct err failed;     /* why what has come cannot be used; ERR_NONE: it can */
	struct etcd_read read; /* of all */
	struct audit audit;    /* while the watch is open */
	struct etcd_watch watch;
	int64_t read_at;  /* the revision of the last read of all */
	double opened_at; /* clock_now() when the watch was open */
	bool hurried;     /* the watch before was not opened, or has ended as soon as it was */
	double asked_at;  /* clock_now() when the read in flight was sent */
	unsigned told_by; /* the endpoint that what is known comes from */
	bool beside;      /* a read has to come from another one than `doubted` */
	unsigned doubted;
	bool is_beside; /* the read in flight was asked for so */
	struct backoff backoff;
	unsigned tries; /* without an open watch or an answer to an audit, in a row */
	ev_timer wake;  /* resting: the next try */
	ev_timer open;  /* opening: until it must be open */
};

/* `prefix` is borrowed, and so is all else. Cannot fail and starts nothing. */
void follower_init(struct follower *f, struct ev_loop *loop, struct etcd_streams *streams,
		struct random *random, const char *prefix, enum format format,
		const struct follower_events *events);

void follower_start(struct follower *f);

/*
 * What it knows is to be confirmed by a read from another member than the one that it comes from:
 * on_change comes after the next read, and `confirmed` has grown when it was such a one.
 */
void follower_doubt(struct follower *f);

/* The process did not run for a while: nothing is sure before all was read again. */
void follower_interrupted(struct follower *f);

/* No call back comes after this. Safe on a zeroed struct. */
void follower_finish(struct follower *f);

#endif
