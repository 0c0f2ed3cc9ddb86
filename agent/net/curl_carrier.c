/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_carrier - gRPC over libcurl.
 *
 * Two things about libcurl shape this file.
 *
 * Joining. Before 8.0.0, asking for HTTP/2 with prior knowledge on a
 * connection that is open already breaks the transfer and the connection. So
 * we know for each target whether a socket is open or on its way. If there is
 * none, the request makes one, with prior knowledge. If there is one, the
 * request asks for plain HTTP/2, waits for that connection, and is refused a
 * socket of its own: libcurl can then only join, or fail at once, and then it
 * is started again afresh.
 *
 * Broken connections. libcurl takes an idle socket out of the loop, so a
 * connection that died is noticed by the next request on it. Such a request is
 * tried once more on a fresh connection before anyone hears of it. Repeating
 * is safe for every call we make (lease.c says why). An end without a
 * grpc-status is such a failure too, even when libcurl calls it success. A
 * stream that was heard is not repeated: its owner knows from where to go on.
 *
 * TLS changes nothing of this, though ALPN would let any libcurl join soundly:
 * one way of joining is enough, and it keeps the count of sockets right.
 */
#include "agent/net/curl_carrier.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/curl_end.h"
#include "agent/net/curl_handle.h"
#include "agent/net/curl_loop.h"
#include "agent/net/curl_target.h"
#include "agent/util.h"

#define FIRST_SOUND_VERSION 0x080000 /* joining works with prior knowledge */
#define FIRST_DEAF_VERSION  0x080c00 /* 8.12.0 and 8.13.0 take `te: trailers` out */
#define LAST_DEAF_VERSION   0x080d00

/* How often a request joins a connection newer than the one it failed on. */
#define REJOINS_MAX 2

struct curl_carrier {
	struct curl_loop loop;
	struct curl_handles handles;
	struct curl_target *targets;
	struct list *active;   /* libcurl has them */
	struct list *parked;   /* they wait for a connection that another makes */
	struct list *finished; /* to be told */
	ev_timer later; /* something is parked or finished that no event of libcurl will bring on */
	bool may_join;  /* this libcurl joins with prior knowledge */
};

static struct carrier_request *request_of(struct list *link)
{
	return CONTAINER_OF(link, struct carrier_request, link);
}

/* What was received may be a token. */
static void free_received(uint8_t *received, size_t size)
{
	if (received != NULL) {
		explicit_bzero(received, size);
		free(received);
	}
}

/* ---- a request's life ------------------------------------------------------------ */

static void deliver_later(struct curl_carrier *c)
{
	if (!ev_is_active(&c->later)) {
		ev_timer_set(&c->later, 0.0, 0.0);
		ev_timer_start(c->loop.loop, &c->later);
	}
}

/* libcurl has it no more. */
static void take_back(struct curl_carrier *c, struct carrier_request *r)
{
	if (r->easy != NULL) {
		(void)curl_multi_remove_handle(c->loop.multi, r->easy);
		curl_handle_give(&c->handles, r);
		r->target->riding--;
	}
	if (r->connecting) {
		r->target->connecting--;
	}
	r->fresh = r->connecting = false;
}

static void finish(struct curl_carrier *c, struct carrier_request *r, enum carrier_end end)
{
	take_back(c, r);
	r->end = end;
	list_move(&c->finished, &r->link);
}

/* libcurl has it from now on. */
static bool lend(struct curl_carrier *c, struct carrier_request *r,
		const struct curl_joining *joining, long timeout_ms)
{
	r->why[0] = '\0';
	if (curl_handle_take(&c->handles, r, joining, timeout_ms) < 0) {
		return false;
	}
	r->target->riding++;
	return curl_multi_add_handle(c->loop.multi, r->easy) == CURLM_OK;
}

/* The server is to blame only when an earlier try has reached it, or might have. */
static void finish_late(struct curl_carrier *c, struct carrier_request *r)
{
	bool tried = r->retried || r->rejoins > 0;

	(void)snprintf(r->why, sizeof r->why,
			tried ? "no answer from %s in time"
			      : "too late: the time for a call to %s had passed before it began",
			r->target->name);
	finish(c, r, tried ? CARRIER_TIMEOUT : CARRIER_TOO_LATE);
	deliver_later(c);
}

static void launch(struct curl_carrier *c, struct carrier_request *r, bool fresh)
{
	double left = r->call.deadline - clock_now();
	long timeout_ms = (long)(left * 1000.0);

	memset(&r->status, 0, sizeof r->status);
	r->n_received = 0;
	if (timeout_ms < 1) {
		finish_late(c, r);
		return;
	}
	r->fresh = r->connecting = fresh;
	if (fresh) {
		r->target->connecting++;
		r->target->made++;
	}
	r->made = r->target->made;
	struct curl_joining joining = {
		.prior_knowledge = fresh || c->may_join,
		.separate = fresh && (!c->may_join || r->retried || r->target->stale),
	};
	if (!lend(c, r, &joining, timeout_ms)) {
		finish(c, r, CARRIER_NO_MEMORY);
		(void)snprintf(r->why, sizeof r->why, "out of memory");
		deliver_later(c);
		return;
	}
	if (fresh) {
		r->target->stale = false;
	}
}

void curl_carrier_start(struct curl_carrier *c, struct carrier_request *r, struct curl_target *t,
		const struct carrier_call *call, carrier_done *done)
{
	assert(r->carrier == NULL); /* one call at a time */
	memset(r, 0, sizeof *r);
	r->carrier = c;
	r->target = t;
	r->call = *call;
	r->done = done;
	list_add(&c->active, &r->link);
	curl_target_look(t);
	launch(c, r, !curl_target_joinable(t));
}

void curl_carrier_abandon(struct carrier_request *r)
{
	if (r->carrier != NULL) {
		curl_target_abandon(r->target);
		curl_carrier_cancel(r);
	}
}

void curl_carrier_cancel(struct carrier_request *r)
{
	struct curl_carrier *c = r->carrier;

	if (c == NULL) {
		return;
	}
	finish(c, r, CARRIER_BROKEN);
	list_remove(&r->link);
	free_received(r->received, r->received_size);
	r->received = NULL;
	r->carrier = NULL;
	if (c->parked != NULL) {
		deliver_later(c); /* they may have waited for this one */
	}
}

/* ---- how it ended ---------------------------------------------------------------- */

/* Those whose connection is made by now, or has failed, go on. */
static void unpark(struct curl_carrier *c)
{
	for (struct list *link = c->parked, *next; link != NULL; link = next) {
		struct carrier_request *r = request_of(link);
		next = link->next;
		if (r->target->connecting == 0) {
			list_move(&c->active, link);
			launch(c, r, !curl_target_joinable(r->target));
		}
	}
}

/*
 * Once more on a fresh connection. When many requests fail together, one makes
 * that connection and the others wait for it. We do the waiting: libcurl would
 * only wait for the first connection to a server, and try its own beside a
 * later one.
 */
static void try_again(struct curl_carrier *c, struct carrier_request *r)
{
	struct curl_target *t = r->target;

	take_back(c, r);
	bool newer = t->connecting > 0 || r->made != t->made;
	if (!newer || r->rejoins >= REJOINS_MAX) {
		r->retried = true;
		launch(c, r, true);
		return;
	}
	r->rejoins++;
	if (t->connecting > 0) {
		list_move(&c->parked, &r->link);
	} else {
		launch(c, r, false);
	}
}

static void on_result(struct curl_carrier *c, struct carrier_request *r, CURLcode code)
{
	long http = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &http);
	r->status.http = (int)http;
	if (curl_end_is_connection_failure(r, (int)code) && !r->retried && !r->heard) {
		try_again(c, r);
		return;
	}
	enum carrier_end end = curl_end_classify(r, (int)code);
	if (end == CARRIER_TIMEOUT) {
		curl_target_abandon(r->target);
	}
	finish(c, r, end);
}

static struct carrier_request *find_heard(struct curl_carrier *c)
{
	for (struct list *link = c->active; link != NULL; link = link->next) {
		struct carrier_request *r = request_of(link);
		if (r->call.on_heard != NULL && r->n_received > 0) {
			return r;
		}
	}
	return NULL;
}

/* What streams have received is taken from them first: whoever hears it may do anything. */
static void tell_heard(struct curl_carrier *c)
{
	for (struct carrier_request *r; (r = find_heard(c)) != NULL;) {
		uint8_t *received = r->received;
		size_t len = r->n_received, size = r->received_size;

		r->received = NULL;
		r->n_received = r->received_size = 0;
		r->call.on_heard(r, received, len);
		free_received(received, size);
	}
}

/* Copies all that the answer needs, then calls: `done` may use the request again at once. */
static void dispatch(struct curl_carrier *c)
{
	while (c->finished != NULL) {
		struct carrier_request *r = request_of(c->finished);
		struct grpc_status status = r->status;
		uint8_t *received = r->received;
		size_t size = r->received_size;
		char why[sizeof r->why];
		struct carrier_answer answer = { .end = r->end,
			.status = &status,
			.body = received,
			.len = r->n_received,
			.why = why };

		memcpy(why, r->why, sizeof why);
		list_remove(&r->link);
		r->received = NULL;
		r->carrier = NULL;
		r->done(r, &answer);
		free_received(received, size);
	}
}

/* ---- what the loop reports ------------------------------------------------------- */

static void on_transfer(struct curl_loop *l, void *easy, int code)
{
	struct carrier_request *r = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&r);
	on_result(CONTAINER_OF(l, struct curl_carrier, loop), r, (CURLcode)code);
}

static void on_failure(struct curl_loop *l, const char *why)
{
	struct curl_carrier *c = CONTAINER_OF(l, struct curl_carrier, loop);

	while (c->active != NULL) {
		struct carrier_request *r = request_of(c->active);
		finish(c, r, CARRIER_BROKEN);
		(void)snprintf(r->why, sizeof r->why, "libcurl failed: %s", why);
	}
}

static void on_settled(struct curl_loop *l)
{
	struct curl_carrier *c = CONTAINER_OF(l, struct curl_carrier, loop);

	tell_heard(c);
	unpark(c);
	dispatch(c);
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	struct curl_carrier *c = CONTAINER_OF(later, struct curl_carrier, later);

	UNUSED(loop);
	UNUSED(revents);
	unpark(c);
	dispatch(c);
}

static const struct curl_loop_events events = {
	.on_result = on_transfer,
	.on_failure = on_failure,
	.on_settled = on_settled,
};

/* ---- making and ending ----------------------------------------------------------- */

const char *curl_carrier_advice(void)
{
	unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;

	if (version >= FIRST_DEAF_VERSION && version <= LAST_DEAF_VERSION) {
		return "this libcurl (8.12.0 to 8.13.0) leaves out a header that gRPC asks for: "
		       "use another version if calls to etcd fail";
	}
	return NULL;
}

struct curl_carrier *curl_carrier_create(struct ev_loop *loop, struct err *err)
{
	struct curl_carrier *c = calloc(1, sizeof *c);

	if (c == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (curl_loop_init(&c->loop, loop, &events, err) < 0) {
		free(c);
		return NULL;
	}
	c->may_join = curl_version_info(CURLVERSION_NOW)->version_num >= FIRST_SOUND_VERSION;
	ev_timer_init(&c->later, on_later, 0.0, 0.0);
	if (curl_handles_init(&c->handles) < 0) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		curl_carrier_destroy(c);
		return NULL;
	}
	return c;
}

struct curl_target *curl_carrier_target(struct curl_carrier *c, const struct endpoint *endpoint,
		const struct tls_settings *tls)
{
	struct curl_target *t = curl_target_create(endpoint, tls);

	if (t != NULL) {
		t->next = c->targets;
		c->targets = t;
	}
	return t;
}

void curl_carrier_keep(struct curl_carrier *c, unsigned connections)
{
	curl_loop_keep(&c->loop, connections);
}

/* Requests first, then the multi, which closes sockets and so still needs the targets. */
void curl_carrier_destroy(struct curl_carrier *c)
{
	if (c == NULL) {
		return;
	}
	while (c->active != NULL) {
		curl_carrier_cancel(request_of(c->active));
	}
	while (c->parked != NULL) {
		curl_carrier_cancel(request_of(c->parked));
	}
	while (c->finished != NULL) {
		curl_carrier_cancel(request_of(c->finished));
	}
	curl_handles_finish(&c->handles);
	curl_loop_finish(&c->loop);
	ev_timer_stop(c->loop.loop, &c->later);
	while (c->targets != NULL) {
		struct curl_target *t = c->targets;
		c->targets = t->next;
		curl_target_destroy(t);
	}
	free(c);
}
