/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX "svc-agent"
static_assert(sizeof("..01234567." SUFFIX) == FILE_DRAFT_MORE, "what a name is longer by");

/* Names that are taken before we give up; the first is free but for malice. */
#define TRIES 8

/* What is older was left by an agent that is gone, seconds. */
#define LEFT_BEHIND 60

/* Where the name begins in a path. */
static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Makes a file beside `path` under a name that is new, and says which; -1 with errno. */
static int make_beside(char *name, const char *path, struct random *random)
{
	const char *base = base_of(path);
	size_t size = strlen(path) + FILE_DRAFT_MORE;

	for (unsigned i = 0; i < TRIES; i++) {
		(void)snprintf(name, size, "%.*s.%s.%08x." SUFFIX, (int)(base - path), path, base,
				random_below(random, UINT32_MAX));
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd >= 0 || errno != EEXIST) {
			return fd;
		}
	}
	return -1;
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, text, len);
		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done < 0) {
			return false;
		}
		text += done;
		len -= (size_t)done;
	}
	return true;
}

/* Closes fd in any case. */
static bool fill(int fd, const char *text, size_t len)
{
	bool ok = write_all(fd, text, len) && fsync(fd) == 0;
	int why = errno;

	if (close(fd) < 0 && ok) {
		return false;
	}
	errno = why;
	return ok;
}

int file_draft(char *name, const char *path, const char *text, size_t len, struct random *random,
		struct err *err)
{
	int fd = make_beside(name, path, random);

	if (fd < 0) {
		return err_set(err, ERR_SYSTEM, "no file can be made beside it: %s",
				strerror(errno));
	}
	if (!fill(fd, text, len)) {
		(void)err_set(err, ERR_SYSTEM, "it cannot be written: %s", strerror(errno));
		file_discard(name);
		return -1;
	}
	return 0;
}

int file_publish(const char *name, const char *path, struct err *err)
{
	if (rename(name, path) < 0) {
		(void)err_set(err, ERR_SYSTEM, "it cannot be replaced: %s", strerror(errno));
		file_discard(name);
		return -1;
	}
	return 0;
}

void file_discard(const char *name)
{
	(void)unlink(name);
}

static void sweep_one(int folder, const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			st.st_mtime < time(NULL) - LEFT_BEHIND) {
		(void)unlinkat(folder, name, 0);
	}
}

/* True for the names that make_beside() draws. */
static bool is_ours(const char *name, const char *base)
{
	size_t len = strlen(base);

	return name[0] == '.' && strncmp(name + 1, base, len) == 0 &&
	       fnmatch(".[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
		       "." SUFFIX,
			       name + 1 + len, 0) == 0;
}

void file_sweep(const char *path)
{
	const char *base = base_of(path);
	char *folder = base == path ? strdup(".") : strndup(path, (size_t)(base - path));
	DIR *dir = folder == NULL ? NULL : opendir(folder);

	free(folder);
	if (dir == NULL) {
		return; /* writing will tell what is wrong with it */
	}
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (is_ours(entry->d_name, base)) {
			sweep_one(dirfd(dir), entry->d_name);
		}
	}
	(void)closedir(dir);
}
