/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

/*
 * world - one agent, one small etcd, the network between them, and everybody
 * else, as one value that fits into 64 bits.
 *
 * The agent is registration.c without time: it looks, calls and takes note as
 * that does, by the tables it is given. A pause is a flag that any later move
 * may end. etcd and ownership are exact but for what cannot matter: a lease
 * whose grant was never acknowledged has no key and nobody knows its id, so it
 * is not kept; a late renewal changes nothing where a lease may expire at any
 * moment anyway; a late message for a lease that is gone can do nothing. Of
 * revisions only that matters which a read-back is decided by.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/lease.h"
#include "agent/tending.h"

#define LEASES   3 /* ids 1 to 3; 0 is none */
#define LATE_MAX 2

/* Renewals are counted so far; TENDING_RENEWALS_MAX of them look like this. */
#define RENEWALS_AGED (TENDING_RENEWALS + 1)

/* The tables of lease.c, or a broken copy of them. */
struct tables {
	enum step next[N_RESTING][N_GOALS];
	struct lease_after after[N_LEASE_STATES][N_OUTCOMES];
	unsigned char outcomes[N_LEASE_STATES][N_OUTCOMES];
};

/* What the key hangs on: 0, a lease of ours by its id, or one of these. */
enum { KEY_ABSENT = 0, KEY_OTHER = LEASES + 1, KEY_NOBODY };

/* What a put is guarded by. A seen mod_revision is stale once the key has changed. */
enum guard { GUARD_ABSENT, GUARD_SEEN, GUARD_STALE };

enum late_kind { LATE_NONE, LATE_PUT_ABSENT, LATE_PUT_SEEN, LATE_REVOKE };

struct late {
	uint8_t kind, lease;
};

struct world {
	/* the agent */
	uint8_t state, goal;
	uint8_t asked;    /* the goal when the call in flight was started */
	uint8_t lease;    /* 0 in NONE and GRANTING */
	uint8_t renewals; /* since the key was last seen; as many as tell states apart */
	bool paused, due;
	bool touched;   /* etcd has written something since the key was last seen */
	bool has_put;   /* a put was sent, ever */
	bool contested; /* another has the key: stand by */
	bool put_sent;  /* a put on this lease was sent ... */
	bool put_acked; /* ... and acknowledged */

	/* the call in flight */
	bool answered;
	uint8_t outcome; /* when answered */
	bool news;       /* ... its header: of a renewal, whether it is another than where the key
			  * was last seen; of a put or a look, whether etcd is elsewhere by now */
	uint8_t guard;   /* of a put */

	/* etcd; bit 1 << id for each lease */
	uint8_t alive, revoked; /* revoked: a revoke was sent for it, ever */
	uint8_t key;
	bool altered;    /* on a lease of ours, with a value that is not */
	bool was_listed; /* the key was ours once, whether our agent knows it or not */
	bool newer;      /* KEY_OTHER: put there after that */
	bool since;      /* KEY_OTHER: put there after our first lease that we put on */

	struct late late[LATE_MAX];
};

enum move_kind {
	MOVE_GOAL,          /* health changes, or someone stops the agent */
	MOVE_TIMER,         /* a pause ends */
	MOVE_APPLY,         /* the request reaches etcd */
	MOVE_APPLY_LAGGING, /* ... a renewal, by a member that does not know of the last writes */
	MOVE_ANSWER,        /* the answer reaches the agent */
	MOVE_LOSE,          /* the request is lost */
	MOVE_LOSE_ANSWER,   /* the answer is lost */
	MOVE_REPEAT,        /* the answer is lost, and the carrier sends the request once more */
	MOVE_DELAY,         /* the agent gives up on a request that may yet arrive */
	MOVE_LATE,          /* ... and arrives */
	MOVE_DROP,          /* ... and never does */
	MOVE_EXPIRE,        /* a lease expires, or is revoked by hand */
	MOVE_DELETE,        /* the key is deleted by hand */
	MOVE_ALTER,         /* its value is changed by hand, on our lease */
	MOVE_UNLEASE,       /* it is put by hand, on no lease */
	MOVE_STRANGER,      /* another key is written */
	MOVE_AGES,          /* so many renewals that the key is looked at whatever etcd says */
	MOVE_OTHER_PUTS,
	MOVE_OTHER_GOES
};

struct move {
	enum move_kind kind;
	uint8_t arg; /* goal, lease id or index of a late message */
};

/* One walk: the tables it goes by, what of them it used, what it found. */
struct model {
	struct tables tables;
	unsigned late_max;
	bool used_next[N_RESTING][N_GOALS];
	bool used_outcome[N_LEASE_STATES][N_OUTCOMES];
	const char *broken; /* the property that does not hold, NULL while all do */
};

uint64_t world_pack(const struct world *w);
struct world world_unpack(uint64_t packed);

/* Makes one move; false when it cannot be made from here. Sets m->broken. */
bool world_move(struct model *m, struct world *w, struct move move);

/* What must hold in every state. Sets m->broken. */
void world_check(struct model *m, const struct world *w);

/* Whether the agent is where its goal wants it, and will stay there if nobody disturbs it. */
bool world_at_goal(const struct model *m, const struct world *w);

#endif
