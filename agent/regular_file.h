/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REGULAR_FILE_H
#define AGENT_REGULAR_FILE_H

/*
 * regular_file - a file that is read as a whole, from a path that somebody else may have put a pipe
 * or a device at: its reader never waits.
 */

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A descriptor to read from, for the caller to close, and *st is the file's. -1 with errno: EISDIR
 * for a folder, ENOTSUP for what else is no regular file.
 */
int regular_file_open(const char *path, struct stat *st);

/* Up to its end or `max` bytes: how many there are; -1 with errno. */
ssize_t regular_file_read(int fd, char *out, size_t max);

#endif
