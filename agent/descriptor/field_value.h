/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_FIELD_VALUE_H
#define AGENT_DESCRIPTOR_FIELD_VALUE_H

/*
 * field_value - one value on its way into the descriptor: how it is expanded,
 * and how what is wrong with it is said. For the field modules alone.
 */

#include <stdbool.h>

#include "agent/descriptor/field.h"

struct field {
	const struct schema_row *row;
	const struct field_source *from;
	void *member;
};

/* Adds a problem, or a warning, at a node, about the key that is read. */
void field_value_refuse(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
		ERR_PRINTF(3, 4);
void field_value_warn(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
		ERR_PRINTF(3, 4);

/*
 * The text of a scalar after expansion, owned by the caller; NULL when that is
 * refused, under the path `key`, or, when that is NULL, that of the row.
 */
char *field_value_text(const struct field *f, const struct yaml_node *node, const char *key);

/* True when a part of the text as it stands in the file comes from the environment. */
bool field_value_is_expanded(const char *text);

/* Overwrites a text before it is freed. Accepts NULL. */
void field_value_wipe(char *text);

#endif
