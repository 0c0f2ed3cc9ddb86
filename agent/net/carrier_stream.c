/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/carrier_stream.h"

#include <string.h>

#include "agent/util.h"

/* Where a connection may have no more streams than this, none of them stays open. */
#define FEW 4

void carrier_stream_begin(struct h2_conn *conn, struct h2_stream *stream,
		const struct carrier_call *call, bool goes_on,
		const struct h2_stream_events *events)
{
	/* A member without a leader says so at once, and does not wait. */
	const struct h2_header headers[] = {
		{ .name = "hasleader", .value = "true" },
		{ .name = "token", .value = call->token, .secret = true },
	};
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

/* FNV-1a: no two tokens that etcd gives one after the other have the same. */
static uint64_t sum_of(const char *token)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (const char *at = token; *at != '\0'; at++) {
		sum = (sum ^ (unsigned char)*at) * 0x100000001b3;
	}
	return sum;
}

static bool is_for(const struct carrier_talk *talk, const struct carrier_call *call)
{
	return h2_session_may_say(&talk->stream) && talk->open &&
	       strcmp(talk->path, call->path) == 0 && talk->token == sum_of(call->token);
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
	talk->open = true;
	talk->token = sum_of(call->token);
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
	talk->open = false;
}
