/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intruder - stands in for whoever has got the agent to run code of his own: loaded before it by
 * LD_PRELOAD, it does at the first signal of real time what $INTRUDER names, and says on standard
 * error what came of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static long run_shell(void)
{
	char *argv[] = { (char[]){ "sh" }, NULL };

	return execve("/bin/sh", argv, NULL);
}

static long fork_off(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long signal_parent(void)
{
	return kill(getppid(), 0);
}

static long listen_to_the_wire(void)
{
	return socket(AF_PACKET, SOCK_DGRAM, 0);
}

/* What it has written becomes code. */
static long make_code(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : mprotect(at, PAGE, PROT_READ | PROT_EXEC);
}

static long mount_over(void)
{
	return syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL);
}

static const struct {
	const char *name;
	long (*does)(void);
} acts[] = {
	{ "execve", run_shell },
	{ "fork", fork_off },
	{ "ptrace", trace },
	{ "kill", signal_parent },
	{ "packet", listen_to_the_wire },
	{ "code", make_code },
	{ "mount", mount_over },
};

static void on_signal(int number)
{
	const char *name = getenv("INTRUDER");
	char said[80];

	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		if (name != NULL && strcmp(acts[i].name, name) == 0) {
			errno = 0;
			long result = acts[i].does();
			int len = snprintf(said, sizeof said, "intruder: %s %s\n", name,
					result >= 0 ? "did it" : strerrorname_np(errno));
			(void)!write(STDERR_FILENO, said, (size_t)len);
			if (result == 0 && i == 1) {
				_exit(0); /* its second self */
			}
		}
	}
	(void)number;
}

__attribute__((constructor)) static void come_in(void)
{
	(void)signal(SIGRTMIN, on_signal);
}
