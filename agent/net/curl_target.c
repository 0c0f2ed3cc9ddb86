/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/util.h"

struct curl_target *curl_target_create(const struct endpoint *endpoint)
{
	struct curl_target *t = calloc(1, sizeof *t);

	if (t == NULL) {
		return NULL;
	}
	endpoint_format(t->name, sizeof t->name, endpoint->host, endpoint->port);
	(void)snprintf(t->base, sizeof t->base, "http://%s", t->name);
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		t->fds[i] = -1;
	}
	return t;
}

/* The first slot that holds `was` holds `is` from now on. */
static void replace_fd(struct curl_target *t, int was, int is)
{
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		if (t->fds[i] == was) {
			t->fds[i] = is;
			return;
		}
	}
}

int curl_target_socket(struct curl_target *t, int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0) {
		int one = 1; /* our source port may be the one that a service is about to listen on
			      */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		t->sockets++;
		replace_fd(t, -1, fd);
	}
	return fd;
}

int curl_target_close(struct curl_target *t, int fd)
{
	t->sockets--;
	replace_fd(t, fd, -1);
	return close(fd);
}

bool curl_target_joinable(const struct curl_target *t)
{
	return !t->stale && (t->sockets > 0 || t->connecting > 0);
}

void curl_target_abandon(struct curl_target *t)
{
	t->stale = true;
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		if (t->fds[i] >= 0) {
			(void)shutdown(t->fds[i], SHUT_RDWR);
		}
	}
}
