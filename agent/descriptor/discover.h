/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_DISCOVER_H
#define AGENT_DESCRIPTOR_DISCOVER_H

/*
 * discover - what the services and outputs of a reader must be together: which
 * keys an output of a type has, and that nothing is read or written twice.
 */

#include <stdbool.h>
#include <stddef.h>

struct descriptor;
struct field_source;
struct output_settings;
struct yaml_node;

/*
 * Once each key of `services`, the list as it stands in the file, was read into
 * *d: reports what does not go together, and fills in the names that follow
 * from the service's.
 */
void discover_complete(struct descriptor *d, const struct yaml_node *services,
		const struct field_source *from);

/* True for an output that writes to a place which nobody else may write to. */
bool discover_has_place(const struct output_settings *output);

/* Orders those that have a place by it; 0 when it is the same. */
int discover_compare_places(const struct output_settings *a, const struct output_settings *b);

/* "the file /run/a.json" or "the backend a at /run/haproxy.sock"; a long one is cut. */
void discover_name_place(const struct output_settings *output, char *out, size_t size);

#endif
