/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_STORE_H
#define TESTS_SIM_STORE_H

/*
 * store - etcd as far as one key and its leases go, with the habits of the
 * real one.
 *
 * A lease that is over is noticed by a scan every 500 ms; until then it takes
 * puts, and a renewal of it waits for the scan and finds it gone. A leader
 * change and a restart give every lease its whole TTL anew and one election
 * timeout on top. A put is one transaction: compared by mod_revision, answered
 * with what is there when that differs. A wiped etcd counts its revisions from
 * 1 again. Others write other keys, which moves the revision and nothing else;
 * a renewal is answered by a member that may not know of the last change yet.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/queue.h"

#define STORE_LEASES 1024
#define STORE_SCAN   0.5 /* seconds */

struct world;

struct lease {
	int64_t id;
	double ttl, over_at;  /* over_at: time it ends when nobody renews it */
	double look_at;       /* time of its one EVENT_EXPIRY that counts */
	double refreshed_at;  /* last grant, renewal, leader change or restart */
	unsigned incarnation; /* who asked for it */
	int slot;             /* ... and where that was */
};

struct store {
	bool up;
	double steady_since; /* up, with one leader; INFINITY while down */
	unsigned wipes;
	int64_t revision, next_lease;
	uint64_t term;
	int64_t revision_before;         /* the last change of the key ... */
	double changed_at, strangers_at; /* ... and until when the writes of others are counted */
	struct lease leases[STORE_LEASES];
	unsigned n;
	struct etcd_key key; /* same_value: ours */
	double put_at;       /* when it was last written */
	double unheld_since; /* the key is not there on a lease; INFINITY: it is */
};

void store_init(struct store *s);

/* NULL when there is none. */
struct lease *store_find(struct store *s, int64_t id);

/* The lease of the key, NULL without one. */
struct lease *store_holder(struct store *s);

/*
 * Does what a request asks and makes *m its answer. False when it has to wait:
 * to be asked again at *later, should etcd be up then.
 */
bool store_serve(struct world *w, int slot, unsigned incarnation, struct message *m, double *later);

/* EVENT_EXPIRY. */
void store_scan(struct world *w, int64_t lease, double planned);

void store_stop(struct world *w, bool wipe);
void store_restart(struct world *w);
void store_new_leader(struct world *w);

/* What a person does with etcdctl; no effect without a key. */
void store_revoke_by_hand(struct world *w);
void store_delete_key(struct world *w);
void store_overwrite_key(struct world *w); /* on no lease */
void store_alter_key(struct world *w);     /* its value, on the same lease */

#endif
