/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_query - getaddrinfo in a thread, which ends with one byte through a pipe.
 *
 * The question is shared by the two of us until both have let go of it. The
 * thread writes its answer before it lets go, and the pipe's end is in the
 * question too, so a query that is cancelled leaves nothing behind once
 * getaddrinfo has returned.
 */
#include "agent/net/name_query.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/thread.h"
#include "agent/util.h"

struct name_question {
	atomic_uint users;
	int pipe[2]; /* we read, the thread writes */
	char host[ENDPOINT_HOST_MAX + 1], port[8];
	struct h2_address found[NAME_QUERY_ADDRESSES];
	unsigned n;
	int error; /* getaddrinfo's */
};

static void discard(struct name_question *asked)
{
	(void)close(asked->pipe[0]);
	(void)close(asked->pipe[1]);
	free(asked);
}

static void let_go(struct name_question *asked)
{
	if (atomic_fetch_sub(&asked->users, 1) == 1) {
		discard(asked);
	}
}

/* ---- in the thread ------------------------------------------------------------------- */

static void look_up(struct name_question *asked)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;

	asked->error = getaddrinfo(asked->host, asked->port, &hints, &found);
	if (asked->error != 0) {
		return;
	}
	for (struct addrinfo *at = found; at != NULL && asked->n < NAME_QUERY_ADDRESSES;
			at = at->ai_next) {
		asked->n += h2_address_set(&asked->found[asked->n], at->ai_addr, at->ai_addrlen)
					    ? 1
					    : 0;
	}
	freeaddrinfo(found);
}

static void *run(void *user)
{
	struct name_question *asked = user;
	const char done = 0;

	look_up(asked);
	(void)!write(asked->pipe[1], &done, 1);
	let_go(asked);
	return NULL;
}

/* ---- on the loop --------------------------------------------------------------------- */

static void end(struct name_query *q)
{
	ev_io_stop(q->loop, &q->answered);
	q->asked = NULL;
}

static void on_answered(struct ev_loop *loop, ev_io *answered, int revents)
{
	struct name_query *q = CONTAINER_OF(answered, struct name_query, answered);
	struct name_question *asked = q->asked;
	char done;

	UNUSED(loop);
	UNUSED(revents);
	(void)!read(asked->pipe[0], &done, 1); /* what the thread wrote before it can be seen now */
	const struct name_answer answer = {
		.found = asked->found,
		.n = asked->n,
		.why = asked->error != 0 ? gai_strerror(asked->error) : "it has no address",
		.later = asked->error == EAI_AGAIN,
	};
	end(q);
	q->done(q, &answer);
	let_go(asked);
}

static bool ask(struct name_question *asked, const struct endpoint *endpoint)
{
	memcpy(asked->host, endpoint->host, sizeof asked->host);
	(void)snprintf(asked->port, sizeof asked->port, "%u", (unsigned)endpoint->port);
	atomic_init(&asked->users, 2);
	return thread_start(run, asked);
}

bool name_query_start(struct name_query *q, struct ev_loop *loop, const struct endpoint *endpoint,
		name_query_done *done)
{
	struct name_question *asked = calloc(1, sizeof *asked);

	if (asked == NULL || pipe2(asked->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
		free(asked);
		return false;
	}
	if (!ask(asked, endpoint)) {
		discard(asked);
		return false;
	}
	q->asked = asked;
	q->loop = loop;
	q->done = done;
	ev_io_init(&q->answered, on_answered, asked->pipe[0], EV_READ);
	ev_io_start(loop, &q->answered);
	return true;
}

bool name_query_runs(const struct name_query *q)
{
	return q->asked != NULL;
}

void name_query_cancel(struct name_query *q)
{
	if (q->asked != NULL) {
		struct name_question *asked = q->asked;
		end(q);
		let_go(asked);
	}
}
