/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LISTING_STAGE_H
#define AGENT_LISTING_STAGE_H

/* listing_stage - what `list` and `watch` run on: a loop, and a client of one cluster. */

#include <ev.h>

#include "agent/clusters.h"
#include "agent/err.h"
#include "agent/random.h"

/* A zeroed one is closed. */
struct listing_stage {
	struct ev_loop *loop; /* owned; NULL when it is closed */
	struct random random;
	struct clusters clusters;
	struct cluster *cluster; /* that one; NULL when it is closed */
};

/* 0, or -1 with *err filled; it is to be closed either way. */
int listing_stage_open(
		struct listing_stage *s, const struct etcd_settings *settings, struct err *err);

void listing_stage_close(struct listing_stage *s);

#endif
