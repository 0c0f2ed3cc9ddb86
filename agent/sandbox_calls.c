/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_calls - what is needed was seen in lives of the agent with each of its
 * parts, and read in the C library for what depends on the machine. Memory that
 * was written is never executed: what is executed is mapped from a file, by the
 * loader, and no page becomes executable later.
 *
 * Where a pointer leads is not seen by a filter. So clone3, whose flags are
 * behind one, does not exist: C libraries then take clone.
 */
#include "agent/sandbox_calls.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "agent/util.h"

#ifndef PR_SET_VMA /* not in every C library's headers */
#define PR_SET_VMA 0x53564d41
#endif

/* clang-format off */
#define ANY(call)       { .name = #call }
#define WHEN(call, ...) { .name = #call, .when = { __VA_ARGS__ } }

/* An int: whatever is above it in the register does not count. */
#define IS(at, what)      { (at), UINT32_MAX, (uint64_t)(what) }
#define NONE_OF(at, bits) { (at), (uint64_t)(bits), 0 }
#define ALL_OF(at, bits)  { (at), (uint64_t)(bits), (uint64_t)(bits) }

#define TYPE_OF_SOCKET 0xfu /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
#define TYPE_IS(type)  { 1, TYPE_OF_SOCKET, (type) }

#define EVERY_BIT_SET 0x80000000u /* personality(0xffffffff) asks and changes nothing */

static const struct sandbox_call needed[] = {
	/* the loop, and time */
	ANY(clock_getres), ANY(clock_getres_time64), ANY(clock_gettime), ANY(clock_gettime64),
	ANY(clock_nanosleep), ANY(clock_nanosleep_time64), ANY(epoll_create), ANY(epoll_create1),
	ANY(epoll_ctl), ANY(epoll_pwait), ANY(epoll_pwait2), ANY(epoll_wait), ANY(eventfd),
	ANY(eventfd2), ANY(gettimeofday), ANY(nanosleep), ANY(poll), ANY(ppoll),
	ANY(ppoll_time64), ANY(pselect6), ANY(pselect6_time64), ANY(select), ANY(_newselect),
	ANY(time), ANY(timerfd_create), ANY(timerfd_settime), ANY(timerfd_settime64),

	/* what is open */
	ANY(close), ANY(dup), ANY(dup2), ANY(dup3), ANY(fcntl), ANY(fcntl64), ANY(_llseek),
	ANY(lseek), ANY(pipe), ANY(pipe2), ANY(pread64), ANY(preadv), ANY(pwrite64),
	ANY(pwritev), ANY(read), ANY(readv), ANY(write), ANY(writev),
	WHEN(ioctl, IS(1, FIONREAD)), WHEN(ioctl, IS(1, FIONBIO)),
	WHEN(ioctl, IS(1, TCGETS)), WHEN(ioctl, IS(1, SIOCGIFINDEX)),
	WHEN(ioctl, IS(1, SIOCGIFNAME)),

	/* files */
	ANY(access), ANY(faccessat), ANY(faccessat2), ANY(fdatasync), ANY(fstat),
	ANY(fstat64), ANY(fstatat64), ANY(fstatfs), ANY(fstatfs64), ANY(fsync),
	ANY(ftruncate), ANY(ftruncate64), ANY(getcwd), ANY(getdents), ANY(getdents64),
	ANY(inotify_add_watch), ANY(inotify_init), ANY(inotify_init1), ANY(inotify_rm_watch),
	ANY(lstat), ANY(lstat64), ANY(newfstatat), ANY(open), ANY(openat), ANY(readlink),
	ANY(readlinkat), ANY(rename), ANY(renameat), ANY(renameat2), ANY(stat), ANY(stat64),
	ANY(statfs), ANY(statfs64), ANY(statx), ANY(umask), ANY(unlink), ANY(unlinkat),

	/* sockets: what DNS, etcd, services and the admin take, and the list of addresses */
	ANY(accept), ANY(accept4), ANY(bind), ANY(connect), ANY(getpeername),
	ANY(getsockname), ANY(getsockopt), ANY(listen), ANY(recv), ANY(recvfrom),
	ANY(recvmmsg), ANY(recvmmsg_time64), ANY(recvmsg), ANY(send), ANY(sendmmsg),
	ANY(sendmsg), ANY(sendto), ANY(setsockopt), ANY(shutdown),
	WHEN(socket, IS(0, AF_UNIX)),
	WHEN(socket, IS(0, AF_INET), TYPE_IS(SOCK_STREAM)),
	WHEN(socket, IS(0, AF_INET), TYPE_IS(SOCK_DGRAM)),
	WHEN(socket, IS(0, AF_INET6), TYPE_IS(SOCK_STREAM)),
	WHEN(socket, IS(0, AF_INET6), TYPE_IS(SOCK_DGRAM)),
	WHEN(socket, IS(0, AF_NETLINK), IS(2, 0)), /* NETLINK_ROUTE */
	WHEN(socketpair, IS(0, AF_UNIX)),

	/* memory, and libraries that are loaded at a reload: never to write and to execute at once */
	ANY(brk), ANY(madvise), ANY(mincore), ANY(mlock), ANY(mremap), ANY(munlock), ANY(munmap),
	WHEN(mmap, NONE_OF(2, PROT_EXEC)), WHEN(mmap2, NONE_OF(2, PROT_EXEC)),
	WHEN(mmap, { 2, PROT_WRITE | PROT_EXEC, PROT_EXEC }, NONE_OF(3, MAP_ANONYMOUS)),
	WHEN(mmap2, { 2, PROT_WRITE | PROT_EXEC, PROT_EXEC }, NONE_OF(3, MAP_ANONYMOUS)),
	WHEN(mprotect, NONE_OF(2, PROT_EXEC)),

	/* threads, in which names are looked up and files written */
	WHEN(clone, ALL_OF(0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)),
	ANY(clone3), /* see sandbox_calls_absent() */
	ANY(arch_prctl), ANY(futex), ANY(futex_time64), ANY(get_robust_list), ANY(getcpu),
	ANY(gettid), ANY(membarrier), ANY(restart_syscall), ANY(rseq), ANY(sched_getaffinity),
	ANY(sched_yield), ANY(set_robust_list), ANY(set_tid_address), ANY(set_thread_area),
	ANY(set_tls),

	/* signals; and the end, also by abort() */
	ANY(exit), ANY(exit_group), ANY(rt_sigaction), ANY(rt_sigpending), ANY(rt_sigprocmask),
	ANY(rt_sigreturn), ANY(rt_sigsuspend), ANY(rt_sigtimedwait),
	ANY(rt_sigtimedwait_time64), ANY(sigaltstack), ANY(signalfd4), ANY(sigreturn),
	WHEN(tgkill, IS(0, SANDBOX_OWN_PID)), ANY(wait4), ANY(waitid),

	/* who and where we are */
	ANY(getegid), ANY(getegid32), ANY(geteuid), ANY(geteuid32), ANY(getgid),
	ANY(getgid32), ANY(getpid), ANY(getppid), ANY(getrandom), ANY(getresgid),
	ANY(getresgid32), ANY(getresuid), ANY(getresuid32), ANY(getrlimit), ANY(getrusage),
	ANY(getuid), ANY(getuid32), ANY(sysinfo), ANY(times), ANY(ugetrlimit), ANY(uname),
	WHEN(prlimit64, IS(0, 0)), WHEN(setrlimit, IS(0, RLIMIT_NOFILE)),
	WHEN(prctl, IS(0, PR_GET_DUMPABLE)), WHEN(prctl, IS(0, PR_SET_DUMPABLE)),
	WHEN(prctl, IS(0, PR_GET_NAME)), WHEN(prctl, IS(0, PR_SET_NAME)),
	WHEN(prctl, IS(0, PR_SET_VMA)),
	WHEN(prctl, IS(0, PR_CAPBSET_READ)), /* libcap, when it is loaded, as by nss-mymachines */
};

static const struct sandbox_call barred[] = {
	/* into other processes */
	ANY(kcmp), ANY(pidfd_getfd), ANY(process_madvise), ANY(process_vm_readv),
	ANY(process_vm_writev), ANY(ptrace),

	/* into the kernel */
	ANY(_sysctl), ANY(acct), ANY(bpf), ANY(create_module), ANY(delete_module),
	ANY(finit_module), ANY(get_kernel_syms), ANY(init_module), ANY(io_uring_enter),
	ANY(io_uring_register), ANY(io_uring_setup), ANY(ioperm), ANY(iopl),
	ANY(kexec_file_load), ANY(kexec_load), ANY(lookup_dcookie), ANY(modify_ldt),
	ANY(nfsservctl), ANY(perf_event_open), ANY(query_module), ANY(syslog), ANY(uselib),
	ANY(userfaultfd), ANY(vm86), ANY(vm86old),

	/* the machine */
	ANY(clock_settime), ANY(clock_settime64), ANY(quotactl), ANY(quotactl_fd), ANY(reboot),
	ANY(setdomainname), ANY(sethostname), ANY(settimeofday), ANY(stime), ANY(swapoff),
	ANY(swapon), ANY(vhangup),

	/* other views of it */
	ANY(chroot), ANY(fsconfig), ANY(fsmount), ANY(fsopen), ANY(fspick), ANY(mount),
	ANY(mount_setattr), ANY(move_mount), ANY(name_to_handle_at), ANY(open_by_handle_at),
	ANY(open_tree), ANY(pivot_root), ANY(setns), ANY(umount), ANY(umount2), ANY(unshare),
	WHEN(clone, ALL_OF(0, CLONE_NEWCGROUP)), WHEN(clone, ALL_OF(0, CLONE_NEWIPC)),
	WHEN(clone, ALL_OF(0, CLONE_NEWNET)), WHEN(clone, ALL_OF(0, CLONE_NEWNS)),
	WHEN(clone, ALL_OF(0, CLONE_NEWPID)), WHEN(clone, ALL_OF(0, CLONE_NEWUSER)),
	WHEN(clone, ALL_OF(0, CLONE_NEWUTS)),

	/* keys of the kernel; somebody's terminal; memory without its protections */
	ANY(add_key), ANY(keyctl), ANY(request_key), WHEN(ioctl, IS(1, TIOCSTI)),
	WHEN(personality, { 0, EVERY_BIT_SET | READ_IMPLIES_EXEC, READ_IMPLIES_EXEC }),
	WHEN(personality, { 0, EVERY_BIT_SET | ADDR_NO_RANDOMIZE, ADDR_NO_RANDOMIZE }),
};

static const struct sandbox_call absent[] = {
	ANY(clone3),
};
/* clang-format on */

const struct sandbox_call *sandbox_calls_needed(size_t *n)
{
	*n = ARRAY_LEN(needed);
	return needed;
}

const struct sandbox_call *sandbox_calls_barred(size_t *n)
{
	*n = ARRAY_LEN(barred);
	return barred;
}

const struct sandbox_call *sandbox_calls_absent(size_t *n)
{
	*n = ARRAY_LEN(absent);
	return absent;
}
