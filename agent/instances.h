/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_INSTANCES_H
#define AGENT_INSTANCES_H

/*
 * instances - a set of instances, ordered by key, no key twice. Pure.
 *
 * A zeroed set is empty and ready. It holds a reference to each of its members.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/instance.h"

struct instances {
	struct instance **at; /* owned array, ordered by strcmp() of the keys */
	size_t n, size;
	size_t bytes; /* of all their texts */
};

/* NULL when the key is not in the set; borrowed. */
struct instance *instances_find(const struct instances *set, const char *key);

/* Takes a reference, in place of what has the same key. 0, or -1 without memory. */
int instances_put(struct instances *set, struct instance *instance);

/* False when the key is not in the set. */
bool instances_remove(struct instances *set, const char *key);

/* Makes `to` the same as `from`. 0, or -1 without memory, and `to` is as it was then. */
int instances_copy(struct instances *to, const struct instances *from);

/* NULL `before`: it is new; NULL `after`: it is gone; else they differ (instance_same). */
typedef void instances_change(
		const struct instance *before, const struct instance *after, void *user);

/* Tells of every change that makes `a` the same as `b`, in the order of the keys. */
void instances_each_change(const struct instances *a, const struct instances *b,
		instances_change *tell, void *user);

/* How many there are of each. */
struct instances_diff {
	size_t added, removed, changed;
};

struct instances_diff instances_compare(const struct instances *a, const struct instances *b);

/* Gives back what it holds and leaves it empty. */
void instances_finish(struct instances *set);

#endif
