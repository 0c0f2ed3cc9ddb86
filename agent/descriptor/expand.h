/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_EXPAND_H
#define AGENT_DESCRIPTOR_EXPAND_H

/*
 * expand - the environment inside a value.
 *
 *   ${NAME}            its value; an error when it is not set
 *   ${NAME:-default}   the default when it is not set or empty
 *   ${NAME:?message}   an error that says the message when it is not set or empty
 *   $${                a literal ${
 *
 * Any other $ stands for itself. What a variable holds is not expanded again.
 * Pure: where variables come from is the caller's affair.
 */

#include "agent/err.h"

/* The longest text that comes out, without its NUL. */
#define EXPAND_MAX 65536

/* Returns the value of a variable, borrowed until the next call, or NULL; as getenv does. */
typedef const char *expand_lookup(const char *name);

/* Stores a new text in *out, owned by the caller; on failure *out is as it was. */
int expand_text(const char *text, expand_lookup *lookup, char **out, struct err *err);

#endif
