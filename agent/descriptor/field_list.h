/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_FIELD_LIST_H
#define AGENT_DESCRIPTOR_FIELD_LIST_H

/* field_list - the kinds of keys whose value is a list of texts. For the field modules alone. */

#include "agent/descriptor/field_value.h"

/* Calls `take` for the value itself, or for each of a list; refuses what is neither. */
void field_list_each(const struct field *f, const struct yaml_node *node,
		void (*take)(const struct field *f, const struct yaml_node *item));

/* SCHEMA_ENDPOINTS. One text may name several, with commas between them. */
void field_list_endpoints(const struct field *f, const struct yaml_node *node);

/* SCHEMA_COMMAND. Never one text that a shell would have to take apart. */
void field_list_command(const struct field *f, const struct yaml_node *node);

#endif
