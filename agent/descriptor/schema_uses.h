/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_SCHEMA_USES_H
#define AGENT_DESCRIPTOR_SCHEMA_USES_H

/*
 * schema_uses - which keys the types of outputs and of probes have.
 *
 * A type is the place of its word in the row that is named `type`.
 */

#include <stddef.h>

#include "agent/descriptor/schema.h"

/* What a key is to an output or a probe of a type. */
enum schema_use { SCHEMA_UNUSED, SCHEMA_POSSIBLE, SCHEMA_NEEDED };

/* The row that has the types of outputs, or of probes, as its words. */
const struct schema_row *schema_output_type(void);
const struct schema_row *schema_probe_type(void);

/* The row of the list of outputs. */
const struct schema_row *schema_outputs(void);

/*
 * For a row of an output or of a probe, those of probe.tls included. A row of
 * anything else is POSSIBLE, whatever the type.
 */
enum schema_use schema_use_of(const struct schema_row *row, unsigned type);

/* "haproxy, nginx, exec": the types that have the key. For such a row only. */
void schema_list_types(const struct schema_row *row, char *out, size_t size);

#endif
