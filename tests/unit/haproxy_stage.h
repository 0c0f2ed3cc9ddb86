/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_HAPROXY_STAGE_H
#define TESTS_UNIT_HAPROXY_STAGE_H

/*
 * haproxy_stage - the output haproxy by way of the funnel, and a runtime API
 * that is played by the test.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/outputs/output.h"
#include "agent/outputs/output_kind.h"

#define HEAD "1\n# be_id be_name ...\n"
#define ROW(name, port, admin, weight)                                                             \
	"3 b 1 svc-" name " 10.0.0.1 2 " admin " " weight " 10 0 1 0 0 0 0 0 0 - " port            \
	" - 0 0 - - 0\n"

/* What the played API does with a line; it answers all others with nothing. */
struct play {
	const char *heard, *answer;
};

extern struct haproxy_stage {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings;
	struct output_view view;
	struct output *output;
	unsigned told, troubles;
	char sentence[800];

	const struct play *plays; /* ends with NULL */
	bool silent, byte_by_byte;
	double delay;         /* before each answer, seconds */
	const char *close_at; /* a line at which it closes the connection */
	int listener, fd;
	ev_io accepting, reading;
	ev_timer delayed;
	char line[512];
	size_t len;
	char heard[4000]; /* all lines */
	unsigned conversations;
	ev_timer patience;
} stage;

/* The socket of the API; nobody listens there before listen_there(). */
extern char path[80];

#define ASKED "prompt\nshow servers state b\n"

/* HAProxy has no servers and takes the one that is wanted; HAProxy has it. */
extern const struct play empty[3], there[2];

int set_up(void **state);
int tear_down(void **state);
void listen_there(void);

/* Turns the loop until the output rests: it waits to look again, or to try again. */
void rest(void);

/* A touch, and all that follows from it. */
void converse(const struct play *plays);

/* The next look, now. */
void look_again(const struct play *plays);
double pause_left(void);

/* Turns the loop until there were so many conversations; returns how long it took, seconds. */
double wait_conversation(unsigned n);

#endif
