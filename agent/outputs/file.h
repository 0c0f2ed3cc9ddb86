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

/* The name of a draft is that much longer than the path, its NUL included. */
#define FILE_DRAFT_MORE 21

/*
 * Puts text[0..len) into a new file beside `path`, with mode 0644 less the umask,
 * and has it on the disk. Its name goes to `name`, which has room for strlen(path) +
 * FILE_DRAFT_MORE. On failure, -1 with a sentence, nothing is left behind.
 *
 * Here and below no memory is asked for: it may be called in any thread.
 */
int file_draft(char *name, const char *path, const char *text, size_t len, struct random *random,
		struct err *err);

/*
 * Has the draft take the place of what is at `path`. On failure, -1 with a sentence,
 * that is as it was and the draft is gone.
 */
int file_publish(const char *name, const char *path, struct err *err);

/* ... or has it go. */
void file_discard(const char *name);

/* Removes what an agent that was killed while it wrote `path` has left, if that is a minute ago. */
void file_sweep(const char *path);

#endif
