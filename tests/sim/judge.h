/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_JUDGE_H
#define TESTS_SIM_JUDGE_H

/*
 * judge - the properties, with their bounds.
 *
 * I interval, T timeout, F and P the failure and success thresholds, d the
 * longest way to the service, D the longest way to etcd when the network is
 * good, R request timeout, TTL as granted, E election timeout, late the longest
 * delay of a request. "Since" is the last moment at which something that the
 * bound depends on changed; for what is not listed, a reload is one.
 *
 *   DETECT  an ill service is found out within
 *             I + T + 4d           while it is dead or says NOT_SERVING
 *             (F + 1) I + T + 4d   while it is ill in any way
 *           of: ill, the agent started or went on, it can probe.
 *   ACT     once health or a signal has decided, and the network to etcd and
 *           etcd itself are good, a key is withdrawn within
 *             R + min(5, TTL / 3) + 10 D
 *           (a call begun before, a pause begun before, the revoke itself).
 *   UP      a well service is found to be so within
 *             initial_delay + 2 T + (P + 1) (1.5 I + T) + 4d
 *           of: well, the agent started or went on, it can probe.
 *
 *   S1  a key whose agent runs and reaches etcd is gone DETECT and ACT after
 *       the service became ill, ACT after the agent was told to stop.
 *   S2  a key whose agent is dead, paused or cut off is gone by the last moment
 *       at which a renewal may have been sent (DETECT, the end of the process)
 *       + late + TTL + E + the scan; a leader change or restart begins that anew.
 *   S3  a running agent asks for no grant, put or renewal DETECT after the
 *       service became ill; for a grant that is after a reload, too: what has
 *       just been read may have one lease before its first verdict.
 *   A   ahead of that verdict, no more than one lease is had.
 *   L   with a well service, a running agent and a good way to etcd, the key is
 *       there within UP + 2 R + 30 + 4/3 TTL + 1 (a call and a pause begun
 *       before; the read-back with every third renewal; standing by, one TTL).
 *   K   a lease with the key on it does not run out while its agent runs, reaches
 *       etcd and has put it, when all that has been so for
 *         T + min(R, TTL / 3) + TTL / 3 + 10 D
 *       before its end (a read-back that was lost, a pause, the renewal).
 *   H   health goes down on hard evidence or on F failures in a row, and up on P
 *       passes in a row, and not on less.
 *   O1  a put or renewal goes out only on a lease that was acknowledged to this
 *       very agent and whose revoke was not asked for.
 *   O2  an agent revokes only a lease of its own.
 *   O3  no agent overwrites the key of a live agent that was started later, when
 *       that was written after it had itself written the key. (One that never
 *       wrote cannot tell a successor from a predecessor.)
 *   O4  an agent takes the key from a live one at most TAKES_MAX times in its life.
 *   R1  an agent that reaches etcd renews a lease without the key on it at most
 *       IDLE_MAX times in a row.
 *   R2  at the end of a day, leases in etcd = listed keys (plus the one that
 *       an agent that stands by has for a moment).
 *   N1  at most CALLS_MAX calls to etcd in a minute of an agent, whatever fails.
 *   N2  no timer is armed with a time that is negative or not a number.
 *   N3  a registration always has a call in flight, a timer, or nothing to do;
 *       a prober an audit under way or a timer.
 *   P   after the process was stopped for longer than the TTL, nothing is put and
 *       no lease asked for before the service has said, after that, that it
 *       serves, and nothing is renewed before the first audit is over.
 *   U   the lease with the key on it, as the agent knows, is given up only by an
 *       agent that was told to stop, or one of whose probers (there are several
 *       after a reload) finds it ill, or did so no longer than ACT ago (while it
 *       ran).
 *   R3  at the end of a day nothing that a reload has replaced is left.
 *   T   told to stop, an agent that reaches etcd has ended within ACT.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/queue.h"

#define CALLS_MAX 300
#define TAKES_MAX 1
#define IDLE_MAX  4

struct berth;
struct lease;
struct node;
struct world;

/* What the judge remembers of one agent. Zeroed at its start. */
struct record {
	double written_at; /* its first put that etcd did; valid when has_written */
	bool has_written;
	unsigned took;   /* keys of live agents that it took over */
	uint64_t minute; /* N1: which one is counted */
	unsigned calls;  /* ... and how many */
};

/* ... and of each service of its, from when it is made; a reload makes another one. */
struct tenure {
	double made_at;
	int64_t lease;     /* the last one acknowledged to it */
	bool revoke_asked; /* ... and given up */
	bool knows;        /* U: etcd has said that the key is on it, and no put was sent since */
	bool must_pass;    /* P: interrupted, and nothing has passed since */
	bool must_hear;    /* P: ... and no audit has ended since */
	double went_on_at; /* ... when it went on */
	unsigned idle;     /* R1: renewals in a row without the key on the lease */
	unsigned passes, fails; /* H: in a row */
	bool hard;              /* H: the last failure was hard evidence */
};

/* S1, S2, L, T. To be called before anything they depend on changes, and now and then. */
void judge_look(struct world *w);

/* S3, O1, O2, N1, P, U: a service of the agent asks for something. */
void judge_ask(struct world *w, struct node *n, struct tenure *t, enum ask ask, int64_t lease);

/* O3, O4: a put is about to be done; the store is still as it was. */
void judge_put(struct world *w, int slot, unsigned incarnation);

/* O2: a revoke of an existing lease is about to be done. */
void judge_revoke(struct world *w, unsigned incarnation, int64_t lease);

/* N2, N3: a callback of the agent has returned. */
void judge_node(struct world *w, const struct node *n);

/* K: etcd is about to end a lease that is over. */
void judge_expiry(struct world *w, const struct lease *l);

/* H: what the probe has just told the prober. */
void judge_report(struct berth *b, enum reason reason, bool audit, double as_of);

/* R2, R3. */
void judge_end(struct world *w);

/* What the longest of all minutes held, and how close the bounds were met. For people. */
struct judge_figures {
	unsigned calls;
	double s1, s2, l, t; /* the largest share of its bound that was used */
};

extern struct judge_figures judge_figures;

#endif
