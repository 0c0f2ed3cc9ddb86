/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc - the probe over grpc.health.v1.
 *
 * One connection carries a Watch, which tells of a change when it happens, and
 * a Check for each audit, which finds a server that hangs or forgets to push.
 *
 * Reconnect first, judge after. A connection that ends, a GOAWAY or a Watch
 * that ends says nothing about the service yet: the server may close old
 * connections by a rule, or be shutting down. So the connection is closed, the
 * prober is asked for an audit, and that one connects anew (tries.c says what is
 * then believed). On GOAWAY the Watch is cancelled at once: a
 * server that shuts down gracefully waits for it.
 *
 * A push that arrives while a Check is under way may be newer than what the
 * Check will say, so then the push counts. No HTTP/2 PING is ever sent: gRPC
 * servers answer more than a few with GOAWAY.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/h2_carrier.h"
#include "agent/timer.h"
#include "agent/util.h"
#include "probes/call_reason.h"
#include "probes/health_calls.h"
#include "probes/health_message.h"
#include "probes/probe.h"
#include "probes/tries.h"

/* TCP gives up on a connection that acknowledges nothing for so many probe timeouts. */
#define USER_TIMEOUTS 3u

/* When what has come is still to be heard, seconds. */
#define LOOK_AGAIN 0.02

struct grpc_probe {
	struct probe probe;
	struct ev_loop *loop;          /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct h2_conn conn;
	struct h2_tls *tls; /* NULL without probe.tls */
	struct h2_stream check, watch;
	struct health_calls calls;

	bool auditing;
	ev_timer deadline;  /* of the audit */
	ev_timer again;     /* pause before the next try to connect */
	struct tries tries; /* connections that ended in this audit */
	unsigned timeouts;  /* audits in a row that ended at their deadline */

	enum reason checked;   /* what the Check's message said; N_REASONS: no message yet */
	bool check_passed;     /* the Check is over and well; the audit waits for the Watch */
	enum reason pushed;    /* the Watch's last word on this connection; N_REASONS: none */
	bool watch_spoke;      /* this Watch has said something */
	bool pushed_meanwhile; /* ... and it came while the Check was under way */
	double watched_at;     /* clock_now() of the last Watch on this connection */
	bool no_watch;         /* this server has none */
	bool noticed;          /* and that has been said */
};

static struct grpc_probe *self_of(struct probe *probe)
{
	return CONTAINER_OF(probe, struct grpc_probe, probe);
}

static void report(struct grpc_probe *p, enum reason reason, const char *detail, bool audit)
{
	struct probe_report r = { .reason = reason, .detail = detail, .audit = audit };

	p->probe.events->on_report(&p->probe, &r);
}

/* The one end of every audit; the last thing a callback does. */
static void finish_audit(struct grpc_probe *p, enum reason reason, const char *detail)
{
	if (!p->auditing) {
		return;
	}
	p->auditing = false;
	p->check_passed = false;
	p->timeouts = reason == REASON_DEADLINE ? p->timeouts + 1 : 0;
	ev_timer_stop(p->loop, &p->deadline);
	ev_timer_stop(p->loop, &p->again);
	const char *news = h2_tls_news(p->tls);
	if (news != NULL) {
		p->probe.events->on_notice(&p->probe, news);
	}
	report(p, reason, detail, true);
}

/* ---- the two calls --------------------------------------------------------------- */

static const struct h2_stream_events check_events;
static const struct h2_stream_events watch_events;

static void start_check(struct grpc_probe *p)
{
	p->checked = N_REASONS;
	p->pushed_meanwhile = false;
	h2_stream_start(&p->conn, &p->check, &p->calls.check, &check_events);
}

/* A Watch that ended is opened again at most once an interval. */
static void start_watch(struct grpc_probe *p)
{
	double now = clock_now();

	if (p->desc->probe.mode == PROBE_MODE_CHECK || p->no_watch || p->watch.session != NULL ||
			now - p->watched_at < (double)p->desc->probe.interval_ms / 1000.0) {
		return;
	}
	p->watched_at = now;
	p->watch_spoke = false;
	p->pushed = N_REASONS;
	h2_stream_start(&p->conn, &p->watch, &p->calls.watch, &watch_events);
}

static void connect_now(struct grpc_probe *p)
{
	p->watched_at = -1e9;
	p->no_watch = false;
	p->pushed = N_REASONS;
	h2_conn_open(&p->conn, &p->desc->probe.target, p->tls,
			USER_TIMEOUTS * p->desc->probe.timeout_ms);
	start_check(p); /* first: a server may allow one stream only */
	start_watch(p);
}

static void on_again(struct ev_loop *loop, ev_timer *again, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	connect_now(CONTAINER_OF(again, struct grpc_probe, again));
}

/* ---- what the calls say ---------------------------------------------------------- */

static void on_check_message(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	CONTAINER_OF(stream, struct grpc_probe, check)->checked = health_response(data, len);
}

static void check_is_well(struct grpc_probe *p)
{
	bool waits = p->desc->probe.mode == PROBE_MODE_WATCH && p->watch.session != NULL &&
		     p->pushed == N_REASONS;

	if (waits) {
		p->check_passed = true; /* in this mode the Watch must have spoken too */
	} else if (p->desc->probe.mode == PROBE_MODE_WATCH && p->no_watch) {
		finish_audit(p, REASON_NO_WATCH, NULL);
	} else {
		finish_audit(p, p->pushed_meanwhile ? p->pushed : p->checked, NULL);
	}
}

static void on_check_end(
		struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct grpc_probe *p = CONTAINER_OF(stream, struct grpc_probe, check);
	char detail[GRPC_MESSAGE_MAX + 64];

	if (end == H2_END_STATUS && status->code == GRPC_OK) {
		if (p->checked == N_REASONS) {
			p->checked = REASON_BAD_FRAME;
		}
		check_is_well(p);
		return;
	}
	enum reason reason = call_reason(end, status);
	if (reason == REASON_UNIMPLEMENTED && p->watch.session != NULL && p->pushed != N_REASONS) {
		finish_audit(p, p->pushed, NULL); /* it has a Watch: that is its word */
		return;
	}
	if (reason == REASON_SERVICE_UNKNOWN) {
		p->checked = reason; /* an answer like those in a message */
		reason = p->pushed_meanwhile ? p->pushed : reason;
	}
	if (reason != REASON_GRPC_ERROR) {
		finish_audit(p, reason, NULL);
		return;
	}
	call_sentence(detail, sizeof detail, status);
	finish_audit(p, reason, detail);
}

static const struct h2_stream_events check_events = {
	.on_message = on_check_message,
	.on_news = NULL, /* the end of the call tells whether the message counts */
	.on_end = on_check_end,
};

static void on_watch_message(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct grpc_probe *p = CONTAINER_OF(stream, struct grpc_probe, watch);

	p->pushed = health_response(data, len);
	p->pushed_meanwhile = true;
}

/*
 * A Watch that begins with SERVING brings no news: the Check that began with it
 * has asked the same. Were it a pass, a server whose Watch speaks and ends and
 * whose Check fails would be listed and unlisted without end.
 */
static void on_watch_news(struct h2_stream *stream)
{
	struct grpc_probe *p = CONTAINER_OF(stream, struct grpc_probe, watch);
	bool no_news = !p->watch_spoke && p->pushed == REASON_SERVING;
	bool denied = p->checked == REASON_NOT_SERVING || p->checked == REASON_SERVICE_UNKNOWN;

	p->watch_spoke = true;
	if (p->auditing && p->check_passed) {
		finish_audit(p, p->pushed, NULL);
	} else if (p->pushed == REASON_BAD_FRAME || (no_news && denied)) {
		p->probe.events->on_unsettled(&p->probe); /* let an audit judge */
	} else if (!no_news) {
		report(p, p->pushed, NULL, false);
	}
}

/* Check alone decides on this connection, unless the descriptor wants a Watch. */
static void no_watch(struct grpc_probe *p, const char *why)
{
	p->no_watch = true;
	if (p->desc->probe.mode == PROBE_MODE_WATCH) {
		if (p->check_passed) {
			finish_audit(p, REASON_NO_WATCH, NULL);
		}
		return;
	}
	if (!p->noticed) {
		p->noticed = true;
		p->probe.events->on_notice(&p->probe, why);
	}
}

static void on_watch_end(
		struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct grpc_probe *p = CONTAINER_OF(stream, struct grpc_probe, watch);

	if (end == H2_END_STATUS && status->code == GRPC_UNIMPLEMENTED) {
		no_watch(p, "the server has no Health/Watch: changes are seen by Health/Check, "
			    "once an interval");
	} else if (p->auditing && p->check_passed) {
		finish_audit(p, call_reason(end, status), NULL);
	} else if (p->watch_spoke) {
		p->probe.events->on_unsettled(&p->probe);
	}
}

static const struct h2_stream_events watch_events = {
	.on_message = on_watch_message,
	.on_news = on_watch_news,
	.on_end = on_watch_end,
};

/* ---- what becomes of the connection ---------------------------------------------- */

static void finish_refused(struct grpc_probe *p)
{
	char name[TARGET_TEXT_MAX];
	char detail[TARGET_TEXT_MAX + 32];

	target_format(name, sizeof name, &p->desc->probe.target);
	(void)snprintf(detail, sizeof detail, "nothing listens on %s", name);
	finish_audit(p, REASON_REFUSED, detail);
}

/* What the tries of this audit have come to. */
static void finish_tried(struct grpc_probe *p)
{
	if (p->tries.last == REASON_REFUSED) {
		finish_refused(p);
	} else {
		finish_audit(p, p->tries.last, p->tries.how);
	}
}

/* It is away: within an audit that means to try again, else to ask for one. */
static void on_lost(struct grpc_probe *p, enum reason reason, const char *how)
{
	if (!p->auditing) {
		p->probe.events->on_unsettled(&p->probe);
		return;
	}
	double pause = tries_note(&p->tries, reason, how);
	if (pause < 0.0) {
		finish_tried(p);
	} else {
		timer_start(p->loop, &p->again, pause);
	}
}

static void judge(struct grpc_probe *p, enum reason reason, const char *detail)
{
	if (p->auditing) {
		finish_audit(p, reason, detail);
	} else {
		p->probe.events->on_unsettled(&p->probe);
	}
}

static void on_conn_event(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	struct grpc_probe *p = CONTAINER_OF(conn, struct grpc_probe, conn);

	switch (event) {
	case H2_GOAWAY:
		h2_conn_close(&p->conn);
		on_lost(p, conn_reason(event), detail);
		break;
	case H2_CLOSED:
	case H2_RESET:
	case H2_REFUSED:
	case H2_TLS_DROPPED:
		on_lost(p, conn_reason(event), detail);
		break;
	case H2_UNREACHABLE:
	case H2_NOT_HTTP2:
	case H2_TLS_FAILED:
	case H2_TLS_FILES:
	case H2_NO_RESOURCES:
		judge(p, conn_reason(event), detail);
		break;
	}
}

/*
 * Time is up. A connection that answers nothing is kept: a stopped process
 * goes on where it was, and a new connection each time would fill its backlog.
 * After 4, 8, 16 ... of them it is tried on a new one all the same.
 */
static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	struct grpc_probe *p = CONTAINER_OF(deadline, struct grpc_probe, deadline);
	unsigned n = p->timeouts + 1;
	bool established = h2_conn_is_established(&p->conn);

	UNUSED(revents);
	if (h2_conn_is_behind(&p->conn)) {
		timer_start(loop, deadline, LOOK_AGAIN); /* the answer may be there */
		return;
	}
	h2_stream_cancel(&p->check);
	if (!established || (n >= 4 && (n & (n - 1)) == 0)) {
		h2_conn_close(&p->conn);
	}
	if (p->tries.last == REASON_REFUSED || (!established && p->tries.last != N_REASONS)) {
		finish_tried(p); /* a timeout too short for the next try */
	} else {
		finish_audit(p, REASON_DEADLINE, NULL);
	}
}

/* ---- the kind -------------------------------------------------------------------- */

/* A Watch must not take the only stream that the server allows from the Check. */
static void leave_room(struct grpc_probe *p)
{
	if (!p->no_watch && h2_conn_streams_allowed(&p->conn) < 2) {
		h2_stream_cancel(&p->watch);
		no_watch(p, "the server allows one stream at a time: changes are seen by "
			    "Health/Check, once an interval");
	}
}

static void audit(struct probe *probe, double deadline)
{
	struct grpc_probe *p = self_of(probe);

	if (h2_conn_is_open(&p->conn) && h2_tls_renew(p->tls)) {
		h2_conn_close(&p->conn); /* it was made with certificates of the past */
	}
	p->auditing = true;
	p->check_passed = false;
	tries_begin(&p->tries);
	timer_start(p->loop, &p->deadline, deadline - clock_now());
	if (h2_conn_is_open(&p->conn)) {
		leave_room(p);
		start_check(p);
		start_watch(p);
	} else {
		connect_now(p);
	}
}

static void forget(struct probe *probe)
{
	struct grpc_probe *p = self_of(probe);

	p->auditing = false;
	p->check_passed = false;
	ev_timer_stop(p->loop, &p->deadline);
	ev_timer_stop(p->loop, &p->again);
	h2_conn_close(&p->conn);
}

static void destroy(struct probe *probe)
{
	if (probe == NULL) {
		return;
	}
	forget(probe);
	struct grpc_probe *p = self_of(probe);
	h2_tls_destroy(p->tls);
	health_calls_finish(&p->calls);
	free(p);
}

static struct probe *create(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
		const struct descriptor *desc, const struct probe_events *events, void *owner)
{
	struct grpc_probe *p = calloc(1, sizeof *p);

	if (p == NULL) {
		return NULL;
	}
	p->probe = (struct probe){ &probe_grpc, events, owner };
	p->loop = loop;
	p->desc = desc;
	ev_timer_init(&p->deadline, on_deadline, 0.0, 0.0);
	ev_set_priority(&p->deadline, EV_MINPRI); /* what has come in time is read before it */
	ev_timer_init(&p->again, on_again, 0.0, 0.0);
	h2_conn_init(&p->conn, loop, on_conn_event);
	h2_conn_share(&p->conn, turn);
	if (desc->probe.tls.on) {
		p->tls = h2_tls_create(&desc->probe.tls, &desc->probe.target, shelf);
	}
	if ((desc->probe.tls.on && p->tls == NULL) || health_calls_init(&p->calls, desc) < 0) {
		destroy(&p->probe);
		return NULL;
	}
	return &p->probe;
}

const struct probe_kind probe_grpc = {
	.create = create,
	.audit = audit,
	.forget = forget,
	.destroy = destroy,
	.descriptors = 1,
};
