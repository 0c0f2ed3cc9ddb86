/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Up to the end of the file or `size` bytes; -1 with errno. */
static ssize_t read_all(int fd, char *out, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, out + len, size - len);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -1;
		}
		if (got == 0) {
			break;
		}
		len += (size_t)got;
	}
	return (ssize_t)len;
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
static int read_open(
		const char *path, int fd, char *out, struct secret_stamp *stamp, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return err_set(err, ERR_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
	}
	*stamp = stamp_of(&st);
	if (!S_ISREG(st.st_mode)) {
		return err_set(err, ERR_SYSTEM, "%s is not a regular file", path);
	}
	return check(path, out, read_all(fd, out, SECRET_FILE_MAX + 1), err);
}

int secret_file_read(const char *path, char out[SECRET_FILE_MAX + 1], struct secret_stamp *stamp,
		struct err *err)
{
	struct stat st;

	memset(stamp, 0, sizeof *stamp);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		int why = errno;
		if (stat(path, &st) == 0) {
			*stamp = stamp_of(&st);
		}
		return err_set(err, ERR_SYSTEM, "%s cannot be opened: %s", path, strerror(why));
	}
	int result = read_open(path, fd, out, stamp, err);
	(void)close(fd);
	return result;
}
