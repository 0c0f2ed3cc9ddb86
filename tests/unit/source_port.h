/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SOURCE_PORT_H
#define TESTS_UNIT_SOURCE_PORT_H

/* source_port - does a socket of ours stand in the way of a service that wants its port? */

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* True when a server that sets SO_REUSEADDR, as gRPC servers do, can listen on the port of `fd`. */
static inline bool service_can_listen_on_source_port(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;
	int one = 1;
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&at, 0, sizeof at);
	bool can = server >= 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
		   setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
		   bind(server, (struct sockaddr *)&at, len) == 0 && listen(server, 1) == 0;
	(void)close(server);
	return can;
}

#endif
