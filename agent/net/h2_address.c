/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "agent/util.h"

#define UNREAD_MAX 64 /* times 4 KiB: who sends more than that has said more than answers */

static bool set_ipv4(struct h2_address *a, const char *host, uint16_t port)
{
	a->at.in.sin_family = AF_INET;
	a->at.in.sin_port = htons(port);
	a->len = sizeof a->at.in;
	return inet_pton(AF_INET, host, &a->at.in.sin_addr) == 1;
}

static bool set_ipv6(struct h2_address *a, const char *host, uint16_t port)
{
	a->at.in6.sin6_family = AF_INET6;
	a->at.in6.sin6_port = htons(port);
	a->len = sizeof a->at.in6;
	return inet_pton(AF_INET6, host, &a->at.in6.sin6_addr) == 1;
}

unsigned h2_addresses_known(struct h2_address out[H2_ADDRESSES], const struct endpoint *endpoint)
{
	memset(out, 0, H2_ADDRESSES * sizeof *out);
	if (set_ipv4(&out[0], endpoint->host, endpoint->port)) {
		return 1;
	}
	memset(out, 0, sizeof *out);
	if (set_ipv6(&out[0], endpoint->host, endpoint->port)) {
		return 1;
	}
	memset(out, 0, sizeof *out);
	if (strcasecmp(endpoint->host, "localhost") != 0) {
		return 0;
	}
	(void)set_ipv4(&out[0], "127.0.0.1", endpoint->port);
	(void)set_ipv6(&out[1], "::1", endpoint->port);
	return 2;
}

/* A probe's host is an address or "localhost", so its addresses are always known. */
unsigned h2_addresses(struct h2_address out[H2_ADDRESSES], const struct target *target)
{
	if (target->kind != TARGET_UNIX) {
		return h2_addresses_known(out, &target->inet);
	}
	memset(out, 0, H2_ADDRESSES * sizeof *out);
	out[0].at.local.sun_family = AF_UNIX;
	(void)snprintf(out[0].at.local.sun_path, sizeof out[0].at.local.sun_path, "%s",
			target->path);
	out[0].len = sizeof out[0].at.local;
	return 1;
}

bool h2_address_set(struct h2_address *a, const struct sockaddr *from, socklen_t len)
{
	if ((from->sa_family != AF_INET && from->sa_family != AF_INET6) || len > sizeof a->at) {
		return false;
	}
	memset(a, 0, sizeof *a);
	memcpy(&a->at, from, len);
	a->len = len;
	return true;
}

static void set_tcp(int fd, unsigned user_timeout_ms)
{
	int one = 1;

	/* Our source port may be the very port that a service is about to listen on. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* These only make things quicker; a socket without them still works. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
			sizeof user_timeout_ms);
}

/* A loopback address is our own as well; that of a server elsewhere is not looked for. */
static bool is_there(const struct h2_address *address)
{
	struct h2_address any_port = *address;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	any_port.at.in6.sin6_port = 0;
	bool there = fd >= 0 && bind(fd, &any_port.at.any, any_port.len) == 0;
	if (fd >= 0) {
		(void)close(fd);
	}
	return there;
}

/* The kernel says the same where all ports are in use and where the machine has no ::1. */
static int reason_of(int error, const struct h2_address *address)
{
	bool lacks_port = error == EADDRNOTAVAIL &&
			  (address->at.any.sa_family == AF_INET || is_there(address));

	return lacks_port ? EADDRINUSE : error;
}

const char *h2_address_says(int error)
{
	return error == EADDRINUSE ? "all ports for connections to it are in use here"
				   : strerror(error);
}

int h2_address_connect(const struct h2_address *address, unsigned user_timeout_ms)
{
	int family = address->at.any.sa_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	if (family != AF_UNIX) {
		set_tcp(fd, user_timeout_ms);
	}
	if (connect(fd, &address->at.any, address->len) < 0 && errno != EINPROGRESS) {
		int reason = reason_of(errno, address);
		(void)close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

bool h2_address_is_self(int fd)
{
	struct sockaddr_storage local, peer;
	socklen_t n_local = sizeof local, n_peer = sizeof peer;

	memset(&local, 0, sizeof local);
	memset(&peer, 0, sizeof peer);
	return getsockname(fd, (struct sockaddr *)&local, &n_local) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &n_peer) == 0 &&
	       local.ss_family != AF_UNIX && n_local == n_peer &&
	       memcmp(&local, &peer, n_local) == 0;
}

int h2_address_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return errno;
	}
	return error == 0 && h2_address_is_self(fd) ? ECONNREFUSED : error;
}

void h2_address_drop(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	(void)close(fd);
}

void h2_address_hang_up(int fd)
{
	char unread[4096];

	for (unsigned i = 0; i < UNREAD_MAX && recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0;
			i++) {
	}
	(void)close(fd);
}
