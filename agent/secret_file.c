/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/secret_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/regular_file.h"

static struct secret_stamp stamp_of(const struct stat *st)
{
	return (struct secret_stamp){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.modified = st->st_mtim,
		.changed = st->st_ctim,
	};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool secret_file_changed(const char *path, const struct secret_stamp *stamp)
{
	struct stat st;
	struct secret_stamp now = { 0 };

	if (stat(path, &st) == 0) {
		now = stamp_of(&st);
	}
	return now.device != stamp->device || now.inode != stamp->inode ||
	       now.size != stamp->size || !same_time(&now.modified, &stamp->modified) ||
	       !same_time(&now.changed, &stamp->changed);
}

static int check(const char *path, char *out, ssize_t len, struct err *err)
{
	if (len < 0) {
		return err_set(err, ERR_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
	}
	if (len > SECRET_FILE_MAX) {
		return err_set(err, ERR_RANGE, "%s is longer than %d bytes", path, SECRET_FILE_MAX);
	}
	out[len] = '\0';
	if (len > 0 && out[len - 1] == '\n') {
		out[--len] = '\0';
	}
	if (len == 0) {
		return err_set(err, ERR_RANGE, "%s is empty", path);
	}
	if (strlen(out) != (size_t)len) {
		return err_set(err, ERR_SYNTAX, "%s holds a NUL byte", path);
	}
	return 0;
}

/* One byte more than allowed is read, so that a file that is too long shows. */
int secret_file_read(const char *path, char out[SECRET_FILE_MAX + 1], struct secret_stamp *stamp,
		struct err *err)
{
	struct stat st;

	memset(stamp, 0, sizeof *stamp);
	int fd = regular_file_open(path, &st);
	int why = errno;
	if (fd < 0) {
		if (stat(path, &st) == 0) {
			*stamp = stamp_of(&st);
		}
		return why == EISDIR || why == ENOTSUP
				       ? err_set(err, ERR_SYSTEM, "%s is not a regular file", path)
				       : err_set(err, ERR_SYSTEM, "%s cannot be opened: %s", path,
							 strerror(why));
	}
	*stamp = stamp_of(&st);
	int result = check(path, out, regular_file_read(fd, out, SECRET_FILE_MAX + 1), err);
	(void)close(fd);
	return result;
}
