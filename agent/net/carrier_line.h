/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CARRIER_LINE_H
#define AGENT_NET_CARRIER_LINE_H

/*
 * carrier_line - the one connection to a server: from its name to a connection
 * that calls may be begun on, and what its end means. Private to carrier.c.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/endpoint.h"
#include "agent/net/carrier.h"
#include "agent/net/h2_carrier.h"
#include "agent/net/name_query.h"

struct carrier_line;

struct carrier_line_events {
	/* Calls may be begun. Called at once from carrier_line_open, or later from the loop. */
	void (*on_ready)(struct carrier_line *line);
	/* From the loop: there is no connection, and all calls on it have ended without a word. */
	void (*on_end)(struct carrier_line *line, enum carrier_end end, const char *why);
};

/* Embedded, zeroed before; members are for carrier_line.c only. */
struct carrier_line {
	struct ev_loop *loop;  /* borrowed */
	struct random *random; /* borrowed */
	const struct carrier_line_events *events;
	struct endpoint endpoint;
	char name[ENDPOINT_TEXT_MAX]; /* host:port, for messages */
	struct h2_tls *tls;           /* owned; NULL: plain text */
	struct h2_conn conn;
	struct name_query query;
	struct h2_address addresses[NAME_QUERY_ADDRESSES];
	unsigned n_addresses;
	ev_timer hurry; /* one address of several takes too long */
	ev_timer later; /* tells that no question could be asked */
	bool proven;    /* it has answered: the settings are right */
};

/* `shelf` is for its certificates, `tls` borrowed; NULL: plain text. 0, or -1 without memory. */
int carrier_line_init(struct carrier_line *line, struct ev_loop *loop, struct random *random,
		const struct endpoint *endpoint, const struct tls_settings *tls,
		struct tls_shelf *shelf, const struct carrier_line_events *events);

/* Safe on a zeroed line. */
void carrier_line_finish(struct carrier_line *line);

/* Nothing when it is open, or on its way there. */
void carrier_line_open(struct carrier_line *line);

/* Calls may be begun on it, although it may not be connected yet. */
bool carrier_line_is_ready(const struct carrier_line *line);

/* The server has spoken on it. */
bool carrier_line_is_established(const struct carrier_line *line);

/* True when certificates were replaced since it was made. */
bool carrier_line_is_outdated(struct carrier_line *line);

/* Without a word to anyone but the server. */
void carrier_line_close(struct carrier_line *line);

#endif
