/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "agent/thread.h"
#include "agent/util.h"

static struct {
	int pipe[2];
	sigset_t its_mask;
	bool none; /* to be had */
} stage;

/* NOLINTBEGIN(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user)
{
	int state;

	assert_int_equal(pthread_attr_getdetachstate(attributes, &state), 0);
	assert_int_equal(state, PTHREAD_CREATE_DETACHED);
	return stage.none ? EAGAIN : __real_pthread_create(thread, attributes, run, user);
}
/* NOLINTEND(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp) */

static void *run(void *user)
{
	const char done = 0;

	(void)pthread_sigmask(SIG_BLOCK, NULL, user);
	(void)!write(stage.pipe[1], &done, 1);
	return NULL;
}

static void expect_own_mask(void)
{
	sigset_t ours;

	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &ours), 0);
	assert_int_equal(sigismember(&ours, SIGTERM), 0);
	assert_int_equal(sigismember(&ours, SIGUSR1), 1); /* as it was */
}

static void it_runs_and_hears_no_signal(void **state)
{
	char done;
	UNUSED(state);
	assert_true(thread_start(run, &stage.its_mask));
	assert_int_equal(read(stage.pipe[0], &done, 1), 1);
	assert_int_equal(sigismember(&stage.its_mask, SIGTERM), 1);
	assert_int_equal(sigismember(&stage.its_mask, SIGHUP), 1);
	assert_int_equal(sigismember(&stage.its_mask, SIGCHLD), 1);
	expect_own_mask();
}

static void there_may_be_none(void **state)
{
	UNUSED(state);
	stage.none = true;
	assert_false(thread_start(run, NULL));
	stage.none = false;
	expect_own_mask();
}

static int set_up(void **state)
{
	sigset_t one;

	UNUSED(state);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, SIGUSR1);
	return pthread_sigmask(SIG_SETMASK, &one, NULL) == 0 ? pipe(stage.pipe) : -1;
}

static int tear_down(void **state)
{
	UNUSED(state);
	return close(stage.pipe[0]) + close(stage.pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_and_hears_no_signal),
		cmocka_unit_test(there_may_be_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
