/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ENTRIES_H
#define AGENT_ENTRIES_H

/* entries - all that a descriptor has to stand in etcd, in each of its formats. Pure. */

#include <stddef.h>

#include "agent/format.h"
#include "agent/net/etcd_codec.h"

struct descriptor;

struct entries {
	struct etcd_entry at[N_FORMATS]; /* as register.formats has them */
	size_t n;
	char *texts[N_FORMATS][2]; /* owned: what `at` points to */
};

/* 0, or -1 without memory, and *e is zeroed then. */
int entries_init(struct entries *e, const struct descriptor *desc);

/* Safe on a zeroed struct. */
void entries_finish(struct entries *e);

#endif
