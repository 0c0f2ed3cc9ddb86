/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scarce_memory - a library to be preloaded, under which allocations fail.
 *
 * Every malloc, calloc, realloc, aligned allocation and start of a thread from
 * the start of main() on is counted, in whichever thread and library it is made.
 * The file that SCARCE_MEMORY names is a `struct control`, shared with who runs
 * the program: it sets `left` at any time, and the allocations by which that
 * comes down to `length` and to 0 fail. Each of them is written to the file
 * NAME.where, with the calls that led to it.
 *
 * Whatever does not fail is passed on to the allocator that is there otherwise,
 * which may be that of a sanitizer.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES 24

/* As tests/exhaustion/memory.py has it. */
struct control {
	_Atomic int64_t count;  /* allocations since main() */
	_Atomic int64_t left;   /* until all that were to fail have; 0: none is to */
	_Atomic int64_t length; /* how many of them fail: the last of `left` */
	_Atomic int64_t failed; /* how many have */
	_Atomic int64_t least;  /* bytes; smaller ones neither count nor fail */
};

/* Before the real one is known, the loader may ask for some. */
static char early[4096];
static size_t early_used;

static struct control *control;
static int where = -1;
static __thread bool inside __attribute__((tls_model("initial-exec")));

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*memalign)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void (*free)(void *);
	int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
} real;

static bool is_early(const void *at)
{
	return (const char *)at >= early && (const char *)at < early + sizeof early;
}

static void *take_early(size_t size)
{
	void *at = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof early) {
		abort();
	}
	return at;
}

static void find(void *to, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(to, &found, sizeof found);
}

static bool ready(void)
{
	static bool looking;

	if (real.malloc != NULL && !looking) {
		return true;
	}
	if (looking) {
		return false;
	}
	looking = true;
	find(&real.calloc, "calloc");
	find(&real.realloc, "realloc");
	find(&real.memalign, "memalign");
	find(&real.posix_memalign, "posix_memalign");
	find(&real.aligned_alloc, "aligned_alloc");
	find(&real.free, "free");
	find(&real.pthread_create, "pthread_create");
	find(&real.malloc, "malloc");
	looking = false;
	return true;
}

/* The unwinder takes memory when it is used for the first time: here, before anything counts. */
static void begin(void)
{
	const char *path = getenv("SCARCE_MEMORY");
	char name[4096];
	void *frames[FRAMES];

	if (path == NULL) {
		return;
	}
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	(void)snprintf(name, sizeof name, "%s.where", path);
	int log = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	where = fcntl(log, F_DUPFD_CLOEXEC, 100);
	if (where >= 0) {
		(void)close(log);
	} else {
		where = log;
	}
	(void)backtrace(frames, FRAMES);
	void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	control = at == MAP_FAILED ? NULL : at;
}

static void tell(const char *what, size_t size)
{
	void *frames[FRAMES];
	char line[120];

	inside = true;
	int n = snprintf(line, sizeof line, "failed %lld: %s of %zu\n",
			(long long)atomic_load(&control->count), what, size);
	(void)!write(where, line, (size_t)n);
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), where);
	inside = false;
}

static bool fails(const char *what, size_t size)
{
	if (control == NULL || inside || (int64_t)size < atomic_load(&control->least)) {
		return false;
	}
	(void)atomic_fetch_add(&control->count, 1);
	int64_t left = atomic_load(&control->left);
	while (left > 0 && !atomic_compare_exchange_weak(&control->left, &left, left - 1)) {
	}
	if (left <= 0 || left > atomic_load(&control->length)) {
		return false;
	}
	tell(what, size);
	(void)atomic_fetch_add(&control->failed, 1);
	errno = ENOMEM;
	return true;
}

static void *our_malloc(size_t size)
{
	if (!ready()) {
		return take_early(size);
	}
	return fails("malloc", size) ? NULL : real.malloc(size);
}

static void *our_calloc(size_t n, size_t size)
{
	if (!ready()) {
		return take_early(n * size);
	}
	return fails("calloc", n * size) ? NULL : real.calloc(n, size);
}

static void *our_realloc(void *at, size_t size)
{
	if (!ready() || is_early(at)) {
		abort();
	}
	/* What makes it smaller, or frees it, cannot be told apart here and fails as well. */
	return size > 0 && fails("realloc", size) ? NULL : real.realloc(at, size);
}

static void *our_reallocarray(void *at, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return our_realloc(at, all);
}

static void *our_memalign(size_t alignment, size_t size)
{
	return !ready() || fails("memalign", size) ? NULL : real.memalign(alignment, size);
}

static int our_posix_memalign(void **at, size_t alignment, size_t size)
{
	return !ready() || fails("posix_memalign", size) ? ENOMEM
							 : real.posix_memalign(at, alignment, size);
}

static void *our_aligned_alloc(size_t alignment, size_t size)
{
	return !ready() || fails("aligned_alloc", size) ? NULL
							: real.aligned_alloc(alignment, size);
}

static void our_free(void *at)
{
	if (at != NULL && !is_early(at) && ready()) {
		real.free(at);
	}
}

static int our_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
		void *(*run)(void *), void *argument)
{
	return !ready() || fails("pthread_create", 0)
			       ? EAGAIN
			       : real.pthread_create(thread, attributes, run, argument);
}

/* By other names, since the headers have names of their own for the parameters. */
__typeof__(malloc) malloc __attribute__((alias("our_malloc")));
__typeof__(calloc) calloc __attribute__((alias("our_calloc")));
__typeof__(realloc) realloc __attribute__((alias("our_realloc")));
__typeof__(reallocarray) reallocarray __attribute__((alias("our_reallocarray")));
__typeof__(memalign) memalign __attribute__((alias("our_memalign")));
__typeof__(posix_memalign) posix_memalign __attribute__((alias("our_posix_memalign")));
__typeof__(aligned_alloc) aligned_alloc __attribute__((alias("our_aligned_alloc")));
__typeof__(free) free __attribute__((alias("our_free")));
__typeof__(pthread_create) pthread_create __attribute__((alias("our_pthread_create")));

/* ---- main() -------------------------------------------------------------------------- */

typedef int main_function(int, char **, char **);

static main_function *programs_main;

static int counted_main(int argc, char **argv, char **env)
{
	begin();
	return programs_main(argc, argv, env);
}

static int our_start_main(main_function *main, int argc, char **argv, void (*init)(void),
		void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	int (*start)(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void),
			void *);

	find(&start, "__libc_start_main");
	programs_main = main;
	return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): its name */
__typeof__(our_start_main) __libc_start_main
		__attribute__((visibility("default"), alias("our_start_main")));
