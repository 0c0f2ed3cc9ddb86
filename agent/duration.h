/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DURATION_H
#define AGENT_DURATION_H

/* duration - a number and a unit, as people write it: 500ms, 10s, 5m, 24h. */

#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"

/* "1193h" is the longest that duration_format writes for 32 bits; this is ample. */
#define DURATION_TEXT_MAX 16

/*
 * Reads a duration into *ms. A fraction is fine when it comes to whole
 * milliseconds (1.5s). A number without a unit is refused, since nobody can
 * tell which one was meant. On failure *ms is as it was.
 */
int duration_parse(const char *text, uint32_t *ms, struct err *err);

/* Writes it in the largest unit that is exact; duration_parse reads it back. */
void duration_format(char *out, size_t size, uint32_t ms);

#endif
