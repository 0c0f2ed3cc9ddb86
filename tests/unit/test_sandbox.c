/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is in a process of its own, which says with its exit status what became of one call. */
#include "agent/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/seccomp_filter.h"
#include "agent/util.h"

#define PAGE       4096
#define NO_SANDBOX 250 /* exit statuses that are no errno */
#define SIGNALLED  300 /* and the signal */

/* What a case does; 0, or an errno. Runs within the sandbox. */
typedef int act(void);

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int map(int protection, int flags)
{
	void *at = mmap(NULL, PAGE, protection, flags | MAP_PRIVATE, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int change(int protection)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : error_of(mprotect(at, PAGE, protection));
}

static void *nothing(void *user)
{
	return user;
}

/* clang-format off */
static int act_execve(void) { char *none[] = { NULL }; return error_of(execve("/bin/true", none, none)); }
static int act_fork(void) { return error_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int act_clone3(void) { return error_of(syscall(SYS_clone3, NULL, 0)); }
static int act_ptrace(void) { return error_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int act_packet(void) { return error_of(socket(AF_PACKET, SOCK_DGRAM, 0)); }
static int act_raw(void) { return error_of(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static int act_netfilter(void) { return error_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)); }
static int act_tcp(void) { return error_of(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }
static int act_udp(void) { return error_of(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }
static int act_local(void) { return error_of(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int act_route(void) { return error_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)); }
static int act_map_write_exec(void) { return map(PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS); }
static int act_map_exec(void) { return map(PROT_READ | PROT_EXEC, MAP_ANONYMOUS); }
static int act_map_write(void) { return map(PROT_READ | PROT_WRITE, MAP_ANONYMOUS); }
static int act_make_exec(void) { return change(PROT_READ | PROT_EXEC); }
static int act_make_readable(void) { return change(PROT_READ); }
static int act_mount(void) { return error_of(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)); }
static int act_unshare(void) { return error_of(unshare(0)); }
static int act_bpf(void) { return error_of(syscall(SYS_bpf, 0, NULL, 0)); }
static int act_io_uring(void) { return error_of(syscall(SYS_io_uring_setup, 0, NULL)); }
static int act_keyctl(void) { return error_of(syscall(SYS_keyctl, 0, 0, 0, 0, 0)); }
static int act_peek(void) { return error_of(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)); }
static int act_randomize(void) { return error_of(personality(ADDR_NO_RANDOMIZE)); }
static int act_ask_personality(void) { return error_of(personality(0xffffffff)); }
static int act_signal_other(void) { return error_of(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int act_signal_self(void) { return error_of(syscall(SYS_tgkill, getpid(), getpid(), 0)); }
static int act_kill(void) { return error_of(kill(getppid(), 0)); }
static int act_memfd(void) { return error_of(memfd_create("test", 0)); }
static int act_type_to_terminal(void) { return error_of(ioctl(STDIN_FILENO, TIOCSTI, "x")) == EPERM ? EPERM : 0; }
static int act_chmod(void) { return error_of(syscall(SYS_fchmod, STDIN_FILENO, 0)); }
static int act_ask_capability(void) { return error_of(prctl(PR_CAPBSET_READ, 0, 0, 0, 0)); }
static int act_drop_capability(void) { return error_of(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0)); }
static int act_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EPERM; }
/* clang-format on */

static int act_thread(void)
{
	pthread_t thread;
	int why = pthread_create(&thread, NULL, nothing, NULL);

	return why != 0 ? why : pthread_join(thread, NULL);
}

static int act_load_library(void)
{
	return dlopen("libanl.so.1", RTLD_NOW) == NULL ? ENOENT : 0;
}

static int act_run_program(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		(void)execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 ? ECHILD : 0;
}

/* The errno, or SIGNALLED and more. */
static int within(enum sandbox_mode mode, bool programs, act *does)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct sandbox s = { 0 };
		struct err err;
		_exit(sandbox_enter(&s, mode, programs, &err) < 0 ? NO_SANDBOX : does());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static act *const never[] = { act_ptrace, act_mount, act_unshare, act_bpf, act_io_uring, act_keyctl,
	act_peek, act_randomize };

static act *const only_with_programs[] = { act_execve, act_fork, act_packet, act_raw, act_netfilter,
	act_map_write_exec, act_map_exec, act_make_exec, act_signal_other, act_kill, act_memfd,
	act_ask_personality, act_chmod, act_drop_capability };

static act *const always[] = { act_tcp, act_udp, act_local, act_route, act_map_write,
	act_make_readable, act_thread, act_load_library, act_signal_self, act_ask_capability };

static void what_no_program_needs_does_not_exist(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		assert_int_equal(within(SANDBOX_ON, false, never[i]), ENOSYS);
		assert_int_equal(within(SANDBOX_KILL, false, never[i]), SIGNALLED + SIGSYS);
	}
	for (size_t i = 0; i < ARRAY_LEN(only_with_programs); i++) {
		assert_int_equal(within(SANDBOX_ON, false, only_with_programs[i]), ENOSYS);
		assert_int_equal(within(SANDBOX_KILL, false, only_with_programs[i]),
				SIGNALLED + SIGSYS);
	}
}

static void what_programs_may_not_do_is_forbidden(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		assert_int_equal(within(SANDBOX_ON, true, never[i]), EPERM);
		assert_int_equal(within(SANDBOX_KILL, true, never[i]), SIGNALLED + SIGSYS);
	}
	assert_int_equal(within(SANDBOX_ON, true, act_type_to_terminal), EPERM);
}

static void what_the_agent_needs_passes(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(always); i++) {
		assert_int_equal(within(SANDBOX_KILL, false, always[i]), 0);
		assert_int_equal(within(SANDBOX_KILL, true, always[i]), 0);
	}
	assert_int_equal(within(SANDBOX_KILL, true, act_run_program), 0);
	assert_int_equal(within(SANDBOX_KILL, true, act_ask_personality), 0);
}

/* Not even to kill is it worth that a C library tries it. */
static void clone3_does_not_exist(void **state)
{
	UNUSED(state);
	assert_int_equal(within(SANDBOX_ON, false, act_clone3), ENOSYS);
	assert_int_equal(within(SANDBOX_KILL, false, act_clone3), ENOSYS);
	assert_int_equal(within(SANDBOX_KILL, true, act_clone3), ENOSYS);
}

static void no_privileges_are_gained(void **state)
{
	UNUSED(state);
	assert_int_equal(within(SANDBOX_ON, true, act_new_privileges), 0);
	assert_int_not_equal(within(SANDBOX_OFF, true, act_new_privileges), 0);
}

static void off_is_off(void **state)
{
	UNUSED(state);
	assert_int_equal(within(SANDBOX_OFF, false, act_run_program), 0);
	assert_int_equal(within(SANDBOX_OFF, false, act_memfd), 0);
}

/* The tests have sanitizers. */
static void usual_is_off_with_sanitizers(void **state)
{
	UNUSED(state);
#ifdef SVC_SANITIZED
	assert_int_equal(within(SANDBOX_USUAL, false, act_memfd), 0);
#else
	assert_int_equal(within(SANDBOX_USUAL, false, act_memfd), ENOSYS);
#endif
}

static void programs_are_admitted_where_they_can_run(void **state)
{
	struct sandbox none = { 0 }, closed = { .closed = true };
	struct err err;

	UNUSED(state);
	assert_int_equal(sandbox_admits(&none, true, &err), 0);
	assert_int_equal(sandbox_admits(&none, false, &err), 0);
	assert_int_equal(sandbox_admits(&closed, false, &err), 0);
	assert_int_equal(sandbox_admits(&closed, true, &err), -1);
	assert_non_null(strstr(err.text, "restart"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_program_needs_does_not_exist),
		cmocka_unit_test(what_programs_may_not_do_is_forbidden),
		cmocka_unit_test(what_the_agent_needs_passes),
		cmocka_unit_test(clone3_does_not_exist),
		cmocka_unit_test(no_privileges_are_gained),
		cmocka_unit_test(off_is_off),
		cmocka_unit_test(usual_is_off_with_sanitizers),
		cmocka_unit_test(programs_are_admitted_where_they_can_run),
	};

	if (!seccomp_is_built_in) {
		print_message("built without libseccomp: there is nothing to test\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
