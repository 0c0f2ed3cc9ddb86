/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_DESCRIPTOR_SET_H
#define AGENT_DESCRIPTOR_DESCRIPTOR_SET_H

/*
 * descriptor_set - all the descriptors that one agent runs: from files, and
 * from folders that hold *.yaml. Finds what no single file can show, such as
 * two descriptors that claim one key.
 */

#include <stddef.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/problems.h"

struct descriptor_set {
	struct descriptor *at; /* owned; folders in the order of their file names */
	size_t n;
};

/*
 * Loads every path. Returns 0 with at least one descriptor in *set, perhaps
 * with warnings in *problems; or -1 with errors in *problems and *set empty.
 */
int descriptor_set_load(struct descriptor_set *set, const char *const *paths, size_t n_paths,
		struct problems *problems);

/* Where the agent answers about itself: the first that says so. Borrowed; NULL: nowhere. */
const struct target *descriptor_set_admin(const struct descriptor_set *set);

/* Safe on a zeroed set. */
void descriptor_set_finish(struct descriptor_set *set);

#endif
