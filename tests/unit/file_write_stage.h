/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FILE_WRITE_STAGE_H
#define TESTS_UNIT_FILE_WRITE_STAGE_H

/*
 * file_write_stage - files that are written to a disk which answers when a test says
 * so. It is real but for that; each folder of a test stands for one.
 */

#include <pthread.h>
#include <stdbool.h>

#include "agent/outputs/file_write.h"

#define FOLDERS 17

struct gate {
	unsigned asked, held; /* the first `held` of those who ask are kept waiting */
};

extern struct hanging_disk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct gate fsync, rename;
} disk;

/* None is to be had. */
extern bool no_threads;

struct writer {
	struct file_write write;
	char path[64];
	const char *text; /* to be written when its turn has come; NULL: nothing is */
	unsigned turns, ends, lates;
	char why[240]; /* "" it worked */
};

extern struct file_write_stage {
	struct ev_loop *loop;
	struct random random;
	char folder[32];
	struct writer at[FOLDERS]; /* each in a folder of its own */
	struct writer second;      /* the same file as the first */
	struct writer beside;      /* in the folder of the first */
} stage;

int set_up(void **state);
int tear_down(void **state);
void make(struct writer *who, unsigned number, const char *name);

void hold(struct gate *gate, unsigned held);
void wait_asked(struct gate *gate, unsigned n);

/* Puts a copy of `text` on its way; with begin() it has to be its turn, and it has to run. */
enum applied start(struct writer *who, const char *text, struct err *err);
void begin(struct writer *who, const char *text);

/* Until nothing runs and nothing waits, with which the loop ends. */
void run_to_the_end(void);
void run_until(const unsigned *count, unsigned n);

/* Until no thread is left, however long the machine takes. */
void clear(void);

/* The names in a folder; they go when they are to be cleared. */
unsigned names(unsigned number, bool and_clear);
void wait_names(unsigned number, unsigned n);
void expect_text(const struct writer *who, const char *expected);

#endif
