/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier_line - names, addresses, and ends as sentences.
 *
 * A name may have many addresses, of which some are silent. They are tried in
 * an order of chance, so that no silent one is the first for ever, and each but
 * the last gets a moment only.
 *
 * What ends before its first word can only be guessed at: a server that speaks
 * TLS hangs up on plain text. The sentence says so, until the server has
 * answered once: after that, who hangs up is ill.
 */
#include "agent/net/carrier_line.h"

#include <stdio.h>
#include <string.h>

#include "agent/timer.h"
#include "agent/util.h"

#define HURRY  0.3        /* seconds for one address of several */
#define WINDOW (1u << 20) /* bytes of answers that may be on their way to us */

/* ---- the end ------------------------------------------------------------------------- */

static void tell(struct carrier_line *line, enum carrier_end end, const char *why)
{
	ev_timer_stop(line->loop, &line->hurry);
	line->events->on_end(line, end, why);
}

/* In its own words, or in ours where they are about what is set for it. */
static enum carrier_end say_broken(
		const struct carrier_line *line, char *why, size_t size, const char *detail)
{
	bool unheard = line->conn.greeting.n == 0 || h2_greeting_is_tls(&line->conn.greeting);

	if (line->tls == NULL && unheard && !line->proven) {
		(void)snprintf(why, size,
				"the connection to %s broke at its beginning: %s (does it want "
				"https://?)",
				line->name, detail);
	} else if (line->tls != NULL && unheard && !line->proven) {
		(void)snprintf(why, size,
				"%s does not answer in TLS: perhaps it wants http:// and not "
				"https://",
				line->name);
		return CARRIER_TLS;
	} else {
		(void)snprintf(why, size, "the connection to %s broke: %s", line->name, detail);
	}
	return CARRIER_BROKEN;
}

static enum carrier_end end_of(const struct carrier_line *line, enum h2_event event,
		const char *detail, char *why, size_t size)
{
	switch (event) {
	case H2_REFUSED:
		(void)snprintf(why, size, "nothing listens on %s", line->name);
		return CARRIER_REFUSED;
	case H2_UNREACHABLE:
	case H2_NO_RESOURCES:
		(void)snprintf(why, size, "%s cannot be reached: %s", line->name, detail);
		return CARRIER_UNREACHABLE;
	case H2_NOT_HTTP2:
		if (h2_greeting_is_tls(&line->conn.greeting)) {
			return say_broken(line, why, size, "it answers in TLS");
		}
		(void)snprintf(why, size, "%s does not speak gRPC: %s", line->name, detail);
		return CARRIER_NOT_GRPC;
	case H2_TLS_FILES:
		(void)snprintf(why, size, "no connection to %s: %s", line->name, detail);
		return CARRIER_TLS;
	case H2_TLS_FAILED:
	case H2_TLS_DROPPED: /* they begin with its name */
		(void)snprintf(why, size, "%s", detail);
		return CARRIER_TLS;
	case H2_GOAWAY:
	case H2_CLOSED:
	case H2_RESET:
		return say_broken(line, why, size, detail);
	}
	return CARRIER_BROKEN;
}

/* A server that wants no new calls here is left: what was on its way is repeated elsewhere. */
static void on_event(struct h2_conn *conn, enum h2_event event, const char *detail)
{
	struct carrier_line *line = CONTAINER_OF(conn, struct carrier_line, conn);
	char why[TLS_PROBLEM_TEXT_MAX];

	enum carrier_end end = end_of(line, event, detail, why, sizeof why);
	h2_conn_close(conn);
	tell(line, end, why);
}

static void say_no_address(struct carrier_line *line, const char *what, const char *detail)
{
	char why[ENDPOINT_TEXT_MAX + 160];

	(void)snprintf(why, sizeof why, "the name in %s cannot be %s: %s", line->name, what,
			detail);
	tell(line, CARRIER_UNREACHABLE, why);
}

/* ---- connecting ---------------------------------------------------------------------- */

static void on_hurry(struct ev_loop *loop, ev_timer *hurry, int revents)
{
	struct carrier_line *line = CONTAINER_OF(hurry, struct carrier_line, hurry);

	UNUSED(revents);
	if (h2_conn_hurry(&line->conn)) {
		timer_start(loop, hurry, HURRY);
	}
}

static void connect_to(struct carrier_line *line)
{
	const struct h2_way way = {
		.addresses = line->addresses,
		.n_addresses = line->n_addresses,
		.authority = line->name,
		.tls = line->tls,
		.window = WINDOW,
	};

	h2_conn_open_way(&line->conn, &way);
	if (line->n_addresses > 1) {
		timer_start(line->loop, &line->hurry, HURRY);
	}
	line->events->on_ready(line);
}

static void shuffle(struct carrier_line *line)
{
	for (unsigned i = line->n_addresses; i > 1; i--) {
		unsigned other = random_below(line->random, i);
		struct h2_address swapped = line->addresses[i - 1];
		line->addresses[i - 1] = line->addresses[other];
		line->addresses[other] = swapped;
	}
}

static void on_found(struct name_query *q, const struct name_answer *answer)
{
	struct carrier_line *line = CONTAINER_OF(q, struct carrier_line, query);

	if (answer->n == 0) {
		say_no_address(line, "resolved", answer->why);
		return;
	}
	memcpy(line->addresses, answer->found, answer->n * sizeof line->addresses[0]);
	line->n_addresses = answer->n;
	shuffle(line);
	connect_to(line);
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	say_no_address(CONTAINER_OF(later, struct carrier_line, later), "looked up",
			"the agent is out of descriptors, memory or threads");
}

void carrier_line_open(struct carrier_line *line)
{
	if (h2_conn_is_open(&line->conn) || name_query_runs(&line->query) ||
			ev_is_active(&line->later)) {
		return;
	}
	line->n_addresses = h2_addresses_known(line->addresses, &line->endpoint);
	if (line->n_addresses > 0) {
		connect_to(line);
	} else if (!name_query_start(&line->query, line->loop, &line->endpoint, on_found)) {
		timer_start(line->loop, &line->later, 0.0);
	}
}

bool carrier_line_is_ready(const struct carrier_line *line)
{
	return h2_conn_is_open(&line->conn);
}

bool carrier_line_is_established(const struct carrier_line *line)
{
	return h2_conn_is_established(&line->conn);
}

bool carrier_line_is_outdated(struct carrier_line *line)
{
	return h2_conn_is_open(&line->conn) && h2_tls_renew(line->tls);
}

void carrier_line_close(struct carrier_line *line)
{
	ev_timer_stop(line->loop, &line->hurry);
	h2_conn_close(&line->conn);
}

/* ---- making and ending --------------------------------------------------------------- */

int carrier_line_init(struct carrier_line *line, struct ev_loop *loop, struct random *random,
		const struct endpoint *endpoint, const struct tls_settings *tls,
		struct tls_shelf *shelf, const struct carrier_line_events *events)
{
	const struct target target = { .kind = TARGET_INET, .inet = *endpoint };

	line->loop = loop;
	line->random = random;
	line->events = events;
	line->endpoint = *endpoint;
	endpoint_format(line->name, sizeof line->name, endpoint->host, endpoint->port);
	h2_conn_init(&line->conn, loop, on_event);
	ev_timer_init(&line->hurry, on_hurry, 0.0, 0.0);
	ev_timer_init(&line->later, on_later, 0.0, 0.0);
	if (tls != NULL) {
		line->tls = h2_tls_create(tls, &target, shelf);
	}
	return tls == NULL || line->tls != NULL ? 0 : -1;
}

void carrier_line_finish(struct carrier_line *line)
{
	if (line->loop == NULL) {
		return;
	}
	name_query_cancel(&line->query);
	ev_timer_stop(line->loop, &line->later);
	carrier_line_close(line);
	h2_tls_destroy(line->tls);
}
