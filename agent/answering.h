/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ANSWERING_H
#define AGENT_ANSWERING_H

/* answering - where a running agent answers about itself, which a reload may move. Logs for
 * agent.c. */

#include <ev.h>

#include "agent/admin/admin.h"
#include "agent/endpoint.h"
#include "agent/err.h"

/* Zeroed, but for the first two: it answers nowhere. */
struct answering {
	struct ev_loop *loop;    /* borrowed */
	struct admin_host *host; /* borrowed */
	struct admin *admin;     /* owned; NULL: nowhere */
	struct target listen;    /* ... where */
};

/* NULL: nowhere. 0, or -1 with *err filled and the agent answering nowhere. */
int answering_open(struct answering *a, const struct target *listen, struct err *err);

/* One that cannot be opened leaves the one there was, if it still can be. */
void answering_move(struct answering *a, const struct target *listen);

/* Safe on a zeroed struct. */
void answering_finish(struct answering *a);

#endif
