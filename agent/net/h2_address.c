/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/util.h"

static bool set_ipv4(struct h2_address *a, const char *host, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
		return false;
	}
	memcpy(&a->at.storage, &sin, sizeof sin);
	a->len = sizeof sin;
	return true;
}

static bool set_ipv6(struct h2_address *a, const char *host, uint16_t port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET6, host, &sin6.sin6_addr) != 1) {
		return false;
	}
	memcpy(&a->at.storage, &sin6, sizeof sin6);
	a->len = sizeof sin6;
	return true;
}

unsigned h2_addresses(struct h2_address out[H2_ADDRESSES], const struct target *target)
{
	const struct endpoint *inet = &target->inet;

	memset(out, 0, H2_ADDRESSES * sizeof *out);
	if (target->kind == TARGET_UNIX) {
		out[0].at.local.sun_family = AF_UNIX;
		(void)snprintf(out[0].at.local.sun_path, sizeof out[0].at.local.sun_path, "%s",
				target->path);
		out[0].len = sizeof out[0].at.local;
		return 1;
	}
	if (set_ipv4(&out[0], inet->host, inet->port) ||
			set_ipv6(&out[0], inet->host, inet->port)) {
		return 1;
	}
	(void)set_ipv4(&out[0], "127.0.0.1", inet->port);
	(void)set_ipv6(&out[1], "::1", inet->port);
	return 2;
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
		int saved = errno;
		(void)close(fd);
		errno = saved;
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

void h2_address_drop(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	(void)close(fd);
}
