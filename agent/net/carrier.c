/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier - calls on lines.
 *
 * A request waits at its target until the line is ready, and rides on it then.
 * When a line ends, so do all that ride on it, and each is either told, or tried
 * once more on the next line: those that had joined a connection which was
 * there before them, as it may have died long ago. Repeating is safe for every
 * call that we make (lease.c says why). A stream that was heard is not
 * repeated: its owner knows from where to go on.
 *
 * A line that keeps silent until a call's deadline may lead into a black hole:
 * it is left, and what else rode on it is tried on the next one.
 */
#include "agent/net/carrier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/carrier_line.h"
#include "agent/timer.h"
#include "agent/util.h"

#define BODY_LIMIT (8u << 20) /* bytes; etcd's answers to us are far below */
#define TOO_LATE   0.001      /* seconds that a call must have left */

struct carrier_target {
	struct list link;
	struct carrier *carrier;
	struct carrier_line line;
	struct list *waiting, *riding;
	unsigned used; /* the carrier's count when a call last ended here */
};

struct carrier {
	struct ev_loop *loop;  /* borrowed */
	struct random *random; /* borrowed */
	struct tls_shelf shelf;
	struct list *targets;
	struct list *ending; /* requests that no line has any more */
	unsigned kept, used;
};

static struct carrier_request *request_of(struct list *link)
{
	return CONTAINER_OF(link, struct carrier_request, link);
}

static struct carrier_target *target_of(struct list *link)
{
	return CONTAINER_OF(link, struct carrier_target, link);
}

static bool is_stream(const struct carrier_request *r)
{
	return r->call.on_heard != NULL;
}

/* ---- what was received: it may be a token ---------------------------------------- */

static void free_received(uint8_t *received, size_t size)
{
	if (received != NULL) {
		explicit_bzero(received, size);
		free(received);
	}
}

static bool make_room(struct carrier_request *r, size_t needed)
{
	size_t size = 2 * r->received_size > needed ? 2 * r->received_size : needed;

	if (needed <= r->received_size) {
		return true;
	}
	uint8_t *grown = malloc(size);
	if (grown == NULL) {
		return false;
	}
	if (r->received != NULL) {
		memcpy(grown, r->received, r->n_received);
		free_received(r->received, r->received_size);
	}
	r->received = grown;
	r->received_size = size;
	return true;
}

static bool on_body(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct carrier_request *r = CONTAINER_OF(stream, struct carrier_request, stream);

	if (len > BODY_LIMIT - r->n_received || !make_room(r, r->n_received + len)) {
		return false;
	}
	memcpy(r->received + r->n_received, data, len);
	r->n_received += len;
	r->heard = is_stream(r);
	return true;
}

/* A stream's is taken from it first: whoever hears it may do anything. */
static void on_news(struct h2_stream *stream)
{
	struct carrier_request *r = CONTAINER_OF(stream, struct carrier_request, stream);
	uint8_t *received = r->received;
	size_t len = r->n_received, size = r->received_size;

	if (is_stream(r) && len > 0) {
		r->received = NULL;
		r->n_received = r->received_size = 0;
		r->call.on_heard(r, received, len);
		free_received(received, size);
	}
}

/* ---- connections that nobody needs ------------------------------------------------ */

static bool is_idle(const struct carrier_target *t)
{
	return carrier_line_is_ready(&t->line) && t->riding == NULL;
}

/* Closes the one that was used longest ago, as long as more are idle than may be. */
static void close_idle(struct carrier *c)
{
	for (;;) {
		struct carrier_target *oldest = NULL;
		unsigned n = 0;
		for (struct list *link = c->targets; link != NULL; link = link->next) {
			struct carrier_target *t = target_of(link);
			if (is_idle(t)) {
				n++;
				oldest = oldest == NULL || t->used < oldest->used ? t : oldest;
			}
		}
		if (n <= c->kept) {
			return;
		}
		carrier_line_close(&oldest->line);
	}
}

/* ---- the end ----------------------------------------------------------------------- */

static void detach(struct carrier_request *r)
{
	h2_stream_cancel(&r->stream);
	ev_timer_stop(r->carrier->loop, &r->deadline);
	list_remove(&r->link);
	r->target->used = ++r->carrier->used;
	r->carrier = NULL;
}

static void finish(struct carrier_request *r, enum carrier_end end,
		const struct grpc_status *status, const char *why)
{
	static const struct grpc_status none;
	struct carrier *c = r->carrier;
	uint8_t *received = r->received;
	size_t size = r->received_size;
	const struct carrier_answer answer = {
		.end = end,
		.status = status != NULL ? status : &none,
		.body = received,
		.len = r->n_received,
		.why = why,
	};

	detach(r);
	r->received = NULL;
	close_idle(c);
	r->done(r, &answer);
	free_received(received, size);
}

/* ---- a call on its line ------------------------------------------------------------- */

static const struct h2_stream_events stream_events;

static void begin(struct carrier_request *r)
{
	struct carrier_target *t = r->target;
	/* A member without a leader says so at once, and does not wait. */
	const struct h2_header headers[] = { { "hasleader", "true" }, { "token", r->call.token } };
	const struct h2_call call = {
		.path = r->call.path,
		.headers = headers,
		.n_headers = ARRAY_LEN(headers) - (r->call.token[0] == '\0' ? 1 : 0),
		.body = r->call.body,
		.n_body = r->call.len,
	};

	r->begun = true;
	r->joined = carrier_line_is_established(&t->line);
	list_move(&t->riding, &r->link);
	h2_stream_start(&t->line.conn, &r->stream, &call, &stream_events);
}

/* In the order in which they came: a list gives the last one first. */
static void begin_waiting(struct carrier_target *t)
{
	struct list *turned = NULL;

	while (t->waiting != NULL) {
		list_move(&turned, t->waiting);
	}
	while (turned != NULL) {
		begin(request_of(turned));
	}
}

static void on_ready(struct carrier_line *line)
{
	begin_waiting(CONTAINER_OF(line, struct carrier_target, line));
}

static void wait_for_line(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	r->begun = false;
	r->n_received = 0;
	list_move(&t->waiting, &r->link);
	if (carrier_line_is_ready(&t->line)) {
		begin(r);
	} else {
		carrier_line_open(&t->line);
	}
}

static void try_again(struct carrier_request *r)
{
	r->retried = true;
	wait_for_line(r);
}

static bool may_try_again(const struct carrier_request *r)
{
	return r->joined && !r->retried && !r->heard;
}

static void on_stream_end(
		struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct carrier_request *r = CONTAINER_OF(stream, struct carrier_request, stream);
	struct carrier_line *line = &r->target->line;
	char why[ENDPOINT_TEXT_MAX + 80];

	switch (end) {
	case H2_END_STATUS:
		line->proven = true;
		finish(r, CARRIER_ANSWERED, status, "");
		return;
	case H2_END_BAD_FRAME:
		(void)snprintf(why, sizeof why, "%s does not answer as etcd does", line->name);
		finish(r, CARRIER_NOT_GRPC, status, why);
		return;
	case H2_END_NOT_GRPC:
		(void)snprintf(why, sizeof why, "%s does not speak gRPC (HTTP status %d)",
				line->name, status->http);
		finish(r, CARRIER_NOT_GRPC, status, why);
		return;
	case H2_END_RESET:
	case H2_END_NO_STATUS:
		if (may_try_again(r)) {
			try_again(r);
			return;
		}
		(void)snprintf(why, sizeof why, "the connection to %s broke: %s", line->name,
				end == H2_END_RESET ? "it reset the call" : "no grpc-status");
		finish(r, CARRIER_BROKEN, status, why);
		return;
	}
}

static const struct h2_stream_events stream_events = {
	.on_body = on_body,
	.on_news = on_news,
	.on_end = on_stream_end,
};

/* ---- the end of a line ---------------------------------------------------------------- */

/*
 * Who waited for it ends with it, who had joined it is tried again. All are taken
 * out first: whoever is told may start the next call here.
 */
static void end_all(struct carrier_target *t, enum carrier_end end, const char *why)
{
	struct list *lost = NULL;

	while (t->riding != NULL) {
		list_move(&lost, t->riding);
	}
	while (t->waiting != NULL) {
		list_move(&lost, t->waiting);
	}
	while (lost != NULL) {
		struct carrier_request *r = request_of(lost);
		if (may_try_again(r)) {
			try_again(r);
		} else {
			finish(r, end, NULL, why);
		}
	}
}

static void on_line_end(struct carrier_line *line, enum carrier_end end, const char *why)
{
	end_all(CONTAINER_OF(line, struct carrier_target, line), end, why);
}

static const struct carrier_line_events line_events = {
	.on_ready = on_ready,
	.on_end = on_line_end,
};

/* It is we who leave it: what else rides on it is innocent, and may try again. */
static void leave_line(struct carrier_target *t)
{
	char why[ENDPOINT_TEXT_MAX + 80];

	for (struct list *link = t->riding; link != NULL; link = link->next) {
		request_of(link)->joined = true;
	}
	(void)snprintf(why, sizeof why, "the connection to %s was left: it was silent",
			t->line.name);
	carrier_line_close(&t->line);
	if (t->riding != NULL) {
		end_all(t, CARRIER_BROKEN, why);
	}
}

/* ---- deadlines -------------------------------------------------------------------------- */

/* The server is to blame only when an earlier try has reached it, or might have. */
static void finish_early(struct carrier_request *r)
{
	char why[ENDPOINT_TEXT_MAX + 80];

	if (r->found == CARRIER_NO_MEMORY) {
		finish(r, CARRIER_NO_MEMORY, NULL, "out of memory");
		return;
	}
	(void)snprintf(why, sizeof why,
			"too late: the time for a call to %s had passed before it began",
			r->target->line.name);
	finish(r, CARRIER_TOO_LATE, NULL, why);
}

static void finish_late(struct carrier_request *r)
{
	struct carrier_target *t = r->target;
	bool begun = r->begun;
	char why[ENDPOINT_TEXT_MAX + 80];

	(void)snprintf(why, sizeof why, "no answer from %s in time", t->line.name);
	h2_stream_cancel(&r->stream);
	list_move(&r->carrier->ending, &r->link);
	if (begun) {
		leave_line(t);
	}
	finish(r, CARRIER_TIMEOUT, NULL, why);
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	struct carrier_request *r = CONTAINER_OF(deadline, struct carrier_request, deadline);

	UNUSED(loop);
	UNUSED(revents);
	if (r->found != CARRIER_ANSWERED) {
		finish_early(r);
	} else if (!is_stream(r) || !r->begun || !carrier_line_is_established(&r->target->line)) {
		finish_late(r);
	}
}

/* ---- starting and cancelling ---------------------------------------------------------- */

void carrier_start(struct carrier *c, struct carrier_request *r, struct carrier_target *t,
		const struct carrier_call *call, carrier_done *done)
{
	double left = call->deadline - clock_now();

	assert(r->carrier == NULL); /* one call at a time */
	memset(r, 0, sizeof *r);
	r->carrier = c;
	r->target = t;
	r->call = *call;
	r->done = done;
	ev_timer_init(&r->deadline, on_deadline, 0.0, 0.0);
	if (call->body == NULL || left < TOO_LATE) {
		list_add(&c->ending, &r->link);
		r->found = call->body == NULL ? CARRIER_NO_MEMORY : CARRIER_TOO_LATE;
		timer_start(c->loop, &r->deadline, 0.0);
		return;
	}
	list_add(&t->waiting, &r->link);
	timer_start(c->loop, &r->deadline, left);
	if (is_idle(t) && carrier_line_is_outdated(&t->line)) {
		carrier_line_close(&t->line);
	}
	wait_for_line(r);
}

void carrier_cancel(struct carrier_request *r)
{
	if (r->carrier != NULL) {
		struct carrier *c = r->carrier;
		detach(r);
		free_received(r->received, r->received_size);
		r->received = NULL;
		close_idle(c);
	}
}

void carrier_abandon(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	if (r->carrier != NULL) {
		carrier_cancel(r);
		leave_line(t);
	}
}

/* ---- making and ending ------------------------------------------------------------------ */

struct carrier *carrier_create(struct ev_loop *loop, struct random *random)
{
	struct carrier *c = calloc(1, sizeof *c);

	if (c != NULL) {
		c->loop = loop;
		c->random = random;
		c->shelf.words = &tls_words_etcd;
		c->kept = 1;
	}
	return c;
}

void carrier_keep(struct carrier *c, unsigned connections)
{
	c->kept = connections;
}

static void destroy_target(struct carrier_target *t)
{
	while (t->riding != NULL) {
		carrier_cancel(request_of(t->riding));
	}
	while (t->waiting != NULL) {
		carrier_cancel(request_of(t->waiting));
	}
	if (t->link.at != NULL) {
		list_remove(&t->link);
	}
	carrier_line_finish(&t->line);
	free(t);
}

struct carrier_target *carrier_target(
		struct carrier *c, const struct endpoint *endpoint, const struct tls_settings *tls)
{
	struct carrier_target *t = calloc(1, sizeof *t);

	if (t == NULL) {
		return NULL;
	}
	t->carrier = c;
	if (carrier_line_init(&t->line, c->loop, c->random, endpoint, endpoint->tls ? tls : NULL,
			    &c->shelf, &line_events) < 0) {
		destroy_target(t);
		return NULL;
	}
	list_add(&c->targets, &t->link);
	return t;
}

void carrier_destroy(struct carrier *c)
{
	if (c == NULL) {
		return;
	}
	while (c->ending != NULL) {
		carrier_cancel(request_of(c->ending));
	}
	while (c->targets != NULL) {
		destroy_target(target_of(c->targets));
	}
	tls_shelf_finish(&c->shelf);
	free(c);
}
