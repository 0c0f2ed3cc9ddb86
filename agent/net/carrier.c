/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier - the life of a request, from its start to its end; carrier_ride has
 * it while it is on the way.
 *
 * A line on which nothing is heard until a call's deadline may lead into a black
 * hole: it is left, and what else rode on it is tried on the next one. That a call
 * was late which had hardly begun there, as it was tried again, says nothing.
 */
#include "agent/net/carrier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/carrier_ride.h"
#include "agent/net/grpc_frame.h"
#include "agent/timer.h"
#include "agent/util.h"

#define TOO_LATE 0.001 /* seconds that a call must have left */

static struct carrier_target *target_of(struct list *link)
{
	return CONTAINER_OF(link, struct carrier_target, link);
}

/* ---- connections that nobody needs ------------------------------------------------ */

static bool is_idle(const struct carrier_target *t)
{
	return carrier_line_is_ready(&t->line) && t->riding == NULL && t->waiting.first == NULL;
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
	carrier_ride_stop(r);
	ev_timer_stop(r->carrier->loop, &r->deadline);
	r->target->used = ++r->carrier->used;
	r->carrier = NULL;
	carrier_ride_go_on(r->target);
}

void carrier_finish(struct carrier_request *r, enum carrier_end end,
		const struct grpc_status *status, const char *why)
{
	static const struct grpc_status none;
	struct carrier *c = r->carrier;
	struct wiped received = wiped_take(&r->received);
	const struct carrier_answer answer = {
		.end = end,
		.status = status != NULL ? status : &none,
		.body = received.at,
		.len = received.len,
		.why = why,
	};

	detach(r);
	close_idle(c);
	r->done(r, &answer);
	wiped_free(&received);
}

/* ---- deadlines -------------------------------------------------------------------------- */

/* What was found when nobody could be told; the server may have no part in it. */
static void finish_found(struct carrier_request *r)
{
	const char *name = r->target->line.name;
	char why[ENDPOINT_TEXT_MAX + 80] = "out of memory";

	if (r->found == CARRIER_TOO_LATE) {
		(void)snprintf(why, sizeof why,
				"too late: the time for a call to %s had passed before it began",
				name);
	} else if (r->found == CARRIER_BROKEN) {
		(void)snprintf(why, sizeof why, "the connection to %s was left: it was silent",
				name);
	}
	carrier_finish(r, r->found, NULL, why);
}

static bool was_silent(const struct carrier_request *r)
{
	return r->begun && r->target->heard_at < r->begun_at &&
	       clock_now() - r->begun_at >= r->patience / 2.0;
}

static void finish_late(struct carrier_request *r)
{
	struct carrier_target *t = r->target;
	bool silent = was_silent(r);
	char why[ENDPOINT_TEXT_MAX + 80];

	(void)snprintf(why, sizeof why, "no answer from %s in time", t->line.name);
	carrier_ride_stop(r);
	list_add(&r->carrier->ending, &r->link);
	if (silent) {
		carrier_ride_leave(t);
	}
	carrier_finish(r, CARRIER_TIMEOUT, NULL, why);
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	struct carrier_request *r = CONTAINER_OF(deadline, struct carrier_request, deadline);

	UNUSED(loop);
	UNUSED(revents);
	if (r->found != CARRIER_ANSWERED) {
		finish_found(r);
	} else if (!carrier_request_is_stream(r) || !r->begun ||
			!carrier_line_is_established(&r->target->line)) {
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
	ev_set_priority(&r->deadline, EV_MINPRI); /* what has come in time is read before it */
	if (call->body == NULL || left < TOO_LATE) {
		list_add(&c->ending, &r->link);
		r->found = call->body == NULL ? CARRIER_NO_MEMORY : CARRIER_TOO_LATE;
		timer_start(c->loop, &r->deadline, 0.0);
		return;
	}
	if (call->answers_each) {
		r->expected = grpc_count_messages(call->body, call->len);
	}
	r->patience = left;
	timer_start(c->loop, &r->deadline, left);
	if (is_idle(t) && carrier_line_is_outdated(&t->line)) {
		carrier_line_close(&t->line);
	}
	carrier_ride(r);
}

void carrier_cancel(struct carrier_request *r)
{
	if (r->carrier != NULL) {
		struct carrier *c = r->carrier;
		detach(r);
		wiped_free(&r->received);
		close_idle(c);
	}
}

void carrier_abandon(struct carrier_request *r)
{
	struct carrier_target *t = r->target;

	if (r->carrier != NULL) {
		carrier_cancel(r);
		carrier_ride_leave(t);
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
	while (t->waiting.first != NULL) { /* first: none of them is to be let on now */
		carrier_cancel(carrier_request_of(t->waiting.first));
	}
	while (t->riding != NULL) {
		carrier_cancel(carrier_request_of(t->riding));
	}
	carrier_talk_end(&t->talk);
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
	fifo_init(&t->waiting);
	if (carrier_line_init(&t->line, c->loop, c->random, endpoint, endpoint->tls ? tls : NULL,
			    &c->shelf, &carrier_ride_events) < 0) {
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
		carrier_cancel(carrier_request_of(c->ending));
	}
	for (struct list *link = c->targets, *next; link != NULL; link = next) {
		next = link->next;
		list_remove(link);
		destroy_target(target_of(link));
	}
	tls_shelf_finish(&c->shelf);
	free(c);
}
