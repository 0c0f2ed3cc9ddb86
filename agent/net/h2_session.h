/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_SESSION_H
#define AGENT_NET_H2_SESSION_H

/*
 * h2_session - HTTP/2 on nghttp2 and the gRPC streams on it, without a socket:
 * bytes in, bytes out. The only file that knows nghttp2.
 *
 * nghttp2's callbacks run in the middle of its own work, where nothing may be
 * closed or started. So taking bytes in only leaves marks (news, ended,
 * goaway), and h2_session_report() walks them afterwards and calls the owners.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/list.h"
#include "agent/net/grpc_frame.h"
#include "agent/net/grpc_status.h"

enum h2_end {
	H2_END_STATUS,    /* a complete grpc-status */
	H2_END_NO_STATUS, /* closed without one */
	H2_END_RESET,     /* RST_STREAM */
	H2_END_BAD_FRAME, /* a message too long, compressed, or cut off */
	H2_END_NOT_GRPC   /* HTTP/2, but no gRPC answer */
};

struct h2_stream;

struct h2_stream_events {
	/* One message, while the session takes bytes in: take a note, touch nothing. */
	void (*on_message)(struct h2_stream *stream, const uint8_t *data, size_t len);
	/*
	 * Instead of it, for who reads the frames of messages himself: some of the body, as it
	 * comes. False when it is not wanted any more: the stream ends with H2_END_BAD_FRAME.
	 */
	bool (*on_body)(struct h2_stream *stream, const uint8_t *data, size_t len);
	/* After that: there were messages. May be NULL. */
	void (*on_news)(struct h2_stream *stream);
	/* The stream is over and detached. `status` until return. */
	void (*on_end)(struct h2_stream *stream, enum h2_end end, const struct grpc_status *status);
};

/* Embedded by its user, zeroed before the first use; members are for h2_session.c only. */
struct h2_stream {
	struct h2_session *session; /* NULL when not in flight */
	const struct h2_stream_events *events;
	struct list link; /* in session.streams */
	struct list mark; /* in session.marked */
	int32_t id;
	const uint8_t *body; /* borrowed */
	size_t n_body;
	bool goes_on; /* see h2_call */
	struct frame_reader reader;
	struct grpc_status status;
	bool news, bad_frame, ended, closed, reset;
};

/* A request header beside those that every gRPC call has. Both borrowed until the call is begun. */
struct h2_header {
	const char *name, *value;
	bool secret; /* neither side may remember it for calls to come */
};

/* Whom calls on a connection are for: servers refuse a scheme that is not the connection's own. */
struct h2_origin {
	const char *scheme; /* "https" over TLS, else "http" */
	const char *authority;
};

/*
 * What a call asks. `body` is borrowed until the stream's end, or what is said next; the rest until
 * the call is begun.
 */
struct h2_call {
	const char *path;
	const struct h2_header *headers;
	size_t n_headers;
	const uint8_t *body; /* framed */
	size_t n_body;
	uint32_t limit; /* longest message of the answer, bytes */
	bool goes_on;   /* more may be said after the body: h2_session_say */
};

/* Embedded; zeroed is closed. */
struct h2_session {
	void *nghttp2; /* owned; NULL when closed */
	struct list *streams;
	struct list *marked; /* those of them that have something to tell */
	unsigned generation; /* how many have been closed: tells one from the next */
	uint32_t window;     /* bytes that may be on their way to us; 0: HTTP/2's 65,535 */
	size_t n_headers;    /* bytes of the block of headers that comes in, unpacked */
	bool goaway;         /* the server wants no new streams: to be told */
	bool established;    /* the peer has spoken HTTP/2 */
	bool starved;        /* nghttp2 got no memory: it is of no use any more */
	const uint8_t *out;  /* what is to be sent and has not been */
	size_t n_out;
};

/* The session must be closed, and `window` be set. 0, or -1 without memory. */
int h2_session_open(struct h2_session *s);

/* Detaches every stream without a word. Safe when closed. */
void h2_session_close(struct h2_session *s);

/* Every stream is cancelled and the peer told goodbye, in bytes that are then to be sent. */
void h2_session_say_goodbye(struct h2_session *s);

/* False when the peer broke the protocol beyond what nghttp2 can answer. */
bool h2_session_take(struct h2_session *s, const uint8_t *data, size_t len);

/* False when it is over: the peer broke the protocol, and what nghttp2 says to that has been sent.
 */
bool h2_session_wants_more(const struct h2_session *s);

/*
 * Tells the owners of streams what there is, then leaves s->goaway to the
 * caller. False when an owner closed the session meanwhile.
 */
bool h2_session_report(struct h2_session *s);

/* Copies what is to be sent, as far as there is room, and counts it as sent; 0 when there is none.
 */
size_t h2_session_take_out(struct h2_session *s, uint8_t *out, size_t room);

/*
 * Begins a call on an open session; `from` is borrowed until return. False
 * without memory: the stream is not begun then.
 */
bool h2_session_begin(struct h2_session *s, struct h2_stream *stream, const struct h2_origin *from,
		const struct h2_call *call, const struct h2_stream_events *events);

/* True when more may be said: all that was said before is sent, and the peer has not ended it. */
bool h2_session_may_say(const struct h2_stream *stream);

/* Says more on a call that goes on. */
void h2_session_say(struct h2_stream *stream, const uint8_t *body, size_t n_body);

/* How many streams the peer allows at a time; many, as long as it has not said. */
uint32_t h2_session_allowed(const struct h2_session *s);

/* Cancels a stream that is in flight; calls nobody back. */
void h2_session_drop(struct h2_stream *stream);

#endif
