/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

/*
 * notify - tells whoever started the agent how far it is.
 *
 * Two ways, each only where it was asked for: datagrams to the socket that
 * $NOTIFY_SOCKET names (systemd's protocol, sd_notify(3)), and a newline on a
 * descriptor (s6 and others). It never blocks and never fails: what cannot be
 * sent now is sent soon, in order; what cannot be sent at all is dropped.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Bytes of STATUS, with its NUL. A longer text is cut. */
#define NOTIFY_STATUS_MAX 256

/* Embedded; members are for notify.c only. */
struct notify {
	struct ev_loop *loop; /* borrowed; NULL before notify_init and after notify_finish */
	int ready_fd;         /* owned; -1: none, or written to already */
	int fd;               /* owned; -1: nobody listens */
	union {
		struct sockaddr any;
		struct sockaddr_un local;
	} to;
	socklen_t to_len;
	ev_timer watchdog, again;
	double pause;                   /* before the next try, seconds */
	char status[NOTIFY_STATUS_MAX]; /* as it was sent last */
	char waiting[1024];             /* messages that could not be sent yet, each with its NUL */
	size_t n_waiting;               /* bytes */
};

/*
 * Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID and unsets them, so
 * that no program that we run takes them for its own. From here on the
 * watchdog is told, from the loop, that it turns. `ready_fd` is owned from
 * here on; -1 for none.
 */
void notify_init(struct notify *n, struct ev_loop *loop, int ready_fd);

/* Whether anybody takes in what is said here. */
bool notify_is_heard(const struct notify *n);

/* Up and running; after notify_reloading: again. The first time a newline goes to ready_fd, too. */
void notify_ready(struct notify *n);

/* A sentence for people. Sent when it differs from the last; a control character becomes a '?'. */
void notify_status(struct notify *n, const char *text);

/* notify_ready has to follow. */
void notify_reloading(struct notify *n);

void notify_stopping(struct notify *n);

/* Closes everything. Safe on a zeroed struct. */
void notify_finish(struct notify *n);

#endif
