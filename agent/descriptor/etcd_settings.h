/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_ETCD_SETTINGS_H
#define AGENT_DESCRIPTOR_ETCD_SETTINGS_H

/* etcd_settings - the `etcd` section of a descriptor, compared and copied. Pure. */

#include <stdbool.h>

#include "agent/descriptor/descriptor.h"

/* True when both lead to the same cluster in the same way: nothing at all differs. */
bool etcd_settings_equal(const struct etcd_settings *a, const struct etcd_settings *b);

/* A copy that owns all that it has. 0, or -1 without memory, and *to zeroed. */
int etcd_settings_copy(struct etcd_settings *to, const struct etcd_settings *from);

/* Its endpoints, with commas between them; as many as there is room for. */
void etcd_settings_members(const struct etcd_settings *s, char *out, size_t size);

/* Frees what it owns, wipes the password first, and zeroes it. Safe on a zeroed struct. */
void etcd_settings_finish(struct etcd_settings *s);

#endif
