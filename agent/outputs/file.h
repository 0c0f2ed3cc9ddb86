/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_FILE_H
#define AGENT_OUTPUTS_FILE_H

/*
 * file - a file that is replaced as a whole: whoever opens it reads the old
 * text or the new one, never a part.
 *
 * The text goes to a new file in the same folder, which is synced and renamed.
 * The name of that one is drawn at random, and it is made only where nothing is
 * yet: two agents that write the same file never write into each other's, and
 * no link that somebody put there is followed.
 *
 * The folder itself is not synced. After a crash of the machine the old text
 * may be back, whole; the agent that starts then writes anew in any case.
 */

#include <stddef.h>

#include "agent/err.h"
#include "agent/random.h"

/*
 * Puts text[0..len) at `path`, with mode 0644 less the umask. On failure, -1
 * with a sentence, what was there is as it was and nothing is left behind.
 */
int file_replace(const char *path, const char *text, size_t len, struct random *random,
		struct err *err);

/* Removes what an agent that was killed while it wrote `path` has left, if that is a minute ago. */
void file_sweep(const char *path);

#endif
