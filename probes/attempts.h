/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_ATTEMPTS_H
#define PROBES_ATTEMPTS_H

/*
 * attempts - one audit, made of attempts to reach the service.
 *
 * What an attempt found is reported, but for a refusal, for TLS that failed and
 * for a connection that broke: tries.c says how often those are tried again
 * before they are believed. For kinds of probes whose audits have nothing else in common with
 * those before.
 */

#include <ev.h>
#include <stdbool.h>

#include "probes/probe.h"
#include "probes/tries.h"

#define ATTEMPT_TEXT_MAX 500

struct attempts;

struct attempts_events {
	/* Begins an attempt. It ends in attempts_ended, from the loop and not from here. */
	void (*begin)(struct attempts *a);
	/* Drops the attempt under way, which then has no end. */
	void (*drop)(struct attempts *a);
};

/* Embedded. `until` may be read; the rest is for attempts.c. */
struct attempts {
	struct ev_loop *loop; /* borrowed */
	struct probe *probe;  /* borrowed: whose reports these are */
	const struct attempts_events *events;
	bool auditing, trying;
	double until; /* clock_now() time */
	ev_timer deadline, again;
	struct tries tries;
	char how[ATTEMPT_TEXT_MAX]; /* the last one that was not believed ended */
};

void attempts_init(struct attempts *a, struct ev_loop *loop, struct probe *probe,
		const struct attempts_events *events);

/* As the kind's audit and forget. */
void attempts_audit(struct attempts *a, double deadline);
void attempts_forget(struct attempts *a);

/* An attempt has ended; `detail` may be NULL. The last thing that a callback does. */
void attempts_ended(struct attempts *a, enum reason reason, const char *detail);

#endif
