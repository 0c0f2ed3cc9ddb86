/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/wire.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"

#define HEAD    9
#define PREFACE 24
#define PREFIX  5

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, PUSH_PROMISE = 5, CONTINUATION = 9 };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

static void append(uint8_t **to, size_t *n, const uint8_t *data, size_t len)
{
	uint8_t *grown = realloc(*to, *n + len + 1);

	HOLDS(grown != NULL);
	if (len > 0) {
		memcpy(grown + *n, data, len);
	}
	*to = grown;
	*n += len;
}

void wire_open(struct wire *w, bool client)
{
	nghttp2_hd_inflater *inflater = NULL;

	memset(w, 0, sizeof *w);
	HOLDS(nghttp2_hd_inflate_new(&inflater) == 0);
	w->inflater = inflater;
	w->client = client;
}

void wire_close(struct wire *w)
{
	for (size_t i = 0; i < w->n_streams; i++) {
		free(w->streams[i].data);
	}
	if (w->inflater != NULL) {
		nghttp2_hd_inflate_del(w->inflater);
	}
	free(w->bytes);
	free(w->block);
	memset(w, 0, sizeof *w);
}

struct wire_stream *wire_find(struct wire *w, uint32_t id)
{
	for (size_t i = 0; i < w->n_streams; i++) {
		if (w->streams[i].id == id) {
			return &w->streams[i];
		}
	}
	return NULL;
}

/* NULL: there is no room for one more. */
static struct wire_stream *stream_of(struct wire *w, uint32_t id)
{
	struct wire_stream *s = wire_find(w, id);

	if (s == NULL && w->n_streams < WIRE_STREAMS) {
		s = &w->streams[w->n_streams++];
		*s = (struct wire_stream){ .id = id, .code = -1 };
	}
	return s;
}

/* ---- headers -------------------------------------------------------------------------- */

static bool is(const nghttp2_nv *nv, const char *name)
{
	return nv->namelen == strlen(name) && memcmp(nv->name, name, nv->namelen) == 0;
}

static int number(const nghttp2_nv *nv)
{
	int n = 0;

	if (nv->valuelen == 0 || nv->valuelen > 3) {
		return -1;
	}
	for (size_t i = 0; i < nv->valuelen; i++) {
		if (nv->value[i] < '0' || nv->value[i] > '9') {
			return -1;
		}
		n = n * 10 + (nv->value[i] - '0');
	}
	return n;
}

static void note(struct wire_stream *s, const nghttp2_nv *nv)
{
	static const char grpc[] = "application/grpc", gone[] = "lease not found";

	if (is(nv, ":path") && nv->valuelen < sizeof s->path) {
		memcpy(s->path, nv->value, nv->valuelen);
		s->path[nv->valuelen] = '\0';
	} else if (is(nv, ":status")) {
		s->ok_200 = number(nv) == 200;
	} else if (is(nv, "content-type")) {
		s->grpc_type = nv->valuelen >= sizeof grpc - 1 &&
			       strncasecmp((const char *)nv->value, grpc, sizeof grpc - 1) == 0;
	} else if (is(nv, "grpc-status")) {
		s->code = number(nv);
	} else if (is(nv, "grpc-message")) {
		s->not_found = s->not_found ||
			       memmem(nv->value, nv->valuelen, gone, sizeof gone - 1) != NULL;
	}
}

static void inflate(struct wire *w, struct wire_stream *s)
{
	const uint8_t *at = w->block;
	size_t left = w->n_block;
	int flags = 0;

	while (!w->broken && (flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
		nghttp2_nv nv;
		ssize_t n = nghttp2_hd_inflate_hd2(w->inflater, &nv, &flags, at, left, 1);
		w->broken = n < 0;
		if (n >= 0) {
			at += n;
			left -= (size_t)n;
		}
		if (n >= 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && s != NULL) {
			note(s, &nv);
		}
	}
	(void)nghttp2_hd_inflate_end_headers(w->inflater);
	w->n_block = 0;
}

/* ---- frames --------------------------------------------------------------------------- */

/* Takes off what goes before and behind; false when there is more of it than of the frame. */
static bool unpad(const uint8_t **payload, size_t *len, uint8_t flags, bool headers)
{
	size_t before = 0, behind = 0;

	if ((flags & PADDED) != 0) {
		before = 1;
		behind = *len > 0 ? (*payload)[0] : 0;
	}
	before += headers && (flags & PRIORITY) != 0 ? 5 : 0;
	if (before + behind > *len) {
		return false;
	}
	*payload += before;
	*len -= before + behind;
	return true;
}

static void take_headers(
		struct wire *w, uint8_t flags, uint32_t id, const uint8_t *payload, size_t len)
{
	append(&w->block, &w->n_block, payload, len);
	if ((flags & END_HEADERS) != 0) {
		inflate(w, w->block_counts ? stream_of(w, id) : NULL);
	}
}

static void take_frame(struct wire *w, uint8_t type, uint8_t flags, uint32_t id,
		const uint8_t *payload, size_t len)
{
	struct wire_stream *s = id == 0 ? NULL : stream_of(w, id);
	bool over = s != NULL && s->over; /* what comes behind the end says nothing */
	bool ends = (flags & END_STREAM) != 0;

	if (type == DATA && s != NULL && !over && unpad(&payload, &len, flags, false)) {
		append(&s->data, &s->n_data, payload, len);
		s->over = s->over || ends;
	} else if (type == HEADERS && unpad(&payload, &len, flags, true)) {
		if (s != NULL) {
			s->over = s->over || ends;
		}
		w->block_counts = !over;
		take_headers(w, flags, id, payload, len);
	} else if (type == CONTINUATION) {
		take_headers(w, flags, id, payload, len);
	} else if (type == RST_STREAM && s != NULL) {
		s->over = true;
	} else if (type == PUSH_PROMISE) {
		w->broken = true; /* it is not allowed: the connection ends with it */
	}
}

void wire_take(struct wire *w, const uint8_t *data, size_t len)
{
	append(&w->bytes, &w->n, data, len);
	if (w->client && w->parsed == 0) {
		w->parsed = w->n >= PREFACE ? PREFACE : 0;
		if (w->parsed == 0) {
			return;
		}
	}
	while (!w->broken && w->n - w->parsed >= HEAD) {
		const uint8_t *at = w->bytes + w->parsed;
		size_t n = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
		uint32_t id = (uint32_t)(at[5] & 0x7f) << 24 | (uint32_t)at[6] << 16 |
			      (uint32_t)at[7] << 8 | at[8];
		if (w->n - w->parsed < HEAD + n) {
			return;
		}
		w->parsed += HEAD + n;
		take_frame(w, at[3], at[4], id, at + HEAD, n);
	}
}

/* ---- messages ------------------------------------------------------------------------- */

bool wire_message(const struct wire_stream *s, size_t *at, const uint8_t **message, size_t *len)
{
	if (s->n_data - *at < PREFIX || s->data[*at] != 0) {
		return false;
	}
	const uint8_t *size = s->data + *at + 1;
	size_t n = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
	if (s->n_data - *at - PREFIX < n) {
		return false;
	}
	*message = s->data + *at + PREFIX;
	*len = n;
	*at += PREFIX + n;
	return true;
}

bool wire_is_ok(const struct wire_stream *s)
{
	return s->ok_200 && s->grpc_type && s->code == 0;
}
