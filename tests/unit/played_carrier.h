/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLAYED_CARRIER_H
#define TESTS_UNIT_PLAYED_CARRIER_H

/* played_carrier - takes the place of carrier.c: the test sees each request and answers it. */

#include "agent/net/carrier.h"

#define PLAYED_MAX 16

/* What is in flight, in the order in which it was sent. */
struct played {
	struct carrier_request *request;
	unsigned endpoint; /* as carrier_target counted them, from 0 */
	char path[64];
	char token[64];
	double deadline;
	uint8_t body[1024]; /* what is sent, cut when it is longer */
	size_t len;
	carrier_heard *on_heard;
};

extern struct played in_flight[PLAYED_MAX];
extern unsigned n_in_flight, n_sent, n_abandoned;

/* Forgets everything; targets are counted from 0 again. */
void played_carrier_reset(void);

/* Answer number `i` of what is in flight; it is not in flight any more. */
void play_answer(unsigned i, int code, const char *message, const void *body, size_t len);

/* A stream is told of more. */
void play_heard(unsigned i, const void *data, size_t len);

/* It ends without an answer. */
void play_end(unsigned i, enum carrier_end end, const void *body, size_t len);

#endif
