/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_READER_H
#define AGENT_READER_H

/*
 * reader - one service of a `discover` section at work: what its follower sees
 * is published to its outputs.
 *
 * What was published last is kept through every outage of etcd, and marked as
 * stale when nobody has confirmed it for a moment. It is also kept across a
 * restart of the agent: a reader with a json output begins with what that file
 * says. The guard decides when a loss is believed.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/descriptor/descriptor.h"
#include "agent/follower.h"
#include "agent/guard.h"
#include "agent/outputs/output.h"
#include "agent/outputs/view.h"
#include "agent/random.h"
#include "agent/telling.h"

/* Embedded. `service` to `n_outputs` and `begun` may be read; all is for reader.c alone to change.
 */
struct reader {
	struct ev_loop *loop;                   /* borrowed */
	const struct discover_service *service; /* borrowed */
	void (*on_change)(struct reader *r); /* what a status says may have changed; may be NULL */
	void *owner;                         /* of whoever set it */
	enum on_empty on_empty;
	char *prefix; /* owned; ends with '/' */
	struct follower follower;
	struct guard guard;
	struct output_view view; /* what is published */
	struct output **outputs; /* owned */
	size_t n_outputs;
	bool begun;          /* there is something to publish: from etcd, or from the file */
	bool published;      /* ... from etcd */
	unsigned era;        /* of the cluster, when it was looked at last */
	bool held;           /* the guard keeps a loss back */
	bool kept;           /* etcd has no instance, on_empty is keep */
	bool unsure;         /* etcd gives no clear answer ... */
	double unsure_since; /* ... since then: clock_now() */
	bool holds;          /* ... for a while, which was said */
	ev_timer hold;       /* until the guard is asked again */
	ev_timer age;        /* until it is stale, and then every while */
	struct telling telling;
};

/* All is borrowed and must outlive it. Starts nothing. 0, or -1 without memory. */
int reader_init(struct reader *r, struct ev_loop *loop, struct etcd_streams *streams,
		const struct descriptor *desc, const struct discover_service *service,
		struct random *random);

void reader_start(struct reader *r);

/* The process, or the machine, did not run for a while. */
void reader_interrupted(struct reader *r);

/* What is published stays. Safe on a zeroed struct. */
void reader_finish(struct reader *r);

#endif
