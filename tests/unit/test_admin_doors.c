/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/admin/admin_doors.h"
#include "agent/util.h"
#include "tests/unit/loopback.h"

static struct {
	char folder[64];
	struct target target;
	struct admin_doors doors;
	struct err err;
} stage;

static int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	(void)snprintf(stage.folder, sizeof stage.folder, "/tmp/test_doors.XXXXXX");
	assert_non_null(mkdtemp(stage.folder));
	stage.target.kind = TARGET_UNIX;
	(void)snprintf(stage.target.path, sizeof stage.target.path, "%s/sock", stage.folder);
	return 0;
}

static int tear_down(void **state)
{
	UNUSED(state);
	admin_doors_close(&stage.doors);
	(void)unlink(stage.target.path);
	return rmdir(stage.folder);
}

static int open_doors(void)
{
	return admin_doors_open(&stage.doors, &stage.target, &stage.err);
}

static void expect_refusal(const char *why)
{
	char expected[200];

	assert_int_equal(open_doors(), -1);
	(void)snprintf(expected, sizeof expected, "unix:%s: %s", stage.target.path, why);
	assert_string_equal(stage.err.text, expected);
	assert_int_equal(stage.doors.n, 0);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

/* Somebody else's socket at the place of ours. */
static int bind_there(int type)
{
	struct sockaddr_un address = address_of(stage.target.path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static bool exists(void)
{
	struct stat there;

	return lstat(stage.target.path, &there) == 0;
}

static void a_unix_socket_is_for_its_owner(void **state)
{
	struct stat there;
	mode_t before = umask(0);
	UNUSED(state);
	assert_int_equal(open_doors(), 0);
	assert_int_equal(stat(stage.target.path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
	assert_int_equal(umask(before), 0); /* as it was */
	assert_int_equal(stage.doors.n, 1);
	assert_int_equal(fcntl(stage.doors.fd[0], F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(stage.doors.fd[0], F_GETFL) & O_NONBLOCK) != 0);
	admin_doors_close(&stage.doors);
	assert_false(exists());
}

static void what_nobody_listens_on_is_replaced(void **state)
{
	UNUSED(state);
	(void)close(bind_there(SOCK_STREAM));
	assert_true(exists());
	assert_int_equal(open_doors(), 0);
}

static void who_listens_is_left_alone(void **state)
{
	UNUSED(state);
	int other = bind_there(SOCK_STREAM);
	assert_int_equal(listen(other, 0), 0);
	expect_refusal("another agent listens there");
	/* Also when its queue is full, as it may be now. */
	struct sockaddr_un address = address_of(stage.target.path);
	int clients[2];
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(clients[i], (struct sockaddr *)&address, sizeof address);
	}
	expect_refusal("another agent listens there");
	assert_true(exists());
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		(void)close(clients[i]);
	}
	(void)close(other);
}

static void what_is_no_socket_of_an_admin_is_left_alone(void **state)
{
	UNUSED(state);
	int other = open(stage.target.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	expect_refusal("there is something that is no socket");
	assert_true(exists());
	(void)close(other);
	(void)unlink(stage.target.path);

	assert_int_equal(symlink("/absent/sock", stage.target.path), 0);
	expect_refusal("there is something that is no socket");
	assert_true(exists());
	(void)unlink(stage.target.path);

	other = bind_there(SOCK_DGRAM);
	expect_refusal("Protocol wrong type for socket");
	assert_true(exists());
	(void)close(other);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	UNUSED(state);
	size_t len = strlen(stage.target.path);
	(void)snprintf(stage.target.path + len, sizeof stage.target.path - len, "/sock");
	expect_refusal("No such file or directory");
	stage.target.path[len] = '\0';
}

static void only_our_own_is_removed(void **state)
{
	UNUSED(state);
	assert_int_equal(open_doors(), 0);
	(void)unlink(stage.target.path);
	int other = bind_there(SOCK_STREAM);
	admin_doors_close(&stage.doors);
	assert_true(exists());
	(void)close(other);
}

/* The port of a door. */
static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
	} at = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof at;

	memset(&at, 0, sizeof at);
	assert_int_equal(getsockname(fd, &at.any, &len), 0);
	return ntohs(at.any.sa_family == AF_INET ? at.sin.sin_port : at.sin6.sin6_port);
}

/* Doors at that address; with port 0 the kernel finds one. */
static int open_inet(const char *host, uint16_t port)
{
	stage.target.kind = TARGET_INET;
	(void)snprintf(stage.target.inet.host, sizeof stage.target.inet.host, "%s", host);
	stage.target.inet.port = port;
	int result = open_doors();
	stage.target.kind = TARGET_UNIX;
	return result;
}

/* A connection to it, or -1. */
static int connect_to(const char *host, uint16_t port)
{
	struct target target = { .kind = TARGET_INET, .inet = { .port = port } };
	struct h2_address at[H2_ADDRESSES];

	(void)snprintf(target.inet.host, sizeof target.inet.host, "%s", host);
	(void)h2_addresses(at, &target);
	int fd = socket(at[0].at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &at[0].at.any, at[0].len) < 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static bool can_connect(const char *host, uint16_t port)
{
	int fd = connect_to(host, port);

	return fd >= 0 && close(fd) == 0;
}

static void localhost_is_both_loopback_addresses(void **state)
{
	UNUSED(state);
	uint16_t port = loopback_port();
	assert_int_equal(open_inet("localhost", port), 0);
	assert_true(can_connect("127.0.0.1", port));
	assert_true(stage.doors.n == 1 || can_connect("::1", port));
	admin_doors_close(&stage.doors);
	bool has_ipv6 = open_inet("::1", 0) == 0;
	admin_doors_close(&stage.doors);
	assert_int_equal(open_inet("localhost", port), 0);
	assert_int_equal(stage.doors.n, has_ipv6 ? 2 : 1);
}

static void a_port_in_use_is_said(void **state)
{
	char expected[64];
	UNUSED(state);
	assert_int_equal(open_inet("127.0.0.1", 0), 0);
	struct admin_doors first = stage.doors;
	uint16_t port = port_of(first.fd[0]);
	assert_int_equal(open_inet("127.0.0.1", port), -1);
	(void)snprintf(expected, sizeof expected, "127.0.0.1:%u: Address already in use", port);
	assert_string_equal(stage.err.text, expected);
	assert_int_equal(open_inet("localhost", port), -1); /* half of it is not enough */
	assert_int_equal(stage.doors.n, 0);
	admin_doors_close(&first);
	assert_int_equal(open_inet("192.0.2.1", 9464), -1);
	assert_string_equal(stage.err.text, "192.0.2.1:9464: Cannot assign requested address");
}

/* A restart does not wait for what the one before has left behind. */
static void a_port_may_be_used_again_at_once(void **state)
{
	struct h2_address peer;
	bool local;
	UNUSED(state);
	assert_int_equal(open_inet("127.0.0.1", 0), 0);
	uint16_t port = port_of(stage.doors.fd[0]);
	int client = connect_to("127.0.0.1", port);
	int fd = admin_doors_accept(stage.doors.fd[0], &peer, &local);
	assert_true(local);
	(void)close(fd); /* the side that closes first keeps the port for a while */
	(void)close(client);
	admin_doors_close(&stage.doors);
	assert_int_equal(open_inet("127.0.0.1", port), 0);
}

/* An IPv4 address of this machine that is not loopback; false: it has none. */
static bool find_address(struct sockaddr_in *out)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	assert_int_equal(getifaddrs(&all), 0);
	for (struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET &&
				(i->ifa_flags & IFF_UP) != 0 &&
				(i->ifa_flags & IFF_LOOPBACK) == 0) {
			memcpy(out, i->ifa_addr, sizeof *out);
			found = true;
		}
	}
	freeifaddrs(all);
	return found;
}

/* Connects from one address to another; true when the door takes it for one of this machine. */
static bool looks_local(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct h2_address peer;
	bool local = false;

	assert_int_equal(bind(client, (const struct sockaddr *)from, sizeof *from), 0);
	assert_int_equal(connect(client, (const struct sockaddr *)to, sizeof *to), 0);
	int fd = admin_doors_accept(stage.doors.fd[0], &peer, &local);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	(void)close(fd);
	(void)close(client);
	return local;
}

static void knows_who_is_on_this_machine(void **state)
{
	static const char *const everywhere[] = { "0.0.0.0", "::" };
	struct sockaddr_in loopback = { .sin_family = AF_INET }, other, to, from;
	struct h2_address peer;
	bool local = true;
	UNUSED(state);
	loopback.sin_addr.s_addr = htonl(0x7f000009); /* any of 127.0.0.0/8 */
	for (size_t i = 0; i < ARRAY_LEN(everywhere); i++) {
		if (open_inet(everywhere[i], 0) < 0) {
			continue; /* a machine without IPv6 */
		}
		to = loopback;
		to.sin_port = htons(port_of(stage.doors.fd[0]));
		assert_true(looks_local(&loopback, &to));
		if (find_address(&other)) {
			from = other;
			from.sin_port = 0;
			to.sin_addr = other.sin_addr;
			assert_false(looks_local(&from, &to));
			/* A proxy of the machine, for anybody: it hides who that is. */
			assert_false(looks_local(&loopback, &to));
		}
		assert_int_equal(admin_doors_accept(stage.doors.fd[0], &peer, &local), -1);
		assert_int_equal(errno, EAGAIN);
		assert_false(local);
		admin_doors_close(&stage.doors);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_unix_socket_is_for_its_owner),
		TEST(what_nobody_listens_on_is_replaced),
		TEST(who_listens_is_left_alone),
		TEST(what_is_no_socket_of_an_admin_is_left_alone),
		TEST(a_folder_that_is_not_there_is_said),
		TEST(only_our_own_is_removed),
		TEST(localhost_is_both_loopback_addresses),
		TEST(a_port_in_use_is_said),
		TEST(a_port_may_be_used_again_at_once),
		TEST(knows_who_is_on_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
