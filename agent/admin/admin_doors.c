/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/admin_doors.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/util.h"

#define BACKLOG 128
#define SPARE   8 /* descriptors that are not taken for the admin */

/* ---- a unix socket ----------------------------------------------------------------- */

/* 1: somebody answers there. 0: nobody. -1 with errno: that cannot be told. */
static int is_answered(const struct h2_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	/* EAGAIN: its queue is full. */
	int result = connect(fd, &address->at.any, address->len) == 0 || errno == EAGAIN ? 1
		     : errno == ECONNREFUSED || errno == ENOENT                          ? 0
											 : -1;
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return result;
}

/* Removes a socket that is left of one who has gone. 0 when the place is free. */
static int clear_place(const struct h2_address *address, const char *name, struct err *err)
{
	const char *path = address->at.local.sun_path;
	struct stat there;

	if (lstat(path, &there) < 0) {
		return errno == ENOENT ? 0
				       : err_set(err, ERR_SYSTEM, "%s: %s", name, strerror(errno));
	}
	if (!S_ISSOCK(there.st_mode)) {
		return err_set(err, ERR_SYSTEM, "%s: there is something that is no socket", name);
	}
	int answered = is_answered(address);
	if (answered > 0) {
		return err_set(err, ERR_SYSTEM, "%s: another agent listens there", name);
	}
	if (answered < 0 || (unlink(path) < 0 && errno != ENOENT)) {
		return err_set(err, ERR_SYSTEM, "%s: %s", name, strerror(errno));
	}
	return 0;
}

/* With bind(2) the file is there, so that its mode has to be settled before. */
static int bind_privately(int fd, const struct h2_address *address)
{
	mode_t before = umask(S_IRWXG | S_IRWXO | S_IXUSR);
	int result = bind(fd, &address->at.any, address->len);
	int saved = errno;

	(void)umask(before);
	errno = saved;
	return result;
}

static void remember_file(struct admin_doors *d, const char *path)
{
	struct stat there;

	if (lstat(path, &there) == 0) {
		(void)snprintf(d->path, sizeof d->path, "%s", path);
		d->device = there.st_dev;
		d->inode = there.st_ino;
	}
}

/* ---- any socket ------------------------------------------------------------------- */

static void set_options(int fd, int family)
{
	int one = 1, zero = 0;

	/* A restart does not wait for connections of the one before. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (family == AF_INET6) { /* [::] is every address, whatever the machine's default is */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	}
}

/* A listening socket, or -1 with errno. */
static int listen_at(struct admin_doors *d, const struct h2_address *address)
{
	int family = address->at.any.sa_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	int bound;
	if (family == AF_UNIX) {
		bound = bind_privately(fd, address);
		if (bound == 0) {
			remember_file(d, address->at.local.sun_path);
		}
	} else {
		set_options(fd, family);
		bound = bind(fd, &address->at.any, address->len);
	}
	if (bound < 0 || listen(fd, BACKLOG) < 0) {
		int saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int admin_doors_open(struct admin_doors *d, const struct target *target, struct err *err)
{
	struct h2_address addresses[H2_ADDRESSES];
	unsigned n = h2_addresses(addresses, target);
	char name[TARGET_TEXT_MAX];
	int why = 0;

	memset(d, 0, sizeof *d);
	target_format(name, sizeof name, target);
	if (target->kind == TARGET_UNIX && clear_place(&addresses[0], name, err) < 0) {
		return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		int fd = listen_at(d, &addresses[i]);
		if (fd >= 0) {
			d->fd[d->n++] = fd;
			continue;
		}
		why = errno;
		if (n == 1 || (why != EADDRNOTAVAIL && why != EAFNOSUPPORT)) {
			break;
		}
		why = d->n > 0 || i + 1 < n ? 0 : why; /* a machine may have one of the two */
	}
	if (why != 0) {
		admin_doors_close(d);
		return err_set(err, ERR_SYSTEM, "%.120s: %s", name, strerror(why));
	}
	return 0;
}

void admin_doors_close(struct admin_doors *d)
{
	struct stat there;

	for (size_t i = 0; i < d->n; i++) {
		(void)close(d->fd[i]);
	}
	if (d->path[0] != '\0' && lstat(d->path, &there) == 0 && there.st_dev == d->device &&
			there.st_ino == d->inode) {
		(void)unlink(d->path);
	}
	memset(d, 0, sizeof *d);
}

/* ---- who comes --------------------------------------------------------------------- */

/* As the kernel knows it, also where an IPv4 peer comes through an IPv6 socket. */
static bool is_local(const struct h2_address *peer)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	switch (peer->at.any.sa_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		memcpy(&sin, &peer->at, sizeof sin);
		return ntohl(sin.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		memcpy(&sin6, &peer->at, sizeof sin6);
		return IN6_IS_ADDR_LOOPBACK(&sin6.sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr) && sin6.sin6_addr.s6_addr[12] == 127);
	default:
		return false;
	}
}

/*
 * Both ends. A proxy beside us (a service mesh) hands on what anybody sends to
 * the machine's own address, and comes from loopback then.
 */
static bool is_of_here(int fd, const struct h2_address *peer)
{
	struct h2_address own = { .len = sizeof own.at };

	return is_local(peer) && getsockname(fd, &own.at.any, &own.len) == 0 && is_local(&own);
}

/* The agent's own connections come first. */
static bool is_among_the_last(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	       (rlim_t)fd + SPARE >= limit.rlim_cur;
}

int admin_doors_accept(int fd, struct h2_address *peer, bool *local)
{
	memset(peer, 0, sizeof *peer);
	peer->len = sizeof peer->at;
	int came = accept4(fd, &peer->at.any, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (came >= 0 && is_among_the_last(came)) {
		(void)close(came);
		errno = EMFILE;
		came = -1;
	}
	*local = came >= 0 && is_of_here(came, peer);
	return came;
}
