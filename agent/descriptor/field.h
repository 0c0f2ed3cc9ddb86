/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_FIELD_H
#define AGENT_DESCRIPTOR_FIELD_H

/*
 * field - from what stands in the file to a member of a struct, for each kind
 * of key in the schema. `holder` is the struct that the row's offset is in.
 */

#include <stdbool.h>

#include "agent/descriptor/expand.h"

struct problems;
struct schema_row;
struct yaml_node;

/* What the values come from; all borrowed. */
struct field_source {
	const char *file;
	const char *fallback; /* the default that is being read; NULL: it is the user's value */
	expand_lookup *lookup;
	bool tls;  /* etcd.tls is there */
	bool http; /* probe.type is http */
	struct problems *problems;
};

/* Expands, checks and stores. What is wrong is added to from->problems, and *holder kept
 * releasable. */
void field_set(void *holder, const struct schema_row *row, const struct yaml_node *node,
		const struct field_source *from);

/* Frees the member that the row describes, a text after wiping it; safe on a zeroed one. */
void field_finish(void *holder, const struct schema_row *row);

/* Adds a problem at a node. `key` NULL stands for the node's own path. */
void field_refuse(const struct field_source *from, const struct yaml_node *node, const char *key,
		const char *fmt, ...) ERR_PRINTF(4, 5);

#endif
