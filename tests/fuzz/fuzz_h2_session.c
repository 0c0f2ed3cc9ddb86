/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes from a peer, cut anywhere: no call ends twice, none is heard of after its end or after
 * it was dropped, none ends well without its own words for that, and what we have to say stays in
 * proportion to what was said.
 *
 * The input: how many calls (1 byte), what is done after which piece (2), four lengths of pieces
 * (0 is 256), which come round, and what the peer says.
 */
#include <stdlib.h>

#include "agent/net/h2_session.h"
#include "agent/util.h"
#include "tests/fuzz/fuzz.h"

#define CALLS 4
#define CUTS  4
#define LIMIT 200

struct call {
	struct h2_stream stream;
	struct h2_session *session;
	bool begun, over, dropped, speaks;
	size_t messages, bytes;
};

static struct call *call_of(struct h2_stream *stream)
{
	return CONTAINER_OF(stream, struct call, stream);
}

static void on_message(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct call *call = call_of(stream);

	HOLDS(call->begun && !call->over && !call->dropped && data != NULL && len <= LIMIT);
	call->messages++;
}

static bool on_body(struct h2_stream *stream, const uint8_t *data, size_t len)
{
	struct call *call = call_of(stream);

	HOLDS(call->begun && !call->over && !call->dropped && data != NULL);
	call->bytes += len;
	return call->bytes < LIMIT;
}

static void on_news(struct h2_stream *stream)
{
	const struct call *call = call_of(stream);

	HOLDS(!call->over && !call->dropped && call->messages + call->bytes > 0);
	if (h2_session_may_say(stream)) {
		h2_session_say(stream, (const uint8_t *)"\0\0\0\0\0", GRPC_PREFIX);
	}
}

static void on_end(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status)
{
	struct call *call = call_of(stream);

	HOLDS(call->begun && !call->over && !call->dropped && stream->session == NULL);
	HOLDS(end != H2_END_STATUS || grpc_status_complete(status));
	HOLDS(end <= H2_END_NOT_GRPC);
	call->over = true;
	if (call->speaks) { /* an owner may close all at an end */
		h2_session_close(call->session);
	}
}

static const struct h2_stream_events events[] = {
	{ .on_message = on_message, .on_end = on_end },
	{ .on_message = on_message, .on_news = on_news, .on_end = on_end },
	{ .on_body = on_body, .on_news = on_news, .on_end = on_end },
};

static size_t drain(struct h2_session *s)
{
	uint8_t out[4096];
	size_t all = 0, n;

	while ((n = h2_session_take_out(s, out, sizeof out)) > 0) {
		all += n;
	}
	return all;
}

static void begin(struct h2_session *s, struct call *calls, size_t n, uint8_t what)
{
	static const struct h2_origin from = { "http", "localhost" };

	for (size_t i = 0; i < n; i++) {
		const struct h2_call call = { .path = "/p.S/M",
			.body = (const uint8_t *)"\0\0\0\0\0",
			.n_body = GRPC_PREFIX,
			.limit = LIMIT,
			.goes_on = i % 2 == 1 };
		calls[i].session = s;
		calls[i].speaks = i == 2 && (what & 1) != 0;
		calls[i].begun = true;
		HOLDS(h2_session_begin(
				s, &calls[i].stream, &from, &call, &events[i % ARRAY_LEN(events)]));
	}
}

static void drop_one(struct call *call)
{
	if (call->stream.session != NULL) {
		h2_session_drop(&call->stream);
		call->dropped = true;
	}
}

/* One piece; false when nothing more is to be had. */
static bool take(struct h2_session *s, const uint8_t *data, size_t len, size_t *said)
{
	bool sound = h2_session_take(s, data, len);

	if (!h2_session_report(s)) {
		HOLDS(s->nghttp2 == NULL && s->streams == NULL && s->marked == NULL);
		return false;
	}
	HOLDS(s->marked == NULL);
	*said += drain(s);
	return sound && h2_session_wants_more(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	size_t n = fuzz_u8(&in) % CALLS + 1u;
	uint8_t what = fuzz_u8(&in), when = fuzz_u8(&in), cuts[CUTS];
	struct h2_session session = { .window = (what & 2) != 0 ? 1u << 20 : 0 };
	struct call calls[CALLS] = { 0 };
	size_t said = 0;
	bool goes_on = true;

	for (size_t i = 0; i < CUTS; i++) {
		cuts[i] = fuzz_u8(&in);
	}
	const size_t all = in.left;
	HOLDS(h2_session_open(&session) == 0);
	begin(&session, calls, n, what);
	(void)drain(&session);
	for (size_t piece = 0; goes_on && in.left > 0; piece++) {
		size_t len;
		uint8_t cut = cuts[piece % CUTS];
		uint8_t *some = fuzz_take_bytes(&in, cut == 0 ? 256 : cut, &len);
		goes_on = take(&session, some, len, &said);
		free(some);
		if (goes_on && piece == when) {
			drop_one(&calls[what % n]);
		}
	}
	HOLDS(said <= 2000 + 8 * all);
	if (session.nghttp2 != NULL && (what & 4) != 0) {
		h2_session_say_goodbye(&session);
		(void)drain(&session);
	}
	h2_session_close(&session);
	for (size_t i = 0; i < n; i++) {
		HOLDS(calls[i].stream.session == NULL);
	}
	return 0;
}
