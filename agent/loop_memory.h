/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LOOP_MEMORY_H
#define AGENT_LOOP_MEMORY_H

/*
 * loop_memory - what the loop must get: memory, and a descriptor or two.
 *
 * libev takes memory when there are more watchers than ever before, knows no way
 * to do without, and aborts. It is waited for (agent/patient.h), and when there
 * is none the process ends with a sentence: what it has registered goes with its
 * leases, and whoever supervises it starts it again. The same when a call of the
 * kernel that the loop is made of fails.
 */

/* For all loops of the process. `on_end` is told why, and does not return. */
void loop_memory_use(void (*on_end)(const char *why));

#endif
