/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OPEN_FILES_H
#define AGENT_OPEN_FILES_H

/* open_files - how many the agent may have open, and the limit that it is given. */

#include <stdbool.h>
#include <stddef.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/units.h"

struct open_files {
	size_t needed; /* for a set of descriptors alone */
	size_t limit;  /* as it is now */
};

/*
 * Makes room for a set of descriptors that is about to run beside what runs: of
 * what a reload changes both are there for a while. To be called before, since
 * some probes open files as soon as they are made. The limit is only raised,
 * and as far as the hard one allows. False when that is not enough for the set
 * alone.
 */
bool open_files_allow(const struct units *running, const struct descriptor_set *set,
		struct open_files *files);

#endif
