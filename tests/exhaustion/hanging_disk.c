/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hanging_disk - a library to be preloaded, under which a disk hangs.
 *
 * The file that HANGING_DISK names is a `struct control`, shared with who runs the
 * program: while `hangs` is set, no fsync of a file below the folder that
 * HANGING_DISK_AT names comes back. `asked` counts those that were begun meanwhile.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* As tests/exhaustion/disks.py has it. */
struct control {
	_Atomic int32_t hangs, asked;
};

static struct control *control;
static const char *folder;
static int (*real_fsync)(int);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("HANGING_DISK");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *found = dlsym(RTLD_NEXT, "fsync");

	memcpy(&real_fsync, &found, sizeof found);
	folder = getenv("HANGING_DISK_AT");
	if (fd < 0 || folder == NULL) {
		return;
	}
	void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	control = at == MAP_FAILED ? NULL : at;
	(void)close(fd);
}

static bool is_on_it(int fd)
{
	char link[40], path[4096];

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path - 1);
	path[len > 0 ? len : 0] = '\0';
	return strncmp(path, folder, strlen(folder)) == 0;
}

static int our_fsync(int fd)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	if (control != NULL && atomic_load(&control->hangs) != 0 && is_on_it(fd)) {
		(void)atomic_fetch_add(&control->asked, 1);
		while (atomic_load(&control->hangs) != 0) {
			(void)nanosleep(&pause, NULL);
		}
	}
	return real_fsync(fd);
}

/* By another name, since the header has names of its own for the parameters. */
__typeof__(fsync) fsync __attribute__((alias("our_fsync")));
