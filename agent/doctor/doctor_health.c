/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_health.h"

#include "agent/net/h2_carrier.h"
#include "agent/timer.h"
#include "agent/util.h"
#include "probes/health_calls.h"
#include "probes/health_message.h"

#define LIST_LIMIT 65536 /* bytes of the answer */

/* One call, on a connection of its own. */
struct list_call {
	struct h2_conn conn;
	struct h2_stream stream;
	ev_timer deadline;
	struct ev_loop *loop; /* borrowed */
	char *out;            /* borrowed */
	size_t size;
	int n;
};

static void stop(struct list_call *l)
{
	ev_break(l->loop, EVBREAK_ALL);
}

static void on_message(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct list_call *l = CONTAINER_OF(stream, struct list_call, stream);

	l->n = health_list(data, len, l->out, l->size);
}

static void on_end(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct list_call *l = CONTAINER_OF(stream, struct list_call, stream);

	if (end != H2_END_STATUS || status->code != GRPC_OK) {
		l->n = -1;
	}
	stop(l);
}

static void on_event(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	UNUSED(event);
	UNUSED(detail);
	stop(CONTAINER_OF(conn, struct list_call, conn));
}

static void on_deadline(struct ev_loop *loop, ev_timer *deadline, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	stop(CONTAINER_OF(deadline, struct list_call, deadline));
}

static const struct h2_stream_events events = { .on_message = on_message, .on_end = on_end };

static void call(struct list_call *l, const struct descriptor *desc, struct h2_tls *tls,
		const struct health_calls *calls)
{
	static const uint8_t nothing[GRPC_PREFIX] = { 0 }; /* a message without fields */
	struct h2_call list = calls->check;

	list.path = HEALTH_PATH_LIST;
	list.body = nothing;
	list.n_body = sizeof nothing;
	list.limit = LIST_LIMIT;
	h2_conn_init(&l->conn, l->loop, on_event);
	ev_timer_init(&l->deadline, on_deadline, 0.0, 0.0);
	timer_start(l->loop, &l->deadline, (double)desc->probe.timeout_ms / 1000.0);
	h2_conn_open(&l->conn, &desc->probe.target, tls, desc->probe.timeout_ms);
	h2_stream_start(&l->conn, &l->stream, &list, &events);
	(void)ev_run(l->loop, 0);
	ev_timer_stop(l->loop, &l->deadline);
	h2_stream_cancel(&l->stream);
	h2_conn_close(&l->conn);
}

int doctor_health_list(struct doctor *d, const struct descriptor *desc, char *out, size_t size)
{
	struct list_call l = { .loop = d->loop, .out = out, .size = size, .n = -1 };
	struct h2_tls *tls = NULL;
	struct health_calls calls;

	out[0] = '\0';
	if (health_calls_init(&calls, desc) < 0) {
		return -1;
	}
	if (desc->probe.tls.on) {
		tls = h2_tls_create(&desc->probe.tls, &desc->probe.target, &d->shelf);
	}
	if (!desc->probe.tls.on || tls != NULL) {
		call(&l, desc, tls, &calls);
	}
	h2_tls_destroy(tls);
	health_calls_finish(&calls);
	return l.n;
}
