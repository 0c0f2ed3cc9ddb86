/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/waiting.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "agent/clock.h"

bool waiting_for(int fd, short events, double deadline)
{
	struct pollfd one = { .fd = fd, .events = events };
	double left = deadline - clock_now();

	return left > 0.0 && poll(&one, 1, (int)(left * 1e3) + 1) == 1;
}

/* What became of a connect: 0, or an errno. */
static int outcome_of(int fd, double deadline)
{
	int error = 0;
	socklen_t size = sizeof error;

	if (!waiting_for(fd, POLLOUT, deadline)) {
		return ETIMEDOUT;
	}
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int waiting_connect(const struct sockaddr *address, socklen_t len, double deadline)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -1;
	}
	int error = connect(fd, address, len) < 0 ? errno : 0;
	if (error == EINPROGRESS) {
		error = outcome_of(fd, deadline);
	}
	if (error != 0) {
		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int hear(int fd, const char *enough, char *out, size_t size, double deadline)
{
	size_t n = 0;

	out[0] = '\0';
	while (n + 1 < size && (enough == NULL || strstr(out, enough) == NULL)) {
		if (!waiting_for(fd, POLLIN, deadline)) {
			errno = ETIMEDOUT;
			break;
		}
		ssize_t got = read(fd, out + n, size - n - 1);
		if (got <= 0) {
			break; /* it has ended, or ended badly: what it said before counts */
		}
		n += (size_t)got;
		out[n] = '\0';
	}
	return n > 0 ? 0 : -1;
}

int waiting_ask(const struct sockaddr *address, socklen_t len, const char *text, const char *enough,
		char *out, size_t size, double deadline)
{
	int fd = waiting_connect(address, len, deadline), result = -1;

	if (fd < 0) {
		return -1;
	}
	errno = ECONNRESET; /* for an end without a word */
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text)) {
		result = hear(fd, enough, out, size, deadline);
	}
	int error = errno;
	(void)close(fd);
	errno = error;
	return result;
}
