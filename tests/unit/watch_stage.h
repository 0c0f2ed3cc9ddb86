/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WATCH_STAGE_H
#define TESTS_UNIT_WATCH_STAGE_H

/* watch_stage - one watch of the prefix /s/ on the cluster of reading_stage. */

#include <stdbool.h>

#include "agent/net/etcd_watch.h"
#include "tests/unit/reading_stage.h"

/* What is done, once, from within what is told. */
enum reaction { REACTION_NONE, REACTION_CANCEL, REACTION_ABANDON, REACTION_AGAIN };

extern struct etcd_watch watch;

extern struct heard {
	unsigned created, news, events, deleted, ends;
	int64_t revision; /* of the last news */
	struct etcd_watch_end end;
	char why[ETCD_SENTENCE_MAX];
	enum reaction on_created, on_news, on_end;
} heard;

int set_up(void **state);
int set_up_user(void **state); /* with a user, who has no token yet */
int tear_down(void **state);

/* From revision 21 on. */
void open_watch(void);

/* The member that it is with: it is all that is in flight. */
unsigned member(void);

/* It is open, and etcd has said so. */
void create_watch(void);

struct said created_at(int64_t revision);
struct said put_at(int64_t revision);

/* etcd ends it from within the stream. */
struct said cancelled(const char *reason);

/* Both in one piece, as the carrier may bring them. */
struct said joined(struct said a, struct said b);

/* All that was counted of watches, since the last time: these many of this code. */
void expect_counted(enum etcd_code code, unsigned n);

/* It has ended, once, and says so. */
void expect_end(const char *why);

/* The next watch is with another member than `was`, or with that. */
void expect_next(bool another, unsigned was);

#endif
