/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_CALLS_H
#define AGENT_DOCTOR_DOCTOR_CALLS_H

/*
 * doctor_calls - what the checks of `doctor` run on, and calls to etcd that are
 * waited for: the loop turns until all that were begun together have ended.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/doctor/doctor_findings.h"
#include "agent/err.h"
#include "agent/net/carrier.h"
#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_error.h"
#include "agent/net/tls_shelf.h"
#include "agent/random.h"

/* Zeroed it is closed. */
struct doctor {
	struct ev_loop *loop;    /* owned */
	struct carrier *carrier; /* owned */
	struct random random;
	struct tls_shelf shelf;
	struct doctor_findings findings;
	size_t left; /* calls under way */
};

/* 0, or -1 with *err filled; it is to be closed either way. */
int doctor_open(struct doctor *d, struct err *err);
void doctor_close(struct doctor *d);

/* One call. Zeroed, then the first members are set. */
struct doctor_ask {
	struct carrier_target *target; /* borrowed; NULL: it is not asked */
	const char *path;
	const char *token;     /* "": none; not NULL when there is a target */
	struct etcd_body body; /* owned */

	/* What came of it. */
	enum carrier_end end;
	enum etcd_trouble trouble; /* CARRIER_ANSWERED: etcd's word; TROUBLE_OTHER otherwise */
	int code;                  /* CARRIER_ANSWERED: of gRPC */
	char text[500];            /* etcd's own message, or what went wrong on the way */
	uint8_t *message;          /* owned; NULL: none came */
	size_t len;

	struct doctor *doctor;
	struct carrier_request request;
};

/* `timeout` in seconds. */
void doctor_ask_all(struct doctor *d, struct doctor_ask *asks, size_t n, double timeout);

/* True when it was answered with a message and without an error. */
bool doctor_ask_ok(const struct doctor_ask *ask);

/* Frees, and wipes, what it owns. */
void doctor_ask_finish(struct doctor_ask *ask);

#endif
