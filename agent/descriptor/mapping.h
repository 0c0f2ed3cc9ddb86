/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_MAPPING_H
#define AGENT_DESCRIPTOR_MAPPING_H

/*
 * mapping - the keys of one mapping of the descriptor: which row each has, and
 * what those become that are left out. A list of mappings is read as a whole.
 */

#include <stdbool.h>

#include "agent/descriptor/field.h"

/* True when there is a mapping with keys in it to go on with; reports what is no such thing. */
bool mapping_has_keys(const struct field_source *from, const struct yaml_node *node);

/* Reports a key that the schema does not have. */
void mapping_refuse_key(const struct field_source *from, const struct yaml_node *node);

/* The row of a key; NULL when there is none, which is reported. */
const struct schema_row *mapping_row(const struct field_source *from, const struct yaml_node *node);

/* Reads the value of a key. What is wrong with it is reported, and the node `refused` then. */
void mapping_read(void *holder, const struct schema_row *row, struct yaml_node *node,
		const struct field_source *from);

/* Reads the fallback of a row, just as if the user had written it. */
void mapping_set_default(
		void *holder, const struct schema_row *row, const struct field_source *from);

#endif
