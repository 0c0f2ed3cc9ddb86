/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_READER_STAGE_H
#define TESTS_UNIT_READER_STAGE_H

/*
 * reader_stage - a reader of the service `a` on the cluster of reading_stage,
 * with one json output that is played: it takes the place of output.c, and
 * counts how often it is touched.
 */

#include "agent/reader.h"
#include "tests/unit/reading_stage.h"

#define PREFIX "/services/a/"

extern struct reader reader;
extern struct descriptor desc;
extern unsigned touches;

/* A folder of its own, and the output's file in it: not there yet. */
extern char path[];

int set_up(void **state);
int tear_down(void **state);

/* The file says that this was published, and was stale for `age` seconds; 0: it was not. */
void write_file(const char *service, const char *prefix, unsigned instances, double age);

/* The instances 1 to n, as of this revision: a page, and what happens to come from it. */
struct said list(unsigned n, int64_t revision);
struct said gone(unsigned first, unsigned last, int64_t revision);

/* The read in flight finds 1 to n. */
void read_finds(unsigned n);

/* The watch in flight is open. */
void open_watch(void);

/* So many are published, the watch is open, touches are counted from here. */
void go_live(unsigned n);

/* The watch is told that they are gone: one revision. */
void lose(unsigned first, unsigned last);

/* etcd is away from now on: the watch ends, and no read is answered. */
void go_away(void);

/* The next try, whenever it comes, finds 1 to n. */
void come_back(unsigned n);

/* So many are published; no touch since the last look at them, or some. */
void expect(unsigned n, bool touched, bool stale);

/* Whether it is to end so many seconds after it was started, where the machine may have been late.
 */
bool is_left(ev_timer *timer, double seconds);

#endif
