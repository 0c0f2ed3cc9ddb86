/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier_ride - waiting, riding, and trying again.
 *
 * A request waits at its target until the line is ready, and rides on it then.
 * When a line ends, so do all that ride on it, and each is either told, or tried
 * once more on the next line: those that had joined a connection which was
 * there before them, as it may have died long ago. Repeating is safe for every
 * call that we make (lease.c says why). A stream that was heard is not
 * repeated: its owner knows from where to go on.
 *
 * Renewals are many small calls to one path: they share a stream that stays open
 * (the talk of the target), so that none but the first has headers.
 */
#include "agent/net/carrier_ride.h"

#include <stdio.h>

#include "agent/clock.h"
#include "agent/net/grpc_frame.h"
#include "agent/timer.h"

/*
 * Calls to one server that are in flight at a time. etcd answers as many in some
 * milliseconds; thousands at once it would answer too late, all of them.
 */
#define CROWD 256

/* ---- what comes of a call's own stream ----------------------------------------------- */

static bool take(struct carrier_request *r, const uint8_t *data, size_t len)
{
	r->overlong = r->received.len + len > CARRIER_BODY_MAX;
	if (!wiped_add(&r->received, data, len, CARRIER_BODY_MAX)) {
		return false;
	}
	r->target->heard_at = clock_now();
	r->heard = carrier_request_is_stream(r);
	return true;
}

static bool on_body(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	return take(CONTAINER_OF(stream, struct carrier_request, stream), data, len);
}

/* A stream's is taken from it first: whoever hears it may do anything. */
static void on_news(struct h2_stream *stream)
{
	struct carrier_request *r = CONTAINER_OF(stream, struct carrier_request, stream);

	if (carrier_request_is_stream(r) && r->received.len > 0) {
		struct wiped heard = wiped_take(&r->received);
		r->call.on_heard(r, heard.at, heard.len);
		wiped_free(&heard);
	}
}

/* A renewal keeps what is there; a stream stays, and would hold its place for ever. */
static bool is_of_crowd(const struct carrier_request *r)
{
	return !r->call.answers_each && !carrier_request_is_stream(r);
}

static void leave_talk(struct carrier_request *r)
{
	if (r->talks) {
		r->talks = false;
		r->target->talk.rider = NULL;
	}
}

static void unlist(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	if (r->begun) {
		t->n_crowd -= is_of_crowd(r) ? 1 : 0;
		r->begun = false;
	}
	fifo_remove(&t->waiting, &r->link); /* or the list that it is in instead */
}

/* Whatever is still to come of it must reach nobody: a talk in the middle of its answers ends. */
void carrier_ride_stop(struct carrier_request *r)
{
	if (r->talks) {
		carrier_talk_end(&r->target->talk);
		leave_talk(r);
	}
	h2_stream_cancel(&r->stream);
	unlist(r);
}

/* ---- a call on its line ------------------------------------------------------------- */

static const struct h2_stream_events stream_events, talk_events;

static void start_patience(struct carrier_request *r)
{
	if (r->queued) {
		r->queued = false;
		timer_start(r->carrier->loop, &r->deadline, r->patience);
	}
}

static void begin(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	unlist(r);
	list_add(&t->riding, &r->link);
	t->n_crowd += is_of_crowd(r) ? 1 : 0;
	r->begun = true;
	r->begun_at = clock_now();
	r->joined = carrier_line_is_established(&t->line);
	start_patience(r);
	if (r->call.answers_each && t->talk.rider == NULL) {
		r->talks = true;
		t->talk.rider = r;
		carrier_talk_say(&t->talk, &t->line.conn, &r->call, &talk_events);
	} else {
		carrier_stream_begin(&t->line.conn, &r->stream, &r->call,
				carrier_request_is_stream(r), &stream_events);
	}
}

static bool is_let_on(const struct carrier_request *r)
{
	return r->target->n_crowd < CROWD || !is_of_crowd(r);
}

/* Until its turn comes nobody is late. */
static void let_on_or_queue(struct carrier_request *r)
{
	if (is_let_on(r)) {
		begin(r);
	} else {
		r->queued = true;
		ev_timer_stop(r->carrier->loop, &r->deadline);
	}
}

void carrier_ride_go_on(struct carrier_target *t)
{
	while (t->waiting.first != NULL && carrier_line_is_ready(&t->line) &&
			is_let_on(carrier_request_of(t->waiting.first))) {
		begin(carrier_request_of(t->waiting.first));
	}
}

/* All have waited for the line alone: now they are as those who come when it is there. */
static void on_ready(struct carrier_line *line)
{
	struct carrier_target *t = CONTAINER_OF(line, struct carrier_target, line);

	t->opened_at = clock_now();
	for (struct list *link = t->waiting.first, *next; link != NULL; link = next) {
		struct carrier_request *r = carrier_request_of(link);
		next = link->next;
		let_on_or_queue(r);
	}
}

void carrier_ride(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	wiped_free(&r->received);
	fifo_add(&t->waiting, &r->link);
	if (carrier_line_is_ready(&t->line)) {
		let_on_or_queue(r);
	} else {
		start_patience(r);
		carrier_line_open(&t->line);
	}
}

static void try_again(struct carrier_request *r)
{
	r->retried = true;
	carrier_ride_stop(r);
	carrier_ride(r);
}

static bool may_try_again(const struct carrier_request *r)
{
	return r->joined && !r->retried && !r->heard;
}

static void end_of_stream(
		struct carrier_request *r, enum h2_end end, const struct grpc_status *status)
{
	struct carrier_line *line = &r->target->line;
	char why[ENDPOINT_TEXT_MAX + 80];

	r->target->heard_at = clock_now();
	switch (end) {
	case H2_END_STATUS:
		line->proven = true;
		carrier_finish(r, CARRIER_ANSWERED, status, "");
		return;
	case H2_END_BAD_FRAME:
		(void)snprintf(why, sizeof why, "%s %s", line->name,
				r->overlong ? "answers with more than 8 MiB"
					    : "does not answer as etcd does");
		carrier_finish(r, r->overlong ? CARRIER_TOO_LONG : CARRIER_NOT_GRPC, status, why);
		return;
	case H2_END_NOT_GRPC:
		(void)snprintf(why, sizeof why, "%s does not speak gRPC (HTTP status %d)",
				line->name, status->http);
		carrier_finish(r, CARRIER_NOT_GRPC, status, why);
		return;
	case H2_END_RESET:
	case H2_END_NO_STATUS:
		if (may_try_again(r)) {
			try_again(r);
			return;
		}
		(void)snprintf(why, sizeof why, "the connection to %s broke: %s", line->name,
				end == H2_END_RESET ? "it reset the call" : "no grpc-status");
		carrier_finish(r, CARRIER_BROKEN, status, why);
		return;
	}
}

static void on_stream_end(
		struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	end_of_stream(CONTAINER_OF(stream, struct carrier_request, stream), end, status);
}

static const struct h2_stream_events stream_events = {
	.on_body = on_body,
	.on_news = on_news,
	.on_end = on_stream_end,
};

/* ---- a talk ----------------------------------------------------------------------------- */

static struct carrier_talk *talk_of(struct h2_stream *stream)
{
	return CONTAINER_OF(stream, struct carrier_talk, stream);
}

/* What nobody has asked for is no answer: the stream ends. */
static bool on_talk_body(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct carrier_request *r = talk_of(stream)->rider;

	return r != NULL && take(r, data, len);
}

static void on_talk_news(struct h2_stream *stream)
{
	static const struct grpc_status fine = { .http = 200, .grpc_type = true, .seen = true };
	struct carrier_talk *talk = talk_of(stream);
	struct carrier_request *r = talk->rider;

	if (r != NULL && grpc_count_messages(r->received.at, r->received.len) >= r->expected) {
		r->target->line.proven = true;
		carrier_talk_rest(talk, &r->target->line.conn);
		leave_talk(r);
		carrier_finish(r, CARRIER_ANSWERED, &fine, "");
	}
}

/* The server has ended it, perhaps long ago: who has just begun to speak in it goes on in another.
 */
static void on_talk_end(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct carrier_request *r = talk_of(stream)->rider;

	if (r == NULL) {
		return;
	}
	leave_talk(r);
	if (end == H2_END_STATUS && status->code == GRPC_OK && r->received.len == 0 &&
			may_try_again(r)) {
		try_again(r);
	} else {
		end_of_stream(r, end, status);
	}
}

static const struct h2_stream_events talk_events = {
	.on_body = on_talk_body,
	.on_news = on_talk_news,
	.on_end = on_talk_end,
};

/* ---- the end of a line ---------------------------------------------------------------- */

/*
 * All that ride on it or wait for it, who came first before who came later. They are
 * taken out before anyone is told or goes on: whoever is told may start the next
 * call here, or cancel another one.
 */
static void take_all(struct carrier_target *t, struct list **all)
{
	while (t->riding != NULL) { /* the last that has begun stands first */
		struct carrier_request *r = carrier_request_of(t->riding);
		carrier_ride_stop(r);
		list_add(all, &r->link);
	}
	while (*all != NULL) {
		all = &(*all)->next;
	}
	while (t->waiting.first != NULL) {
		struct carrier_request *r = carrier_request_of(t->waiting.first);
		carrier_ride_stop(r);
		list_add(all, &r->link);
		all = &r->link.next;
	}
}

/* Who had joined the line is tried again, who stood behind others goes on to the next one. */
static bool goes_on(struct carrier_request *r)
{
	if (!r->queued && !may_try_again(r)) {
		return false;
	}
	r->retried = r->retried || !r->queued;
	list_remove(&r->link);
	carrier_ride(r);
	return true;
}

static void on_line_end(struct carrier_line *line, enum carrier_end end, const char *why)
{
	struct list *lost = NULL;

	take_all(CONTAINER_OF(line, struct carrier_target, line), &lost);
	while (lost != NULL) {
		struct carrier_request *r = carrier_request_of(lost);
		if (!goes_on(r)) {
			list_move(&r->carrier->ending, &r->link);
			carrier_finish(r, end, NULL, why);
		}
	}
}

const struct carrier_line_events carrier_ride_events = {
	.on_ready = on_ready,
	.on_end = on_line_end,
};

static void tell_later(struct carrier_request *r)
{
	list_move(&r->carrier->ending, &r->link);
	r->found = CARRIER_BROKEN;
	timer_start(r->carrier->loop, &r->deadline, 0.0);
}

/*
 * On the next line things may be better: once. Where nobody was answered on this one
 * either it is the server, and a queue, of which some are let on in each patience, would
 * stand here for minutes.
 */
void carrier_ride_leave(struct carrier_target *t)
{
	bool hopeless = t->heard_at < t->opened_at;
	struct list *lost = NULL;

	for (struct list *link = t->riding; link != NULL; link = link->next) {
		carrier_request_of(link)->joined = true;
	}
	carrier_line_close(&t->line);
	take_all(t, &lost);
	while (lost != NULL) {
		struct carrier_request *r = carrier_request_of(lost);
		r->queued = r->queued && !hopeless;
		if (!goes_on(r)) {
			tell_later(r);
		}
	}
}
