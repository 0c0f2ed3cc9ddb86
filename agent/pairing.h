/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PAIRING_H
#define AGENT_PAIRING_H

/*
 * pairing - which descriptor of a new set is which of the running ones. Pure.
 *
 * One that says the same is the same, wherever it stands. One that has the same
 * key in etcd, or else comes from the same file, takes the place of the old
 * one. What counts for the whole agent (admin, log) makes no difference, nor
 * does shutdown, which a running service can take over.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/descriptor/descriptor.h"

#define PAIRING_NONE ((size_t)-1)

struct pair {
	size_t old; /* index of the running one; PAIRING_NONE: it is new */
	bool same;  /* nothing differs */
};

/*
 * Stores for each of the n new ones what it is. No running one is there twice;
 * those that are in no pair are gone. 0, or -1 without memory.
 */
int pairing_find(struct pair *pairs, const struct descriptor *const *fresh, size_t n,
		const struct descriptor *const *running, size_t n_running);

#endif
