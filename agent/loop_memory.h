/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LOOP_MEMORY_H
#define AGENT_LOOP_MEMORY_H

/*
 * loop_memory - the memory of the loop, which the loop must get.
 *
 * libev takes it when there are more watchers than ever before, knows no way
 * to do without, and aborts. Where memory is short for a moment it is waited
 * for; the loop stands still meanwhile, so not for longer than a healthy
 * service can be left alone.
 */

/* For all loops of the process. `on_end` is called when there was none for that long: it does not
 * return. */
void loop_memory_use(void (*on_end)(void));

#endif
