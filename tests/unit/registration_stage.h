/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_REGISTRATION_STAGE_H
#define TESTS_UNIT_REGISTRATION_STAGE_H

/*
 * registration_stage - a registration and an etcd that is played by the test:
 * each call is recorded, and ends when and how the test says. The loop is real,
 * its time is not waited for: a pause is ended by calling its watcher.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/registration.h"

enum asked { ASKED_NOTHING, ASKED_GRANT, ASKED_PUT, ASKED_VERIFY, ASKED_RENEW, ASKED_REVOKE };

extern struct played_etcd {
	enum asked what;
	struct etcd_call *call; /* in flight, or NULL */
	etcd_done *done;
	struct etcd_claim claim;
	int64_t lease, ttl_s;
	int64_t revision; /* of the grants to come */
	unsigned era;
	unsigned calls, cancels;
} etcd;

extern struct registration_stage {
	struct ev_loop *loop;
	struct random random;
	struct descriptor desc;
	struct registration r;
	unsigned gone;
} stage;

extern double now; /* the played clock_now() */

int set_up(void **state);
int tear_down(void **state);
void end_call(struct etcd_reply reply);
void answer(enum outcome outcome);

/* UNSURE, with the two words that come with it. */
void leave_unsure(bool elsewhere, bool patient);
void grant(int64_t lease);
bool pausing(void);
double pause_left(void);
void end_pause(void);
void hold(int64_t lease);
void renew(void);

#endif
