/* SPDX-License-Identifier: Apache-2.0 */
/* name_lookup - a name_query for each, on a loop that ends with the last of them. */
#include "agent/net/name_lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/timer.h"
#include "agent/util.h"

struct lookup {
	struct name_query query;
	struct name_found *out;
	double began;
};

static void take(struct name_found *out, const struct h2_address *found, unsigned n)
{
	memcpy(out->at, found, n * sizeof *found);
	out->n = n;
}

static void on_done(struct name_query *q, const struct name_answer *answer)
{
	struct lookup *l = CONTAINER_OF(q, struct lookup, query);

	l->out->took = clock_now() - l->began;
	l->out->timeout = answer->later;
	take(l->out, answer->found, answer->n);
	if (answer->n == 0) {
		(void)snprintf(l->out->why, sizeof l->out->why, "%s", answer->why);
	}
}

static void on_late(struct ev_loop *loop, ev_timer *late, int revents)
{
	UNUSED(late);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
}

/* False without memory. What needs no name server is known at once. */
static bool start(struct lookup *l, struct ev_loop *loop, const struct endpoint *endpoint)
{
	struct h2_address known[H2_ADDRESSES];
	unsigned n = h2_addresses_known(known, endpoint);

	l->began = clock_now();
	take(l->out, known, n);
	return n > 0 || name_query_start(&l->query, loop, endpoint, on_done);
}

static void give_up(struct lookup *l)
{
	if (name_query_runs(&l->query)) {
		name_query_cancel(&l->query);
		l->out->took = clock_now() - l->began;
		l->out->timeout = true;
		(void)snprintf(l->out->why, sizeof l->out->why, "no answer within %.1fs",
				l->out->took);
	}
}

static int look_up(struct ev_loop *loop, struct lookup *all, const struct endpoint *endpoints,
		size_t n, double timeout)
{
	ev_timer late;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		result = start(&all[i], loop, &endpoints[i]) ? result : -1;
	}
	ev_timer_init(&late, on_late, 0.0, 0.0);
	timer_start(loop, &late, timeout);
	ev_unref(loop); /* it alone does not keep the loop going */
	(void)ev_run(loop, 0);
	ev_ref(loop);
	ev_timer_stop(loop, &late);
	for (size_t i = 0; i < n; i++) {
		give_up(&all[i]);
	}
	return result;
}

int name_lookup(const struct endpoint *endpoints, size_t n, double timeout, struct name_found *out)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct lookup *all = calloc(n, sizeof *all);
	int result = -1;

	memset(out, 0, n * sizeof *out);
	if (loop != NULL && all != NULL) {
		for (size_t i = 0; i < n; i++) {
			all[i].out = &out[i];
		}
		result = look_up(loop, all, endpoints, n, timeout);
	}
	free(all);
	if (loop != NULL) {
		ev_loop_destroy(loop);
	}
	return result;
}

void name_list(const struct name_found *found, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < found->n && len < size; i++) {
		char text[ENDPOINT_HOST_MAX + 1];
		if (getnameinfo(&found->at[i].at.any, found->at[i].len, text, sizeof text, NULL, 0,
				    NI_NUMERICHOST) == 0) {
			len += (size_t)snprintf(
					out + len, size - len, "%s%s", len > 0 ? ", " : "", text);
		}
	}
}
