/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_PEER_H
#define TESTS_FUZZ_PEER_H

/*
 * peer - the other end of every HTTP/2 connection that the agent's own transport makes: it does
 * what the input says, frame by frame or in raw bytes, and the time is what the input says, too.
 * Nothing is waited for.
 *
 * Linked with -Wl,--wrap=h2_address_connect: a connection is one end of a pair of sockets, and the
 * other end is here. The clocks that libev and clock_now() read are moved on by peer_pass().
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"

#define PEERS 4 /* connections at a time */

/* One connection, seen from the other end. */
struct peer {
	int fd;              /* -1: none, or closed */
	struct wire to_it;   /* what was said to the agent: answers */
	struct wire from_it; /* and by the agent: calls */
};

/* One for a program, since a connection says nothing of who makes it. */
extern struct peers {
	struct ev_loop *loop; /* owned */
	struct peer at[PEERS];
	unsigned made, current; /* how many connections there were; the one that is spoken to */
	int refusal;            /* errno of the next ones; 0: they are made */
	size_t said;            /* bytes, on all of them */
	size_t memory;          /* allocated when it was opened */
} peers;

void peers_open(void);

/* The loop must be at rest: all that ran on it is finished. */
void peers_close(void);

/* One step of the input, of the ones that every peer knows: false when `op` is none of them. */
bool peers_step(uint8_t op, struct fuzz_bytes *in);

#define PEER_OPS 16 /* 0 to 15 are peers_step()'s */

/* What has happened is heard, by both sides. */
void peers_turn(void);

/* What the agent has said by now is taken in. */
void peers_listen(void);

/* Time passes, in seconds, and its timers come. */
void peers_pass(double seconds);

/* A frame; it is dropped when there is no connection, or no room. */
void peers_say(uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, size_t len);

/* A whole answer: headers, one message of gRPC, trailers. */
void peers_answer(uint32_t stream, const uint8_t *message, size_t len, unsigned code,
		const char *text);

/* The same in parts. */
void peers_begin(uint32_t stream);
void peers_message(uint32_t stream, const uint8_t *message, size_t len);
void peers_end(uint32_t stream, unsigned code, const char *text);

struct peer *peers_current(void);

/* The connection that was made last. */
struct peer *peers_last(void);

/* Memory has to stay in proportion to what was said. */
void peers_expect_small(void);

#endif
