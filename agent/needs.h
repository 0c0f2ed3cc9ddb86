/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NEEDS_H
#define AGENT_NEEDS_H

/*
 * needs - what descriptors need beside the agent: libraries, loaded before anything of them is at
 * work, programs, and secrecy.
 */

#include <stdbool.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/descriptor_set.h"
#include "agent/err.h"

/* 0, also when they are there already. -1 with *err filled: which is missing, and for what. */
int needs_load(const struct descriptor *d, struct err *err);

/* The same for each of a set. */
int needs_load_all(const struct descriptor_set *set, struct err *err);

/* Whether one of a set has a password, a key of TLS, or headers, whose values may be secret. */
bool needs_secrecy(const struct descriptor_set *set);

/* Whether one of a set has a command to run. */
bool needs_programs(const struct descriptor_set *set);

#endif
