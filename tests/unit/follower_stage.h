/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FOLLOWER_STAGE_H
#define TESTS_UNIT_FOLLOWER_STAGE_H

/* follower_stage - a follower of /s/a/ on the cluster of reading_stage. */

#include "agent/follower.h"
#include "tests/unit/reading_stage.h"

#define PREFIX "/s/a/"
#define ONE    PREFIX "h:1"
#define TWO    PREFIX "h:2"
#define THREE  PREFIX "h:3"
#define GOOD   "{\"host\":\"h\",\"port\":1}"
#define OTHER  "{\"host\":\"h\",\"port\":2}"

extern struct follower follower;

extern struct heard {
	unsigned changes, skips, troubles;
	unsigned tries; /* of the last trouble */
	char key[100];  /* of the last skip */
	char why[ETCD_SENTENCE_MAX];
	bool doubt; /* the next change is doubted, from within */
} heard;

int set_up(void **state);
int tear_down(void **state);

/* The place of the watch, or of the read of all or the audit, in what is in flight. */
unsigned the_watch(void);
unsigned the_read(void);
unsigned the_audit(void);

/* A page with ONE and TWO, as of this revision; both were written at 10. */
struct said both_at(int64_t revision);
struct said created_at(int64_t revision);

/* An audit's answer: so many keys, and whether one of them is newer. */
struct said audited(int64_t revision, int64_t count, bool newer);

/* The read in flight finds ONE and TWO at this revision, and the watch is asked for. */
void finish_read(int64_t revision);

/* The watch in flight is open. */
void open_watch(void);

/* It has read ONE and TWO at revision 20, the watch is open, and nothing is counted as heard. */
void go_live(void);

/* It was silent for 10 s, and asks. */
void begin_audit(void);

/* No member answers the audit in flight. */
void fail_audit(void);

/* How often it was told since, and whether it is sure. */
void expect(unsigned changes, bool sure);

#endif
