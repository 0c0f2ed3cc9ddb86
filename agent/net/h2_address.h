/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_ADDRESS_H
#define AGENT_NET_H2_ADDRESS_H

/*
 * h2_address - from where a server is to a socket that is connecting.
 *
 * "localhost" stands for both loopback addresses, 127.0.0.1 first: a service
 * may listen on either.
 */

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/endpoint.h"

#define H2_ADDRESSES 2 /* of what is known without a name server, at most */

struct h2_address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un local;
	} at;
	socklen_t len;
};

/* Fills `out` and returns how many addresses there are, at least 1. */
unsigned h2_addresses(struct h2_address out[H2_ADDRESSES], const struct target *target);

/* The same for an endpoint; 0 when its host is a name that has to be looked up. */
unsigned h2_addresses_known(struct h2_address out[H2_ADDRESSES], const struct endpoint *endpoint);

/* A copy; false when it is of no kind that a connection can go to. */
bool h2_address_set(struct h2_address *a, const struct sockaddr *from, socklen_t len);

/*
 * A non-blocking socket on its way to the address, or -1 with errno set: EADDRINUSE
 * where this machine has no port left that a connection there could begin at. Data
 * that stays unacknowledged for `user_timeout_ms` ends a TCP connection.
 */
int h2_address_connect(const struct h2_address *address, unsigned user_timeout_ms);

/*
 * True when a TCP socket has connected to itself. That happens when nothing
 * listens on a port of the ephemeral range and the kernel picks that very port
 * as the source; kept open, it would hold the service's port.
 */
bool h2_address_is_self(int fd);

/* strerror(), but for what it does not say right here. */
const char *h2_address_says(int error);

/* What has become of a socket on its way: 0 when it is connected, or an errno. */
int h2_address_error(int fd);

/* With such an error somebody took the connection and dropped it: it is not for another address. */
static inline bool h2_address_was_taken(int error)
{
	return error == ECONNRESET || error == EPIPE;
}

/*
 * Closes what has said goodbye. What the peer has sent meanwhile is taken in first:
 * the kernel would answer bytes that nobody has read with a reset, which a server
 * complains about.
 */
void h2_address_hang_up(int fd);

/* Closes at once and leaves no TIME_WAIT behind. */
void h2_address_drop(int fd);

#endif
