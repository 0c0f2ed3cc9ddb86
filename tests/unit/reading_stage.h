/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_READING_STAGE_H
#define TESTS_UNIT_READING_STAGE_H

/*
 * reading_stage - a cluster of three members that the test plays: the carriers
 * are played_carrier.c. Calls go to endpoints 0 to 2, streams to 3 to 5. The
 * loop is real, its time is not waited for.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/net/etcd.h"
#include "agent/net/etcd_watch.h"
#include "agent/random.h"
#include "tests/unit/etcd_said.h"
#include "tests/unit/played_carrier.h"

#define MEMBERS 3
#define TIMEOUT 2.0 /* seconds, of one request */

extern struct reading_stage {
	struct ev_loop *loop;
	struct random random;
	struct etcd_settings settings;
	struct etcd etcd;
	struct etcd_streams streams;
	struct etcd_counts counts; /* of both */
} cluster;

extern double now; /* the played clock_now() */

/* With a user, or with none. */
void cluster_start(bool user);

/* Nothing may be in flight any more. */
void cluster_stop(void);

/* Number `i` of what is in flight is this; its member, from 0. */
unsigned expect_sent(unsigned i, const char *path, const char *token);

/* Number `i` of what is in flight is answered, and ends. */
void say(unsigned i, struct said said);

/* ... a stream, and goes on. */
void tell(unsigned i, struct said said);

/* The login in flight, number `i`, gives a token of one letter. */
void give_token(unsigned i, char token);

/* As the loop does it when the time has come. */
void end_wait(ev_timer *timer);

#endif
