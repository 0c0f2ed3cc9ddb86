/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_ADMIN_H
#define AGENT_ADMIN_ADMIN_H

/*
 * admin - HTTP, on the loop: asks of a running agent and tells it.
 *
 * It must never be in the agent's way. A connection is for one request and
 * ends within a fixed time, whatever the peer does; there are few of them at a
 * time, others wait at the door; and while some wait, those who take long make
 * room. Without a connection it does nothing at all, not even wake up.
 */

#include <ev.h>
#include <stddef.h>

#include "agent/admin/admin_guests.h"
#include "agent/admin/admin_routes.h"
#include "agent/endpoint.h"
#include "agent/err.h"

/* Open files at most: its doors, its guests, and what it waits with. */
#define ADMIN_DESCRIPTORS (ADMIN_CONNECTIONS + 4)

struct admin;

/*
 * Listens at once. NULL with *err filled: "127.0.0.1:9464: Address already in
 * use" and the like. `host` is borrowed; it is called from the loop only.
 */
struct admin *admin_create(struct ev_loop *loop, const struct target *listen,
		struct admin_host *host, struct err *err);

/* How long a connection may take, and while others wait; seconds. Tests have less time than that.
 */
void admin_set_patience(struct admin *a, double patience, double patience_crowded);

/* Accepts NULL. Ends connections, closes, removes its unix socket. Calls nobody back. */
void admin_destroy(struct admin *a);

#endif
