/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_ITEMS_H
#define AGENT_DESCRIPTOR_ITEMS_H

/*
 * items - what a list of mappings (SCHEMA_MAPPINGS) becomes: an array that
 * belongs to the holder of the list, of structs that hold the keys of one
 * mapping each.
 */

#include <stddef.h>

struct schema_row;

struct items {
	char *at; /* the first; owned by the holder; NULL when there are none */
	size_t n, size;
};

struct items items_of(const void *holder, const struct schema_row *list);

/* Gives a holder without items n zeroed ones. Returns -1 without memory; nothing has changed then.
 */
int items_make(void *holder, const struct schema_row *list, size_t n);

/* Frees the array; what its items own is freed before, by whoever knows it. */
void items_drop(void *holder, const struct schema_row *list);

#endif
