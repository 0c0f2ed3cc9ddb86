/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_WORDS_H
#define AGENT_DESCRIPTOR_WORDS_H

/* words - a command, word by word, as execvp takes it. The struct is in
 * agent/descriptor/descriptor.h. */

#include "agent/descriptor/descriptor.h"

/* Appends a copy. Returns -1 when there is no memory; *words is then as it was. */
int words_add(struct words *words, const char *word);

/* Frees what *words owns and zeroes it. Safe on a zeroed struct. */
void words_finish(struct words *words);

#endif
