/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_READ_H
#define AGENT_NET_ETCD_READ_H

/*
 * etcd_read - what stands under a prefix, or how long a lease has left: unary
 * calls that change nothing.
 *
 * All reads are linearizable: they see what was written before they began,
 * whichever member answers. A prefix is read page by page, all pages as of the
 * revision of the first. A start never calls back, a cancel never calls back,
 * and a read is detached before its `done` runs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "agent/net/etcd.h"
#include "agent/net/etcd_read_codec.h"

struct etcd_read;

/* Valid only until `done` returns. */
struct etcd_read_reply {
	bool ok;
	int64_t revision; /* as of which it was so */
	int64_t count;    /* keys under the prefix */
	bool newer;       /* etcd_read_newer: one of them was written after the given revision */
	int64_t ttl_s;    /* etcd_read_lease: seconds left; negative: there is no such lease */
	bool elsewhere;  /* not ok: the next try goes to a member that has not failed in this row */
	bool patient;    /* not ok: to try again soon is of no use */
	const char *why; /* one sentence; "" when ok */
};

/*
 * Some of the keys, in their order; called before `done`. Must not start or cancel the read.
 * False: that is enough, the rest is not read.
 */
typedef bool etcd_read_page(struct etcd_read *read, const struct etcd_kv *kvs, size_t n);
typedef void etcd_read_done(struct etcd_read *read, const struct etcd_read_reply *reply);

/* Embedded by its user, zeroed before the first use. Members are for etcd_read.c only. */
struct etcd_read {
	struct etcd *etcd; /* NULL when not in flight */
	struct etcd_request request;
	etcd_read_page *on_page; /* may be NULL */
	etcd_read_done *done;
	struct etcd_scope scope;
	char *after;   /* owned; the last key so far, of any bytes */
	int64_t count; /* of all keys, as the first page says: later ones count what is left */
	int64_t lease;
	bool beside; /* see struct route_call */
	unsigned endpoint;
};

/* All keys and values under the prefix (borrowed until the end). */
void etcd_read_all(struct etcd *e, struct etcd_read *read, const char *prefix, etcd_read_page *take,
		etcd_read_done *done);

/* The same from another member than endpoint number `endpoint`, if there is one that works. */
void etcd_read_all_beside(struct etcd *e, struct etcd_read *read, const char *prefix,
		unsigned endpoint, etcd_read_page *take, etcd_read_done *done);

/* How many keys there are now, and whether one was written after `revision`. No pages. */
void etcd_read_newer(struct etcd *e, struct etcd_read *read, const char *prefix, int64_t revision,
		etcd_read_done *done);

/* How many keys there were at `revision`. No pages. */
void etcd_read_count(struct etcd *e, struct etcd_read *read, const char *prefix, int64_t revision,
		etcd_read_done *done);

/* The endpoint that a read is with, or had its last answer from. */
unsigned etcd_read_endpoint(const struct etcd_read *read);

void etcd_read_lease(struct etcd *e, struct etcd_read *read, int64_t lease, etcd_read_done *done);

/* Never calls back. Safe on a zeroed read and on one that has ended. */
void etcd_read_cancel(struct etcd_read *read);

#endif
