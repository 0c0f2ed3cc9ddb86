/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/util.h"

/* Bytes that are sent at once; what TLS puts in one record at most. */
#define SEND_SIZE 16384

/* An errno, or 0 with how much the socket took; less than all of it when it is full. */
static int send_some(int fd, const uint8_t *data, size_t len, size_t *sent)
{
	ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

	*sent = n > 0 ? (size_t)n : 0;
	return n >= 0 || errno == EAGAIN || errno == EINTR ? 0 : errno;
}

/* It may hold a token or a password. */
static void drop_kept(struct h2_output *o)
{
	if (o->kept != NULL) {
		explicit_bzero(o->kept, o->n_kept);
		free(o->kept);
		o->kept = NULL;
	}
}

/* What is left of an earlier round goes first. */
static int push_kept(struct h2_output *o, int fd, bool *full)
{
	size_t sent;
	int error = send_some(fd, o->kept + o->kept_sent, o->n_kept - o->kept_sent, &sent);

	o->kept_sent += sent;
	*full = o->kept_sent < o->n_kept;
	if (!*full) {
		drop_kept(o);
	}
	return error;
}

static int keep(struct h2_output *o, const uint8_t *data, size_t len)
{
	o->kept = malloc(len);
	if (o->kept == NULL) {
		return ENOMEM;
	}
	memcpy(o->kept, data, len);
	o->n_kept = len;
	o->kept_sent = 0;
	return 0;
}

static int push_plain(struct h2_output *o, int fd, struct h2_session *session, bool *full)
{
	uint8_t data[SEND_SIZE] LEFT_AS_IT_IS;
	size_t len, sent;
	int error = o->kept != NULL ? push_kept(o, fd, full) : 0;

	while (error == 0 && !*full &&
			(len = h2_session_take_out(session, data, sizeof data)) > 0) {
		error = send_some(fd, data, len, &sent);
		*full = sent < len;
		if (error == 0 && *full) {
			error = keep(o, data + sent, len - sent);
		}
		explicit_bzero(data, len);
	}
	return error;
}

/* More of what is to be sent into the records of TLS; false when there is no more, or not yet. */
static bool encrypt(struct h2_session *session, struct h2_tls *tls)
{
	uint8_t data[SEND_SIZE] LEFT_AS_IT_IS;
	size_t len = tls->state == H2_TLS_OPEN ? h2_session_take_out(session, data, sizeof data)
					       : 0;

	bool written = len > 0 && h2_tls_write(tls, data, len);

	explicit_bzero(data, len);
	return written;
}

static int push_tls(int fd, struct h2_session *session, struct h2_tls *tls, bool *full)
{
	const uint8_t *data;
	size_t len, sent;
	int error = 0;

	while (error == 0 && !*full &&
			((data = h2_tls_pending(tls, &len)) != NULL || encrypt(session, tls))) {
		if (data != NULL) {
			error = send_some(fd, data, len, &sent);
			*full = sent < len;
			h2_tls_sent(tls, sent);
		}
	}
	return error;
}

bool h2_output_is_starved(const struct h2_session *session, const struct h2_tls *tls)
{
	return session->starved || (tls != NULL && tls->starved);
}

int h2_output_push(struct h2_output *o, int fd, struct h2_session *session, struct h2_tls *tls,
		bool *full)
{
	*full = false;
	int error = tls != NULL ? push_tls(fd, session, tls, full)
				: push_plain(o, fd, session, full);
	return h2_output_is_starved(session, tls) ? ENOMEM : error;
}

void h2_output_finish(struct h2_output *o)
{
	drop_kept(o);
}
