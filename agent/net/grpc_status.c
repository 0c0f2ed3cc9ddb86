/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/grpc_status.h"

#include <string.h>
#include <strings.h>

#include "agent/utf8.h"
#include "agent/util.h"

/* A small decimal number, whole text; -1 for anything else. */
static int number(const char *text, size_t len)
{
	int n = 0;

	if (len == 0 || len > 3) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return -1;
		}
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A % that two hex digits do not follow stands for itself, as the gRPC specification wants. */
static void percent_decode(char *out, size_t size, const char *in, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		char c = in[i];
		if (c == '%' && i + 2 < len && hex(in[i + 1]) >= 0 && hex(in[i + 2]) >= 0) {
			c = (char)(hex(in[i + 1]) * 16 + hex(in[i + 2]));
			i += 2;
		}
		out[n++] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
	}
	out[n] = '\0';
	utf8_make_harmless(out); /* also a character that was cut */
}

static bool is(const char *name, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(name, want, len) == 0;
}

static bool starts(const char *value, size_t len, const char *want)
{
	size_t n = strlen(want);

	return len >= n && strncasecmp(value, want, n) == 0;
}

static void note_code(struct grpc_status *s, int code)
{
	s->torn = s->torn || (s->seen && code != s->code);
	s->seen = code >= 0;
	s->code = code;
}

void grpc_status_header(struct grpc_status *s, const char *name, size_t name_len, const char *value,
		size_t value_len)
{
	if (is(name, name_len, ":status")) {
		s->http = number(value, value_len);
	} else if (is(name, name_len, "content-type")) {
		s->grpc_type = starts(value, value_len, "application/grpc");
	} else if (is(name, name_len, "grpc-encoding")) {
		s->compressed = !is(value, value_len, "identity");
	} else if (is(name, name_len, "grpc-status")) {
		note_code(s, number(value, value_len));
	} else if (is(name, name_len, "grpc-message")) {
		percent_decode(s->message, sizeof s->message, value, value_len);
	}
}

bool grpc_status_complete(const struct grpc_status *s)
{
	return s->http == 200 && s->grpc_type && s->seen && !s->torn;
}

const char *grpc_code_name(int code)
{
	static const char *const names[] = {
		[GRPC_OK] = "OK",
		[GRPC_CANCELLED] = "CANCELLED",
		[GRPC_UNKNOWN] = "UNKNOWN",
		[GRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
		[GRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
		[GRPC_NOT_FOUND] = "NOT_FOUND",
		[GRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
		[GRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
		[GRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
		[GRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
		[GRPC_ABORTED] = "ABORTED",
		[GRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
		[GRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
		[GRPC_INTERNAL] = "INTERNAL",
		[GRPC_UNAVAILABLE] = "UNAVAILABLE",
		[GRPC_DATA_LOSS] = "DATA_LOSS",
		[GRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
	};

	return code >= 0 && code < (int)ARRAY_LEN(names) ? names[code] : names[GRPC_UNKNOWN];
}
