/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrong_clock - a library to be preloaded, under which the wall clock is wrong.
 *
 * The file that WRONG_CLOCK names holds a number of seconds, as an int64_t that
 * may be changed at any time: what is to be added to the time of day. Clocks that
 * count from the machine's start are left alone.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *wrong_by;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WRONG_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return;
	}
	void *at = mmap(NULL, sizeof *wrong_by, PROT_READ, MAP_SHARED, fd, 0);
	wrong_by = at == MAP_FAILED ? NULL : at;
	(void)close(fd);
}

static int our_clock_gettime(clockid_t id, struct timespec *now)
{
	if (real_gettime == NULL) {
		void *found = dlsym(RTLD_NEXT, "clock_gettime");
		memcpy(&real_gettime, &found, sizeof found);
	}
	int result = real_gettime(id, now);
	if (result == 0 && wrong_by != NULL &&
			(id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		now->tv_sec += atomic_load(wrong_by);
	}
	return result;
}

static time_t our_time(time_t *out)
{
	struct timespec now;

	(void)our_clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL) {
		*out = now.tv_sec;
	}
	return now.tv_sec;
}

static int our_gettimeofday(struct timeval *now, void *zone)
{
	struct timespec at;

	(void)zone;
	int result = our_clock_gettime(CLOCK_REALTIME, &at);
	now->tv_sec = at.tv_sec;
	now->tv_usec = at.tv_nsec / 1000;
	return result;
}

/* By other names, since the headers have names of their own for the parameters. */
__typeof__(clock_gettime) clock_gettime __attribute__((alias("our_clock_gettime")));
__typeof__(time) time __attribute__((alias("our_time")));
__typeof__(gettimeofday) gettimeofday __attribute__((alias("our_gettimeofday")));
