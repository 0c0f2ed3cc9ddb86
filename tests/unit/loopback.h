/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

/*
 * loopback - ports of 127.0.0.1 that are this test's own until its process ends.
 *
 * A port that the kernel gave and that was let go may be anybody's a moment later: another test's
 * server answers where nobody should, or has what ours wants. So a socket stays bound to it that
 * never listens. Nobody gets the port from the kernel meanwhile; who sets SO_REUSEADDR, as our
 * servers and the agent do, can listen on it, and a connection is refused while nobody does.
 */

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int loopback_bind(struct sockaddr_in *at)
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int bad = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
		  bind(fd, (struct sockaddr *)at, len) < 0 ||
		  getsockname(fd, (struct sockaddr *)at, &len) < 0;

	assert(!bad);
	(void)bad;
	return fd;
}

/* The same for ::1, at its port; -1 where that is somebody's. */
static inline int loopback_bind_six(const struct sockaddr_in6 *at)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0 ||
			bind(fd, (const struct sockaddr *)at, sizeof *at) < 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Whether the loopback has IPv6, too: not in every container. */
static inline bool loopback_has_ipv6(void)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

	(void)close(fd);
	return has;
}

/* A port where nobody listens. */
static inline uint16_t loopback_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)loopback_bind(&at); /* and so it stays */
	return ntohs(at.sin_port);
}

/* A socket that listens on such a port, and its address. */
static inline int loopback_listen(struct sockaddr_in *at, int backlog)
{
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(loopback_port()) };

	int fd = loopback_bind(at);
	int bad = listen(fd, backlog) < 0;

	assert(!bad);
	(void)bad;
	return fd;
}

/* A socket that listens at ::1. Its port is this test's own at 127.0.0.1, too, where nobody
 * listens. */
static inline int loopback_listen_six(struct sockaddr_in6 *at, int backlog)
{
	int held = -1;

	for (unsigned i = 0; i < 100 && held < 0; i++) {
		*at = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			.sin6_addr = IN6ADDR_LOOPBACK_INIT,
			.sin6_port = htons(loopback_port()) };
		held = loopback_bind_six(at); /* and so it stays */
	}
	int fd = loopback_bind_six(at);
	int bad = held < 0 || fd < 0 || listen(fd, backlog) < 0;

	assert(!bad);
	(void)bad;
	return fd;
}

#endif
