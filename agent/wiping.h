/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_WIPING_H
#define AGENT_WIPING_H

/*
 * wiping - memory that is wiped when it is given back, for libraries that keep
 * copies of secrets: tokens, passwords, keys. Blocks are malloc's own.
 */

#include <stddef.h>

/* As free and realloc do. */
void wiping_free(void *block);
void *wiping_realloc(void *block, size_t size);

/*
 * What functions that have returned left on the stack, and the loader, which
 * saves registers there when a library's function is called for the first time:
 * some pages below the caller are wiped.
 */
void wiping_stack(void);

#endif
