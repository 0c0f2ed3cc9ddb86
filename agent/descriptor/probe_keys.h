/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_PROBE_KEYS_H
#define AGENT_DESCRIPTOR_PROBE_KEYS_H

/* probe_keys - what the keys of the section `probe` must be together. */

struct descriptor;
struct field_source;
struct yaml_node;

/*
 * Reports the keys that a probe of this type does not have, and those that it
 * misses. `section` is what stands in the file; each of its keys is read.
 */
void probe_keys_check(const struct descriptor *d, const struct yaml_node *section,
		const struct field_source *from);

#endif
