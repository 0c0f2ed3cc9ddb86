/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_HTTP_H
#define AGENT_NET_CURL_HTTP_H

/*
 * curl_http - a client of one HTTP/1.1 server, over libcurl, on the libev loop.
 *
 * One request at a time, over one connection that is kept between them. When
 * the server has closed it meanwhile, the request goes over a new one, and
 * nobody hears of it. Redirects are not followed: they are answers. Nothing of
 * the environment counts: no proxy, no .netrc.
 *
 *	struct curl_http *http = curl_http_create(loop, &target, NULL, &err);
 *	struct http_call call = { .path = "/status", .body_max = 65536,
 *		.deadline = clock_now() + 2.0 };
 *	curl_http_start(http, &call, on_done, owner);
 *
 * A start never calls back: even an immediate failure is delivered from the
 * loop. A cancel never calls back. The request is over before `done` is called,
 * so `done` may start the next one, or destroy the client.
 */

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/net/tls_settings.h"

struct curl_http;

enum http_method { HTTP_GET, HTTP_POST };

/* The path and its body are borrowed for the length of the call to start. */
struct http_call {
	enum http_method method; /* a POST has no body */
	const char *path;        /* begins with '/'; the query is a part of it, all is escaped */
	size_t body_max;         /* bytes of the answer's body that are kept */
	double deadline;         /* clock_now() time, for the whole answer */
};

enum http_end {
	HTTP_ANSWERED,    /* an HTTP answer came, whatever its status */
	HTTP_REFUSED,     /* nothing listens, or there is no such socket */
	HTTP_UNREACHABLE, /* no way there */
	HTTP_TIMEOUT,     /* no whole answer until the deadline */
	HTTP_BROKEN,      /* the connection ended before the whole answer */
	HTTP_NOT_HTTP,    /* something else was answered */
	HTTP_TLS,         /* TLS failed, or a certificate was refused */
	HTTP_TLS_FILES,   /* a file of the settings cannot be used */
	HTTP_NO_RESOURCES /* we are out of memory or descriptors */
};

/* Valid only until `done` returns. */
struct http_answer {
	enum http_end end;
	int status;       /* HTTP_ANSWERED: 100 to 999 */
	const char *body; /* what was kept of it; a NUL follows, and "" is what there is without */
	size_t len;
	bool cut;        /* there was more */
	const char *why; /* one sentence, with the server's address; "" when it was answered */
};

typedef void http_done(void *owner, const struct http_answer *answer);

/*
 * Loads libcurl, which takes some milliseconds when it is not there yet;
 * curl_http_create does it where nobody has. -1 with *err filled.
 */
int curl_http_prepare(struct err *err);

/*
 * `tls` with `on` set makes it HTTPS; it may be NULL. Both are borrowed until
 * the client is destroyed. Connects nowhere yet. NULL with *err filled when
 * libcurl cannot do what is needed here, or without memory.
 */
struct curl_http *curl_http_create(struct ev_loop *loop, const struct target *target,
		const struct tls_settings *tls, struct err *err);

/* Accepts NULL. A request in flight is cancelled. */
void curl_http_destroy(struct curl_http *h);

/*
 * A header for each request from now on; one of that name that would be sent
 * anyway (Host, User-Agent) is replaced. The caller has looked at both texts:
 * no line break is in them. 0, or -1 without memory.
 */
int curl_http_header(struct curl_http *h, const char *name, const char *value);

/* None may be in flight. `owner` is handed to `done`. */
void curl_http_start(
		struct curl_http *h, const struct http_call *call, http_done *done, void *owner);

/* Safe when none is in flight. */
void curl_http_cancel(struct curl_http *h);

#endif
