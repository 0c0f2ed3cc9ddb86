/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UTIL_H
#define AGENT_UTIL_H

/* util - the three macros that every C program misses. */

#include <stddef.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The object that `member`, found at `ptr`, is embedded in. `ptr` may be a void pointer. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define UNUSED(name) ((void)(name))

#endif
