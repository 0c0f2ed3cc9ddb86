/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SECRET_FILE_H
#define AGENT_SECRET_FILE_H

/* secret_file - a password in a file, read anew whenever it is needed. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "agent/err.h"

#define SECRET_FILE_MAX 4096 /* bytes */

/* Which file it was, so that a change is noticed; zeroed: none could be seen. */
struct secret_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/*
 * Reads the file into `out` as a text without its last newline. 0, or -1 with
 * *err filled: not there, not a regular file, empty, too long, a NUL in it.
 * *stamp says in either case what was there. The caller wipes `out`.
 */
int secret_file_read(const char *path, char out[SECRET_FILE_MAX + 1], struct secret_stamp *stamp,
		struct err *err);

/* True when the file is not the one any more that the stamp was taken of. */
bool secret_file_changed(const char *path, const struct secret_stamp *stamp);

#endif
