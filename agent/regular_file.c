/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int regular_file_open(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		return -1;
	}
	int why = fstat(fd, st) < 0      ? errno
		  : S_ISREG(st->st_mode) ? 0
		  : S_ISDIR(st->st_mode) ? EISDIR
					 : ENOTSUP;
	if (why == 0) {
		return fd;
	}
	(void)close(fd);
	errno = why;
	return -1;
}

ssize_t regular_file_read(int fd, char *out, size_t max)
{
	size_t len = 0;
	ssize_t got = 1;

	while (len < max && got > 0) {
		got = read(fd, out + len, max - len);
		if (got < 0 && errno == EINTR) {
			got = 1;
		} else if (got > 0) {
			len += (size_t)got;
		}
	}
	return got < 0 ? -1 : (ssize_t)len;
}
