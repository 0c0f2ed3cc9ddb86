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

/* What a person should know although no call failed over it: one sentence. */
typedef void etcd_heard(struct etcd *e, const char *sentence);

/* One cluster, shared by all registrations that name the same endpoints. */
struct etcd {
	struct ev_loop *loop;      /* borrowed */
	const char *user;          /* borrowed; "": none */
	etcd_heard *on_notice;     /* set by the owner after etcd_init; may be NULL */
	struct etcd_notice notice; /* how the channel gets there */
	struct etcd_channel channel;
	double request_timeout; /* seconds */
	struct list *waiting;   /* renewals that go out together */
	struct list *batches;   /* renewals that are out */
	ev_timer gather;        /* runs while `waiting` is not empty */
};

/* `settings` are borrowed and must outlive *e. Returns 0, or -1 without memory. */
int etcd_init(struct etcd *e, struct ev_loop *loop, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random);

/* Every call to an endpoint is counted there (borrowed) from now on, also those of streams. */
void etcd_count_in(struct etcd *e, struct etcd_counts *counts);

/* Every call must have ended or be cancelled before. Safe on a zeroed struct. */
void etcd_finish(struct etcd *e);

/* Keys to be held, all or none. The entries are borrowed and must outlive the call. */
struct etcd_claim {
	const struct etcd_entry *entries;
	size_t n; /* 1 to ETCD_ENTRIES_MAX */
	struct claim_terms terms;
	double ttl; /* seconds that the lease lives */
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
	double deadline;
	unsigned era;
	int64_t replacing[ETCD_ENTRIES_MAX]; /* put: the mod_revisions that the transaction is
						guarded by; 0: no key */
	int64_t other;   /* put: the lease that a key is taken from, 0 for none */
	unsigned rounds; /* put: transactions so far */
	bool batched;
	struct list link; /* in etcd.waiting or in a batch */
};

void etcd_grant(struct etcd *e, struct etcd_call *call, int64_t ttl_s, etcd_done *done);

/* All keys in one transaction: they come at once, at one revision. */
void etcd_put(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done);

/* Reads all of them at one revision. */
void etcd_verify(struct etcd *e, struct etcd_call *call, const struct etcd_claim *claim,
		etcd_done *done);

void etcd_revoke(struct etcd *e, struct etcd_call *call, int64_t lease, etcd_done *done);

/* Renewals that start within a few milliseconds go out in one request. `ttl` in seconds. */
void etcd_renew(struct etcd *e, struct etcd_call *call, int64_t lease, double ttl, etcd_done *done);

/* Never calls back. Safe on a zeroed call and on one that has ended. */
void etcd_cancel(struct etcd_call *call);

#endif
