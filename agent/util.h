/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UTIL_H
#define AGENT_UTIL_H

/* util - the few macros that every C program misses. */

#include <stddef.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The object that `member`, found at `ptr`, is embedded in. `ptr` may be a void pointer. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define UNUSED(name) ((void)(name))

/*
 * uint8_t data[SIZE] LEFT_AS_IT_IS: a buffer of which no more is read than was written. Where the
 * compiler clears all that a function has on the stack, this one would cost more than its work.
 */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define LEFT_AS_IT_IS __attribute__((uninitialized))
#endif
#endif
#ifndef LEFT_AS_IT_IS
#define LEFT_AS_IT_IS
#endif

#endif
