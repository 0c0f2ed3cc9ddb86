/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/instances.h"

#include <stdlib.h>
#include <string.h>

/* The place of the key, or where it would be; *found says which. */
static size_t place_of(const struct instances *set, const char *key, bool *found)
{
	size_t low = 0, high = set->n;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(set->at[middle]->key, key);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct instance *instances_find(const struct instances *set, const char *key)
{
	bool found;
	size_t place = place_of(set, key, &found);

	return found ? set->at[place] : NULL;
}

static int reserve(struct instances *set, size_t n)
{
	size_t size = set->size == 0 ? 8 : set->size;

	while (size < n) {
		size *= 2;
	}
	if (size == set->size) {
		return 0;
	}
	struct instance **grown = realloc(set->at, size * sizeof(struct instance *));
	if (grown == NULL) {
		return -1;
	}
	set->at = grown;
	set->size = size;
	return 0;
}

int instances_put(struct instances *set, struct instance *instance)
{
	bool found;
	size_t place = place_of(set, instance->key, &found);

	if (found) {
		struct instance *old = set->at[place];
		set->at[place] = instance_ref(instance);
		set->bytes += instance_bytes(instance) - instance_bytes(old);
		instance_unref(old);
		return 0;
	}
	if (reserve(set, set->n + 1) < 0) {
		return -1;
	}
	memmove(&set->at[place + 1], &set->at[place], (set->n - place) * sizeof(struct instance *));
	set->at[place] = instance_ref(instance);
	set->n++;
	set->bytes += instance_bytes(instance);
	return 0;
}

bool instances_remove(struct instances *set, const char *key)
{
	bool found;
	size_t place = place_of(set, key, &found);

	if (!found) {
		return false;
	}
	set->bytes -= instance_bytes(set->at[place]);
	instance_unref(set->at[place]);
	set->n--;
	memmove(&set->at[place], &set->at[place + 1], (set->n - place) * sizeof(struct instance *));
	return true;
}

int instances_copy(struct instances *to, const struct instances *from)
{
	struct instances copy = { 0 };

	if (from->n > 0 && reserve(&copy, from->n) < 0) {
		return -1;
	}
	for (; copy.n < from->n; copy.n++) {
		copy.at[copy.n] = instance_ref(from->at[copy.n]);
	}
	copy.bytes = from->bytes;
	instances_finish(to);
	*to = copy;
	return 0;
}

/* Below 0: a's is missing in b. Most are the very same, which is seen without a look at keys. */
static int order_of(const struct instances *a, size_t i, const struct instances *b, size_t j)
{
	if (i == a->n || j == b->n) {
		return i == a->n ? 1 : -1;
	}
	return a->at[i] == b->at[j] ? 0 : strcmp(a->at[i]->key, b->at[j]->key);
}

void instances_each_change(const struct instances *a, const struct instances *b,
		instances_change *tell, void *user)
{
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		int order = order_of(a, i, b, j);
		const struct instance *before = order <= 0 ? a->at[i++] : NULL;
		const struct instance *after = order >= 0 ? b->at[j++] : NULL;
		bool both = before != NULL && after != NULL;
		if (!both || (before != after && !instance_same(before, after))) {
			tell(before, after, user);
		}
	}
}

static void count_change(const struct instance *before, const struct instance *after, void *user)
{
	struct instances_diff *diff = user;

	diff->added += before == NULL ? 1 : 0;
	diff->removed += after == NULL ? 1 : 0;
	diff->changed += before != NULL && after != NULL ? 1 : 0;
}

struct instances_diff instances_compare(const struct instances *a, const struct instances *b)
{
	struct instances_diff diff = { 0 };

	instances_each_change(a, b, count_change, &diff);
	return diff;
}

void instances_finish(struct instances *set)
{
	for (size_t i = 0; i < set->n; i++) {
		instance_unref(set->at[i]);
	}
	free(set->at);
	*set = (struct instances){ 0 };
}
