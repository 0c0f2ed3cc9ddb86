/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/child.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/timer.h"
#include "agent/util.h"

/* From SIGTERM to SIGKILL, seconds. */
#define GRACE 1.0

/* close_range's flag, which is not in every C library's headers. */
#define CLOSE_AT_EXEC (1U << 2)

/* What it sees of our environment. */
static const char *const inherited[] = { "PATH", "HOME", "LANG", "TZ" };

/* ---- what it says ---------------------------------------------------------------- */

/* Lines are cut to what a sentence has room for. */
static void take_line(struct child *c, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			if (c->line_len < sizeof c->line - 1) {
				c->line[c->line_len++] = text[i];
			}
		} else if (c->line_len > 0) {
			c->line[c->line_len] = '\0';
			memcpy(c->last, c->line, c->line_len + 1);
			c->line_len = 0;
		}
	}
}

/* What there is now; not more than a pipe holds, so that no writer keeps us here. */
static void read_said(struct child *c)
{
	char text[4096];

	for (unsigned i = 0; i < 16; i++) {
		ssize_t got = read(c->said.fd, text, sizeof text);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got == 0) {
			ev_io_stop(c->loop, &c->said); /* it has closed it and may go on */
		}
		if (got <= 0) {
			return;
		}
		rest_note(&c->rest, (size_t)got);
		take_line(c, text, (size_t)got);
	}
}

static void on_said(struct ev_loop *loop, ev_io *said, int revents)
{
	struct child *c = CONTAINER_OF(said, struct child, said);

	UNUSED(loop);
	UNUSED(revents);
	if (!rest_due(&c->rest)) {
		read_said(c);
	}
}

/* ---- its end --------------------------------------------------------------------- */

/* Everything that it holds of ours but its process. */
static void release(struct child *c)
{
	ev_child_stop(c->loop, &c->ended);
	ev_timer_stop(c->loop, &c->limit);
	ev_io_stop(c->loop, &c->said);
	rest_stop(&c->rest);
	(void)close(c->said.fd);
	c->pid = 0;
}

static void describe(struct child *c, int status, char *out, size_t size)
{
	const char *last = c->last;
	int n;

	if (c->line_len > 0) {
		c->line[c->line_len] = '\0';
		last = c->line;
	}
	if (c->timed_out) {
		n = snprintf(out, size, "it did not end within %g s and was killed", c->timeout);
	} else if (WIFSIGNALED(status)) {
		n = snprintf(out, size, "it was ended by a signal: %s",
				strsignal(WTERMSIG(status)));
	} else {
		n = snprintf(out, size, "it exited with %d", WEXITSTATUS(status));
	}
	if (last[0] != '\0') {
		(void)snprintf(out + n, size - (size_t)n, ": %s", last);
	}
}

static void finish(struct child *c)
{
	int status = c->ended.rstatus;
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !c->timed_out;
	char why[CHILD_LINE_MAX + 120];

	read_said(c);
	release(c);
	describe(c, status, why, sizeof why);
	c->done(c, good ? NULL : why);
}

static void on_ended(struct ev_loop *loop, ev_child *ended, int revents)
{
	struct child *c = CONTAINER_OF(ended, struct child, ended);

	UNUSED(loop);
	UNUSED(revents);
	ev_child_stop(c->loop, &c->ended);
	c->left = c->timed_out && ev_is_active(&c->limit) && kill(-c->pid, 0) == 0;
	if (!c->left) {
		finish(c);
	}
}

static void on_limit(struct ev_loop *loop, ev_timer *limit, int revents)
{
	struct child *c = CONTAINER_OF(limit, struct child, limit);

	UNUSED(revents);
	(void)kill(-c->pid, c->timed_out || c->at_once ? SIGKILL : SIGTERM);
	if (c->at_once) {
		c->timed_out = true;
		finish(c); /* the loop reaps it */
	} else if (c->left) {
		finish(c);
	} else if (!c->timed_out) {
		c->timed_out = true;
		timer_start(loop, limit, GRACE);
	}
}

bool child_was_late(const struct child *c)
{
	return c->timed_out;
}

void child_stop(struct child *c)
{
	if (c->pid != 0) {
		(void)kill(-c->pid, SIGKILL); /* the loop reaps it */
		release(c);
	}
}

/* ---- its start ------------------------------------------------------------------- */

/* A descriptor to read `input` from, or nothing; -1 with errno. */
static int make_stdin(const char *input)
{
	if (input == NULL) {
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	int fd = memfd_create("svc-agent-input", MFD_CLOEXEC);
	size_t len = strlen(input), done = 0;
	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, input + done, len - done);
		if (n < 0 && errno != EINTR) {
			(void)close(fd);
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0) {
		(void)lseek(fd, 0, SEEK_SET);
	}
	return fd;
}

/* The places for its variables: those that are inherited, one of ours, and the end. */
#define N_VARIABLES (ARRAY_LEN(inherited) + 2)

static void free_environment(char *env[N_VARIABLES])
{
	for (size_t i = 0; i < N_VARIABLES; i++) {
		free(env[i]);
	}
}

static int add_variable(char *env[N_VARIABLES], const char *name, const char *value)
{
	size_t n = 0;

	while (env[n] != NULL) {
		n++;
	}
	if (asprintf(&env[n], "%s=%s", name, value) < 0) {
		env[n] = NULL;
		return -1;
	}
	return 0;
}

static int make_environment(char *env[N_VARIABLES], const char *service)
{
	int result = 0;

	memset(env, 0, N_VARIABLES * sizeof env[0]);
	for (size_t i = 0; i < ARRAY_LEN(inherited) && result == 0; i++) {
		const char *value = getenv(inherited[i]);
		result = value == NULL ? 0 : add_variable(env, inherited[i], value);
	}
	return result < 0 ? -1 : add_variable(env, "SVC_AGENT_SERVICE", service);
}

/* What a kernel before 5.11 takes: one descriptor after the other. */
static void close_each_at_exec(void)
{
	DIR *open_now = opendir("/proc/self/fd");

	for (struct dirent *at = NULL; open_now != NULL && (at = readdir(open_now)) != NULL;) {
		long fd = strtol(at->d_name, NULL, 10); /* 0 for what is no number */
		if (fd > STDERR_FILENO) {
			(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		}
	}
	if (open_now != NULL) {
		(void)closedir(open_now);
	}
}

/*
 * No program gets more of ours than 0, 1 and 2, not even what somebody forgot to say that of. It is
 * said of our own descriptors, before: not every C library can close them in the child.
 */
static void close_all_at_exec(void)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, CLOSE_AT_EXEC) < 0) {
		close_each_at_exec();
	}
}

/* Returns 0 or an errno. A closed 0, 1 or 2 of our own makes no difference. */
static int spawn(pid_t *pid, const struct child_spec *spec, char *const *env, int in, int said)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setflags(&attributes,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawn_file_actions_init(&files);
	int why = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	why = why != 0 ? why : posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
	if (spec->stdout_too) {
		why = why != 0 ? why
			       : posix_spawn_file_actions_adddup2(&files, said, STDOUT_FILENO);
	} else {
		why = why != 0 ? why
			       : posix_spawn_file_actions_addopen(
						 &files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	}
	close_all_at_exec();
	why = why != 0 ? why
		       : posix_spawnp(pid, spec->argv[0], &files, &attributes, spec->argv, env);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return why;
}

static void watch(struct child *c, const struct child_spec *spec, pid_t pid, int said)
{
	c->pid = pid;
	c->timeout = spec->timeout;
	c->at_once = spec->at_once;
	c->timed_out = c->left = false;
	c->line_len = 0;
	c->last[0] = '\0';
	ev_child_init(&c->ended, on_ended, pid, 0);
	ev_child_start(c->loop, &c->ended);
	ev_timer_init(&c->limit, on_limit, 0.0, 0.0);
	timer_start(c->loop, &c->limit, spec->timeout);
	ev_io_init(&c->said, on_said, said, EV_READ);
	ev_io_start(c->loop, &c->said);
	rest_init(&c->rest, c->loop, &c->said);
}

/* Returns 0 or an errno. */
static int start(struct child *c, const struct child_spec *spec)
{
	int said[2] = { -1, -1 };
	pid_t pid = 0;
	int in = make_stdin(spec->input);
	int why = in < 0 || pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0;

	if (why == 0) {
		char *env[N_VARIABLES];
		/* Only our end is not to block: the other one is the program's stderr. */
		(void)fcntl(said[1], F_SETFL, 0);
		why = make_environment(env, spec->service) < 0
				      ? ENOMEM
				      : spawn(&pid, spec, env, in, said[1]);
		free_environment(env);
	}
	if (in >= 0) {
		(void)close(in);
	}
	if (said[1] >= 0) {
		(void)close(said[1]);
	}
	if (why == 0) {
		watch(c, spec, pid, said[0]);
	} else if (said[0] >= 0) {
		(void)close(said[0]);
	}
	return why;
}

static bool is_ours(int why)
{
	return why == ENOMEM || why == EAGAIN || why == EMFILE || why == ENFILE || why == ENOBUFS;
}

int child_start(struct child *c, struct ev_loop *loop, const struct child_spec *spec,
		child_done *done, struct err *err)
{
	assert(c->pid == 0 && ev_is_default_loop(loop));
	c->loop = loop;
	c->done = done;
	int why = start(c, spec);
	if (why != 0) {
		return err_set(err, is_ours(why) ? ERR_SYSTEM : ERR_MISSING,
				"%.100s cannot be run: %s", spec->argv[0], strerror(why));
	}
	return 0;
}
