/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_WAITING_H
#define AGENT_NET_WAITING_H

/* waiting - sockets that are waited for, within a time: for commands that do one thing after the
 * other. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Until one of `events` of poll(2) is there. False when the clock_now() time has come before. */
bool waiting_for(int fd, short events, double deadline);

/* A non-blocking socket that is connected, or -1 with errno set. */
int waiting_connect(const struct sockaddr *address, socklen_t len, double deadline);

/*
 * Connects, says one text and hears until the other side ends, `size` is full
 * or `enough` stands in it (NULL: never). `out` is a text in the end. 0, or -1
 * with errno set when nothing could be said or heard.
 */
int waiting_ask(const struct sockaddr *address, socklen_t len, const char *text, const char *enough,
		char *out, size_t size, double deadline);

#endif
