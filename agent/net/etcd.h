/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_H
#define AGENT_NET_ETCD_H

/*
 * etcd - the five things a registration asks of etcd, each with one outcome.
 *
 * Whatever happens on the way, a call ends in one of lease.h's outcomes, with
 * a sentence for people. OUTCOME_GONE is narrow on purpose: only etcd's own
 * word that the lease does not exist. A start never calls back, a cancel never
 * calls back, and a call is detached before its `done` runs.
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/lease.h"
#include "agent/list.h"
#include "agent/net/etcd_channel.h"
#include "agent/ownership.h"

struct etcd;

struct etcd_batch_kind;

/* Calls of one kind that go out together. Members are for etcd_batch.c. */
struct etcd_gather {
	struct etcd *etcd;                  /* borrowed */
	const struct etcd_batch_kind *kind; /* borrowed */
	struct list *waiting;
	struct list *batches; /* that are out */
	ev_timer timer;       /* runs while `waiting` is not empty */
};

/* What a person should know although no call failed over it: one sentence. */
typedef void etcd_heard(struct etcd *e, const char *sentence);

#define ETCD_SEAT_ROWS 64

/* One cluster, shared by all registrations that name the same endpoints. */
struct etcd {
	struct ev_loop *loop;      /* borrowed */
	const char *user;          /* borrowed; "": none */
	etcd_heard *on_notice;     /* set by the owner after etcd_init; may be NULL */
	struct etcd_notice notice; /* how the channel gets there */
	struct etcd_channel channel;
	double request_timeout; /* seconds */
	double phase;           /* [0, 1): where this agent's renewals are, of a third of a TTL */
	unsigned n_seats;       /* registrations that have their place there */
	struct list *held[ETCD_SEAT_ROWS]; /* seats, by their lease */
	struct etcd_gather renewals, looks;
};

/* `settings` are borrowed and must outlive *e. Returns 0, or -1 without memory. */
int etcd_init(struct etcd *e, struct ev_loop *loop, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random);

/* Every call to an endpoint is counted there (borrowed) from now on, also those of streams. */
void etcd_count_in(struct etcd *e, struct etcd_counts *counts);

/* Every call must have ended or be cancelled before. Safe on a zeroed struct. */
void etcd_finish(struct etcd *e);

/* A registration's place among those that share an etcd. Embedded in it. */
struct etcd_seat {
	struct list link; /* for etcd.c, as is the next one */
	int64_t lease;
	double phase; /* of its renewals: [0, 1), of a third of a TTL */
};

/*
 * One more registration. Its phase is that of the others, so that they share
 * requests, until these are large. To be given back.
 */
void etcd_take_seat(struct etcd *e, struct etcd_seat *seat);
void etcd_give_seat(struct etcd *e, struct etcd_seat *seat);

/* Says what lease it has, or had last: another one's grant is of another. */
void etcd_hold(struct etcd *e, struct etcd_seat *seat, int64_t lease);

/* Keys to be held, all or none. The entries are borrowed and must outlive the call. */
struct etcd_claim {
	const struct etcd_entry *entries;
	size_t n; /* 1 to ETCD_ENTRIES_MAX */
	struct claim_terms terms;
	double ttl;      /* seconds that the lease lives */
	int64_t written; /* verify: the mod_revision that all of them had; 0: not known */
};

/* Valid only until `done` returns. */
struct etcd_reply {
	enum outcome outcome;
	int64_t lease;    /* after a grant that is OK */
	double ttl;       /* after a grant or renewal that is OK: seconds, as etcd granted */
	int64_t revision; /* after a grant that is OK: etcd's, when it granted */
	unsigned era;     /* ... which can be compared with those of the same era only */
	bool took_over;   /* after a put that is OK: a key was another's */
	int64_t other;    /* TAKEN, or took_over: the other lease */
	const char *key;  /* TAKEN, DETACHED: the key, the first of them; of the claim */
	int64_t written;  /* after a put or verify that is OK: the mod_revision of all keys, 0:
			     several */
	struct cluster_mark at; /* after a put, verify or renewal that is OK: where etcd was */
	bool elsewhere;  /* UNSURE: the next try goes to a member that has not failed in this row */
	bool patient;    /* UNSURE: to try again soon is of no use */
	const char *why; /* one sentence; "" when OK */
};

struct etcd_call;
typedef void etcd_done(struct etcd_call *call, const struct etcd_reply *reply);

/* Embedded by its user, zeroed before the first use. sent_at is for all to read. */
struct etcd_call {
	double sent_at; /* clock_now() when it was started */
	struct etcd *etcd;
	etcd_done *done;
	struct etcd_request request;
	struct etcd_claim claim;
	int64_t lease;
	int64_t asked_ttl_s; /* grant */
	double deadline;
	unsigned era;
	int64_t replacing[ETCD_ENTRIES_MAX]; /* put: the mod_revisions that the transaction is
						guarded by; 0: no key */
	int64_t other;   /* put: the lease that a key is taken from, 0 for none */
	unsigned rounds; /* put: transactions so far */
	bool batched;
	struct list link; /* in a gather or a batch */
};

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done);

/* All keys in one transaction: they come at once, at one revision. */
void etcd_put(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done);

/*
 * Asks whether all of them are there, at one revision. When it is known what was
 * written, etcd only compares, for all that ask within a few milliseconds at once;
 * what it finds to be otherwise is read.
 */
void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done);

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done);

/* Renewals that start within a few milliseconds go out in one request. `ttl` in seconds. */
void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done);

/* Never calls back. Safe on a zeroed call and on one that has ended. */
void etcd_cancel(struct etcd_call *call);

#endif
