/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

/*
 * audit - asks whether an open watch has missed something.
 *
 * etcd says nothing while nothing happens, so silence proves nothing: after a
 * while without news a small read asks what is newer than we know. And news
 * prove nothing about what is not among them: while they come, the keys are
 * counted now and then, as of the very revision that we are at.
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/net/etcd_read.h"

struct audit;

/* Called from the loop. */
struct audit_events {
	/* What is known now: up to which revision, and how many keys. */
	void (*know)(struct audit *a, int64_t *revision, size_t *keys);
	/* etcd has confirmed it, by an answer to what was sent at `asked_at`. */
	void (*on_fine)(struct audit *a, double asked_at);
	/* No clear answer: nothing is sure, and the next audit comes soon. */
	void (*on_silence)(struct audit *a, const char *why);
	/* Something was missed. The audit is to be stopped. */
	void (*on_missed)(struct audit *a);
};

/* Embedded. Members are for audit.c only. */
struct audit {
	struct ev_loop *loop; /* borrowed */
	struct etcd *etcd;    /* borrowed */
	const char *prefix;   /* borrowed */
	const struct audit_events *events;
	struct etcd_read newer;
	double asked_at;  /* clock_now() when that was sent */
	int64_t found_at; /* the revision we were at when there was more; 0: there was not */
	ev_timer look;    /* the next one */
	struct etcd_read count;
	size_t counted; /* what it should find */
	bool news;      /* there was some since the last count */
	bool partial;   /* ... and the last of it is not whole yet */
	ev_timer tally; /* the next one */
};

/* All is borrowed. Starts nothing. */
void audit_init(struct audit *a, struct ev_loop *loop, struct etcd *etcd, const char *prefix,
		const struct audit_events *events);

/* A watch is open. */
void audit_start(struct audit *a);

/* It has told something; partial: more of the same is to come. */
void audit_news(struct audit *a, bool partial);

/* Never calls back. Safe on one that is stopped. */
void audit_stop(struct audit *a);

#endif
