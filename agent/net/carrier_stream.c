/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/carrier_stream.h"

#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

/* Where a connection may have no more streams than this, none of them stays open. */
#define FEW 4

void carrier_stream_begin(struct h2_conn *conn, struct h2_stream *stream,
		const struct carrier_call *call, bool goes_on,
		const struct h2_stream_events *events)
{
	/* A member without a leader says so at once, and does not wait. */
	const struct h2_header headers[] = { { "hasleader", "true" }, { "token", call->token } };
	const struct h2_call asked = {
		.path = call->path,
		.headers = headers,
		.n_headers = ARRAY_LEN(headers) - (call->token[0] == '\0' ? 1 : 0),
		.body = call->body,
		.n_body = call->len,
		.goes_on = goes_on,
	};

	h2_stream_start(conn, stream, &asked, events);
}

static void forget_token(struct carrier_talk *talk)
{
	if (talk->token != NULL) {
		explicit_bzero(talk->token, strlen(talk->token));
		free(talk->token);
		talk->token = NULL;
	}
}

static bool is_for(const struct carrier_talk *talk, const struct carrier_call *call)
{
	return h2_session_may_say(&talk->stream) && talk->token != NULL &&
	       strcmp(talk->path, call->path) == 0 && strcmp(talk->token, call->token) == 0;
}

void carrier_talk_say(struct carrier_talk *talk, struct h2_conn *conn,
		const struct carrier_call *call, const struct h2_stream_events *events)
{
	if (is_for(talk, call)) {
		h2_stream_say(&talk->stream, call->body, call->len);
		return;
	}
	carrier_talk_end(talk);
	talk->path = call->path;
	talk->token = strdup(call->token);
	carrier_stream_begin(conn, &talk->stream, call, true, events);
}

/* A server that answers what was not said yet is not to be talked to on. */
void carrier_talk_rest(struct carrier_talk *talk, const struct h2_conn *conn)
{
	if (!h2_session_may_say(&talk->stream) || h2_conn_streams_allowed(conn) <= FEW) {
		carrier_talk_end(talk);
	}
}

void carrier_talk_end(struct carrier_talk *talk)
{
	h2_stream_cancel(&talk->stream);
	forget_token(talk);
}
