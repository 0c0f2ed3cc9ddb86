/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_ADMIN_DOORS_H
#define AGENT_ADMIN_ADMIN_DOORS_H

/*
 * admin_doors - the sockets that the admin listens on.
 *
 * "localhost" stands for both loopback addresses, as far as the machine has
 * them. A unix socket is for its owner alone (0600) from the moment that it is
 * there. One that nobody listens on any more is replaced; anything else that
 * stands in its place is left alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/net/h2_address.h"

/* Embedded; members but fd and n are for admin_doors.c only. */
struct admin_doors {
	int fd[H2_ADDRESSES]; /* owned; they listen, and do not block */
	size_t n;
	char path[TARGET_PATH_MAX + 1]; /* of the unix socket; "" without one */
	dev_t device;                   /* which file is ours there */
	ino_t inode;
};

/* All of them, or -1 and *err says why: "127.0.0.1:9464: Address already in use". */
int admin_doors_open(struct admin_doors *d, const struct target *target, struct err *err);

/* Closes, and removes the unix socket if it is ours still. Safe on a zeroed struct. */
void admin_doors_close(struct admin_doors *d);

/*
 * The next one who waits at the door `fd`, as a socket that does not block;
 * *local says whether the peer is on this machine, and says so itself: it has
 * come to a loopback address. -1 with errno; EMFILE also
 * when there are but a few descriptors left, which are for the services.
 */
int admin_doors_accept(int fd, struct h2_address *peer, bool *local);

#endif
