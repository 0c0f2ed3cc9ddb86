/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_session.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "agent/patient.h"
#include "agent/util.h"
#include "agent/wiping.h"

#define HEADERS_COMMON 7
#define HEADERS_MAX    (HEADERS_COMMON + 65)

/*
 * What a block of headers may unfold into, bytes, counted as RFC 9113 does: names, values and 32
 * for each. gRPC servers send some hundreds and keep to 8 or 16 KB. Packed, 16 KB can stand for
 * 64 MB.
 */
#define BLOCK_MAX    65536u
#define HEADER_EXTRA 32u

/* ---- nghttp2's callbacks: leave marks -------------------------------------------- */

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
	return id == 0 ? NULL : nghttp2_session_get_stream_user_data(session, id);
}

static void mark(struct h2_session *s, struct h2_stream *stream)
{
	if (stream->mark.at == NULL) {
		list_add(&s->marked, &stream->mark);
	}
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2_session *s = user;

	UNUSED(session);
	UNUSED(frame);
	s->n_headers = 0;
	return 0;
}

/* A block that is too long ends its stream: the rest of it is unpacked, and not looked at. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags, void *user)
{
	struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
	struct h2_session *s = user;

	UNUSED(flags);
	s->n_headers += n_name + n_value + HEADER_EXTRA;
	if (s->n_headers > BLOCK_MAX) {
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (stream != NULL) {
		grpc_status_header(&stream->status, (const char *)name, n_name, (const char *)value,
				n_value);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		size_t len, void *user)
{
	struct h2_stream *stream = stream_of(session, id);

	UNUSED(flags);
	if (stream == NULL || stream->bad_frame) {
		return 0;
	}
	if (stream->events->on_body != NULL) {
		stream->bad_frame = !stream->events->on_body(stream, data, len);
		stream->news = stream->events->on_news != NULL;
		mark(user, stream);
		return 0;
	}
	for (;;) {
		enum frame_result result = frame_reader_next(&stream->reader, &data, &len);
		if (result == FRAME_MORE) {
			return 0;
		}
		if (result != FRAME_MESSAGE) {
			stream->bad_frame = true;
			mark(user, stream);
			return 0;
		}
		stream->events->on_message(
				stream, stream->reader.message, stream->reader.message_len);
		if (stream->events->on_news != NULL) {
			stream->news = true;
			mark(user, stream);
		}
	}
}

/* Where our side stays open, the stream is not closed by that: it is over all the same. */
static void note_last(struct h2_session *s, const nghttp2_frame *frame)
{
	struct h2_stream *stream = stream_of(s->nghttp2, frame->hd.stream_id);

	if (stream != NULL && stream->goes_on && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
		stream->ended = true;
		mark(s, stream);
	}
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2_session *s = user;

	UNUSED(session);
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		s->goaway = true;
	} else if (frame->hd.type == NGHTTP2_SETTINGS) {
		s->established = true;
	} else if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) {
		note_last(s, frame);
	}
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct h2_stream *stream = stream_of(session, id);

	if (stream != NULL) {
		stream->reset = !stream->ended && error != NGHTTP2_NO_ERROR;
		stream->ended = stream->closed = true;
		mark(user, stream);
	}
	return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
		uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct h2_stream *stream = stream_of(session, id);

	UNUSED(source);
	UNUSED(user);
	if (stream == NULL) {
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* cancelled before it was sent */
	}
	if (stream->n_body == 0 && stream->goes_on) {
		return NGHTTP2_ERR_DEFERRED;
	}
	size_t n = stream->n_body < room ? stream->n_body : room;
	memcpy(out, stream->body, n);
	stream->body += n;
	stream->n_body -= n;
	if (stream->n_body == 0 && !stream->goes_on) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	return (ssize_t)n;
}

/* ---- streams --------------------------------------------------------------------- */

static struct h2_stream *linked_stream(struct list *link)
{
	return CONTAINER_OF(link, struct h2_stream, link);
}

static void detach(struct h2_stream *stream)
{
	list_remove(&stream->link);
	if (stream->mark.at != NULL) {
		list_remove(&stream->mark);
	}
	stream->session = NULL;
	frame_reader_finish(&stream->reader);
}

void h2_session_drop(struct h2_stream *stream)
{
	void *nghttp2 = stream->session->nghttp2;

	(void)nghttp2_session_set_stream_user_data(nghttp2, stream->id, NULL);
	if (!stream->closed) {
		(void)nghttp2_submit_rst_stream(
				nghttp2, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
	}
	detach(stream);
}

/* Where nghttp2 has const too much, or too little. */
static uint8_t *bytes_of(const void *in)
{
	union {
		const void *in;
		uint8_t *out;
	} bytes = { .in = in };

	return bytes.out;
}

/* It copies both. */
static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){ bytes_of(name), bytes_of(value), strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NONE };
}

static size_t all_headers(
		nghttp2_nv out[], const struct h2_origin *from, const struct h2_call *call)
{
	size_t n = 0;

	out[n++] = header(":method", "POST");
	out[n++] = header(":scheme", from->scheme);
	out[n++] = header(":path", call->path);
	out[n++] = header(":authority", from->authority);
	out[n++] = header("content-type", "application/grpc");
	out[n++] = header("te", "trailers");
	out[n++] = header("user-agent", "svc-agent");
	for (size_t i = 0; i < call->n_headers && n < HEADERS_MAX; i++) {
		out[n] = header(call->headers[i].name, call->headers[i].value);
		out[n++].flags = call->headers[i].secret ? NGHTTP2_NV_FLAG_NO_INDEX
							 : NGHTTP2_NV_FLAG_NONE;
	}
	return n;
}

bool h2_session_begin(struct h2_session *s, struct h2_stream *stream, const struct h2_origin *from,
		const struct h2_call *call, const struct h2_stream_events *events)
{
	nghttp2_nv headers[HEADERS_MAX] LEFT_AS_IT_IS;
	nghttp2_data_provider provider = { .read_callback = read_body };

	assert(stream->session == NULL);
	memset(stream, 0, sizeof *stream);
	frame_reader_init(&stream->reader, call->limit);
	stream->events = events;
	stream->body = call->body;
	stream->n_body = call->n_body;
	stream->goes_on = call->goes_on;
	size_t n = all_headers(headers, from, call);
	stream->id = nghttp2_submit_request(s->nghttp2, NULL, headers, n, &provider, stream);
	if (stream->id < 0) {
		return false;
	}
	stream->session = s;
	list_add(&s->streams, &stream->link);
	return true;
}

bool h2_session_may_say(const struct h2_stream *stream)
{
	return stream->session != NULL && stream->goes_on && stream->n_body == 0 && !stream->ended;
}

void h2_session_say(struct h2_stream *stream, const uint8_t *body, size_t n_body)
{
	assert(h2_session_may_say(stream));
	stream->body = body;
	stream->n_body = n_body;
	(void)nghttp2_session_resume_data(stream->session->nghttp2, stream->id);
}

/* ---- reporting the marks --------------------------------------------------------- */

static enum h2_end end_of(const struct h2_stream *stream)
{
	if (stream->status.http != 0 && !stream->status.grpc_type) {
		return H2_END_NOT_GRPC;
	}
	if (stream->bad_frame) {
		return H2_END_BAD_FRAME;
	}
	if (grpc_status_complete(&stream->status)) {
		bool cut_off = stream->status.code == GRPC_OK &&
			       !frame_reader_at_rest(&stream->reader);
		return cut_off ? H2_END_BAD_FRAME : H2_END_STATUS;
	}
	return stream->reset ? H2_END_RESET : H2_END_NO_STATUS;
}

static void report_stream(struct h2_stream *stream)
{
	if (stream->news) {
		stream->news = false;
		if (!stream->ended && !stream->bad_frame) {
			list_remove(&stream->mark);
		}
		stream->events->on_news(stream);
		return; /* whatever else there is comes in the next round, if it still lives */
	}
	enum h2_end end = end_of(stream);
	struct grpc_status status = stream->status;
	h2_session_drop(stream);
	stream->events->on_end(stream, end, &status);
}

/* Every step begins anew at the head of the list: an owner may have changed all of it. */
bool h2_session_report(struct h2_session *s)
{
	unsigned generation = s->generation;

	while (s->generation == generation && s->marked != NULL) {
		report_stream(CONTAINER_OF(s->marked, struct h2_stream, mark));
	}
	return s->generation == generation;
}

/* ---- bytes ----------------------------------------------------------------------- */

bool h2_session_take(struct h2_session *s, const uint8_t *data, size_t len)
{
	ssize_t taken = nghttp2_session_mem_recv(s->nghttp2, data, len);
	s->starved = s->starved || taken == NGHTTP2_ERR_NOMEM;
	return taken >= 0;
}

bool h2_session_wants_more(const struct h2_session *s)
{
	return nghttp2_session_want_read(s->nghttp2) != 0;
}

uint32_t h2_session_allowed(const struct h2_session *s)
{
	return nghttp2_session_get_remote_settings(
			s->nghttp2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

/*
 * What has been taken out is wiped in nghttp2's buffer, which does not read it again: it may be a
 * password, and would stay there until as much has been sent after it.
 */
size_t h2_session_take_out(struct h2_session *s, uint8_t *out, size_t room)
{
	size_t n = 0;

	while (n < room) {
		if (s->n_out == 0) {
			ssize_t more = nghttp2_session_mem_send(s->nghttp2, &s->out);
			if (more <= 0) {
				s->starved = s->starved || more == NGHTTP2_ERR_NOMEM;
				break;
			}
			s->n_out = (size_t)more;
		}
		size_t part = s->n_out < room - n ? s->n_out : room - n;
		memcpy(out + n, s->out, part);
		explicit_bzero(bytes_of(s->out), part);
		s->out += part;
		s->n_out -= part;
		n += part;
	}
	return n;
}

/* ---- the session ----------------------------------------------------------------- */

/* The first words. For the connection as a whole HTTP/2 has no setting: it is told apart. */
static bool introduce(const struct h2_session *s, nghttp2_session *session)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, s->window },
	};
	size_t n = ARRAY_LEN(settings) - (s->window > 0 ? 0 : 1);

	return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, n) == 0 &&
	       (s->window == 0 || nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE,
						  0, (int32_t)s->window) == 0);
}

static void *on_malloc(size_t size, void *user)
{
	UNUSED(user);
	return patient_get(NULL, size);
}

static void *on_calloc(size_t n, size_t size, void *user)
{
	UNUSED(user);
	return calloc(n, size);
}

static void *on_realloc(void *block, size_t size, void *user)
{
	UNUSED(user);
	return wiping_realloc(block, size);
}

static void on_free(void *block, void *user)
{
	UNUSED(user);
	wiping_free(block);
}

static nghttp2_session *create_session(struct h2_session *s)
{
	nghttp2_mem memory = { NULL, on_malloc, on_free, on_calloc, on_realloc }; /* for tokens */
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session = NULL;

	if (nghttp2_session_callbacks_new(&callbacks) != 0) {
		return NULL;
	}
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	if (nghttp2_session_client_new3(&session, callbacks, s, NULL, &memory) != 0) {
		session = NULL;
	}
	nghttp2_session_callbacks_del(callbacks);
	if (session != NULL && !introduce(s, session)) {
		nghttp2_session_del(session);
		session = NULL;
	}
	return session;
}

int h2_session_open(struct h2_session *s)
{
	assert(s->nghttp2 == NULL);
	s->goaway = s->established = s->starved = false;
	s->nghttp2 = create_session(s);
	return s->nghttp2 == NULL ? -1 : 0;
}

void h2_session_close(struct h2_session *s)
{
	if (s->nghttp2 == NULL) {
		return;
	}
	while (s->streams != NULL) {
		detach(linked_stream(s->streams));
	}
	nghttp2_session_del(s->nghttp2);
	s->nghttp2 = NULL;
	s->n_out = 0;
	s->generation++;
}

void h2_session_say_goodbye(struct h2_session *s)
{
	while (s->streams != NULL) {
		h2_session_drop(linked_stream(s->streams));
	}
	(void)nghttp2_session_terminate_session(s->nghttp2, NGHTTP2_NO_ERROR);
}
