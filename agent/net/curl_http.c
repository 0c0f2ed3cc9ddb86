/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_http - HTTP/1.1 over libcurl.
 *
 * Each client has a multi handle of its own, so that it has connections of its
 * own: one is kept. libcurl itself goes on over a new connection when a kept
 * one turns out to be dead before anything has come over it.
 *
 * Certificates are read when a connection is made. Files that were replaced
 * make the next request connect anew, unless they cannot be used: then the
 * connection that works stays.
 */
#include "agent/net/curl_http.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/clock.h"
#include "agent/net/curl_http_end.h"
#include "agent/net/curl_library.h"
#include "agent/net/curl_loop.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_files.h"
#include "agent/patient.h"
#include "agent/util.h"

/* What is read of a body beyond what is kept, so that the connection can be kept, bytes. */
#define SKIPPED_MAX 65536u

#define READ_SIZE 4096L /* at once, bytes */

/* What headers may take in all, bytes, with 32 for each: libcurl keeps them. As in h2_session.c. */
#define HEADERS_MAX  65536u
#define HEADER_EXTRA 32u

struct curl_http {
	struct curl_loop loop;
	struct http_transfer transfer; /* what its end is judged by; `easy` is owned */
	struct tls_files files;        /* with TLS: what was known of them last */
	char base[ENDPOINT_TEXT_MAX + 8];
	struct curl_slist *headers; /* owned */
	bool anew;                  /* what is open was made with certificates of the past */

	bool busy;         /* a request is in flight, or its end is to be told */
	bool lent;         /* libcurl has it */
	unsigned failures; /* of memory, before it (agent/patient.h) */
	ev_timer later;
	http_done *done;
	void *owner;
	size_t body_max, n_body, body_size, n_skipped, headers_size;
	char *body; /* owned; a NUL follows what is in it */
	enum http_end end;
};

/* ---- what libcurl asks for ------------------------------------------------------- */

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct curl_http *h = user;

	UNUSED(purpose);
	if (curl_http_was_dropped(&h->transfer)) {
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	int one = 1; /* our source port may be the one that a service is about to listen on */

	if (fd < 0) {
		h->transfer.socket_errno = errno == EAFNOSUPPORT ? 0 : errno;
		return CURL_SOCKET_BAD;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	return fd;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* libcurl takes a status line that begins well and is nonsense for a 200: it is looked at here. */
static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	static const char begin[] = "HTTP/1.x "; /* and three digits */
	struct curl_http *h = user;
	size_t len = size * count, at = sizeof begin - 1;

	h->headers_size += len + HEADER_EXTRA;
	h->transfer.flooded = h->headers_size > HEADERS_MAX;
	if (h->transfer.flooded) {
		return 0;
	}
	if (len < 5 || memcmp(data, begin, 5) != 0) {
		return len;
	}
	h->transfer.nonsense = len < at + 3 || data[5] != '1' || data[6] != '.' || data[8] != ' ' ||
			       !is_digit(data[at]) || !is_digit(data[at + 1]) ||
			       !is_digit(data[at + 2]);
	return h->transfer.nonsense ? 0 : len;
}

static bool keep(struct curl_http *h, const char *data, size_t len)
{
	size_t needed = h->n_body + len + 1;

	if (needed > h->body_size) {
		size_t size = needed > 2 * h->body_size ? needed : 2 * h->body_size;
		char *grown = realloc(h->body, size);
		if (grown == NULL) {
			return false;
		}
		h->body = grown;
		h->body_size = size;
	}
	memcpy(h->body + h->n_body, data, len);
	h->n_body += len;
	h->body[h->n_body] = '\0';
	return true;
}

/* A status may come with a body that has no end: the status is what counts then. */
static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct curl_http *h = user;
	size_t len = size * count;
	size_t room = h->body_max - h->n_body;
	size_t kept = len < room ? len : room;

	if (kept > 0 && !keep(h, data, kept)) {
		return 0;
	}
	h->n_skipped += len - kept;
	h->transfer.stopped = h->n_skipped > SKIPPED_MAX;
	return h->transfer.stopped ? 0 : len;
}

/* ---- options --------------------------------------------------------------------- */

/* Not even one of the environment. A libcurl without proxies (static build) has no such option. */
static CURLcode set_no_proxy(CURL *easy)
{
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_PROXY, "");

	if (bad == CURLE_UNKNOWN_OPTION) {
		return CURLE_OK;
	}
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	return bad;
}

static bool set_constants(CURL *easy, struct curl_http *h)
{
	CURLcode bad = set_no_proxy(easy);

	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "svc-agent");
	bad |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_SIZE);
	bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, h);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, h);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->transfer.why);
	return bad == CURLE_OK;
}

static bool set_tls(CURL *easy, const struct tls_settings *tls)
{
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or OpenSSL asks the terminal */
	if (tls->cert_file[0] != '\0') {
		bad |= curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert_file);
		bad |= curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file);
	}
	if (tls->ca_file[0] != '\0') {
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
		bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* it is the only one */
	}
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->insecure_skip_verify ? 0L : 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->insecure_skip_verify ? 0L : 2L);
	return bad == CURLE_OK;
}

/* The URL has the name that is asked for; where that is, libcurl is told beside it. */
static bool set_server(struct curl_http *h, const struct target *target)
{
	struct http_transfer *t = &h->transfer;
	bool local = target->kind == TARGET_UNIX;
	const char *host = local ? "localhost" : target->inet.host;
	bool renamed = t->tls != NULL && t->tls->server_name[0] != '\0';
	char asked[ENDPOINT_TEXT_MAX];
	CURLcode bad = CURLE_OK;

	t->target = target;
	target_format(t->name, sizeof t->name, target);
	t->localhost = !local && !endpoint_is_address(host);
	(void)snprintf(t->expected, sizeof t->expected, "%s", renamed ? t->tls->server_name : host);
	if (local) {
		bad |= curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, target->path);
		(void)snprintf(asked, sizeof asked, "%s", t->expected);
	} else {
		endpoint_format(asked, sizeof asked, t->expected, target->inet.port);
	}
	(void)snprintf(h->base, sizeof h->base, "%s://%s", t->tls != NULL ? "https" : "http",
			asked);
	if (renamed && !local) {
		char line[TARGET_TEXT_MAX + 2];
		(void)snprintf(line, sizeof line, "::%s", t->name); /* whatever the URL says */
		t->connect_to = curl_slist_append(NULL, line);
		bad |= curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
	}
	return bad == CURLE_OK && (t->connect_to != NULL || !renamed || local);
}

static bool set_call(struct curl_http *h, const struct http_call *call, long timeout_ms)
{
	CURL *easy = h->transfer.easy;
	size_t size = strlen(h->base) + strlen(call->path) + 1;
	char *url = malloc(size);
	CURLcode bad = url == NULL ? CURLE_OUT_OF_MEMORY : CURLE_OK;

	if (url != NULL) {
		(void)snprintf(url, size, "%s%s", h->base, call->path);
		bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
		free(url);
	}
	if (call->method == HTTP_POST) {
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	} else {
		bad |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, h->anew ? 1L : 0L);
	return bad == CURLE_OK;
}

/* ---- a request's life ------------------------------------------------------------ */

static void take_back(struct curl_http *h)
{
	if (h->lent) {
		(void)curl_multi_remove_handle(h->loop.multi, h->transfer.easy);
		h->lent = false;
	}
}

static void end_later(struct curl_http *h, enum http_end end, const char *what)
{
	h->end = end;
	(void)snprintf(h->transfer.why, sizeof h->transfer.why, "%s: %s", h->transfer.name, what);
	ev_timer_set(&h->later, 0.0, 0.0);
	ev_timer_start(h->loop.loop, &h->later);
}

/* True when new files can be used: a rotation that went wrong must not cost what works. */
static bool files_are_new(struct curl_http *h)
{
	char why[600];

	if (h->transfer.tls == NULL || !tls_files_changed(&h->files)) {
		return false;
	}
	struct ssl_ctx_st *context =
			tls_context_make(h->transfer.tls, "probe.tls", why, sizeof why);
	tls_context_free(context);
	return context != NULL;
}

void curl_http_start(
		struct curl_http *h, const struct http_call *call, http_done *done, void *owner)
{
	double left = call->deadline - clock_now();
	long timeout_ms = left > 0.0 ? (long)(left * 1000.0) : 0;

	assert(!h->busy);
	h->busy = true;
	h->done = done;
	h->owner = owner;
	h->body_max = call->body_max;
	h->n_body = h->n_skipped = h->headers_size = 0;
	h->transfer.stopped = h->transfer.nonsense = h->transfer.flooded = false;
	h->transfer.socket_errno = 0;
	h->transfer.n_opened = 0;
	h->failures = patient_failures();
	h->transfer.why[0] = '\0';
	h->anew = h->anew || files_are_new(h);
	if (timeout_ms < 1) {
		end_later(h, HTTP_TIMEOUT, "the time for a request had passed before it began");
	} else if (!curl_loop_is_ready(&h->loop) || !set_call(h, call, timeout_ms) ||
			curl_multi_add_handle(h->loop.multi, h->transfer.easy) != CURLM_OK) {
		end_later(h, HTTP_NO_RESOURCES, "out of memory for a request");
	} else {
		h->lent = true;
	}
}

void curl_http_cancel(struct curl_http *h)
{
	take_back(h);
	ev_timer_stop(h->loop.loop, &h->later);
	free(h->body);
	h->body = NULL;
	h->body_size = 0;
	h->busy = false;
}

/* All that the answer needs is taken out first: `done` may do anything. */
static void tell(struct curl_http *h)
{
	char why[sizeof h->transfer.why];
	char *body = h->body;
	struct http_answer answer = { .end = h->end,
		.status = h->transfer.status,
		.body = body != NULL ? body : "",
		.len = h->n_body,
		.cut = h->n_skipped > 0,
		.why = why };

	memcpy(why, h->transfer.why, sizeof why);
	h->body = NULL;
	h->body_size = 0;
	h->busy = false;
	h->done(h->owner, &answer);
	free(body);
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	tell(CONTAINER_OF(later, struct curl_http, later));
}

static void on_result(struct curl_loop *l, void *easy, int code)
{
	struct curl_http *h = CONTAINER_OF(l, struct curl_http, loop);

	UNUSED(easy);
	h->transfer.starved = h->failures != patient_failures();
	h->end = curl_http_end(&h->transfer, code);
	h->anew = h->anew && h->end != HTTP_ANSWERED;
	take_back(h);
}

static void on_failure(struct curl_loop *l, const char *why)
{
	struct curl_http *h = CONTAINER_OF(l, struct curl_http, loop);

	if (h->lent) {
		take_back(h);
		h->end = HTTP_NO_RESOURCES;
		(void)snprintf(h->transfer.why, sizeof h->transfer.why, "libcurl failed: %s", why);
	}
}

static void on_settled(struct curl_loop *l)
{
	struct curl_http *h = CONTAINER_OF(l, struct curl_http, loop);

	if (h->busy && !h->lent && !ev_is_active(&h->later)) {
		tell(h); /* last: the client may be gone afterwards */
	}
}

static const struct curl_loop_events events = {
	.on_result = on_result,
	.on_failure = on_failure,
	.on_settled = on_settled,
};

/* ---- making and ending ----------------------------------------------------------- */

int curl_http_header(struct curl_http *h, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 3;
	char *line = malloc(size);

	if (line == NULL) {
		return -1;
	}
	/* In libcurl's own way of saying it, a header that is to be empty ends in a semicolon. */
	(void)snprintf(line, size, value[0] != '\0' ? "%s: %s" : "%s;", name, value);
	struct curl_slist *grown = curl_slist_append(h->headers, line);
	free(line);
	h->headers = grown != NULL ? grown : h->headers;
	return grown != NULL ? 0 : -1;
}

int curl_http_prepare(struct err *err)
{
	return curl_library_load(err);
}

struct curl_http *curl_http_create(struct ev_loop *loop, const struct target *target,
		const struct tls_settings *tls, struct err *err)
{
	struct curl_http *h = calloc(1, sizeof *h);

	if (h == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (curl_loop_init(&h->loop, loop, &events, err) < 0) {
		free(h);
		return NULL;
	}
	ev_timer_init(&h->later, on_later, 0.0, 0.0);
	if (tls != NULL && tls->on) {
		h->transfer.tls = tls;
		tls_files_init(&h->files, tls);
	}
	CURL *easy = h->transfer.easy = curl_easy_init();
	if (easy == NULL || !set_constants(easy, h) || !set_server(h, target) ||
			(h->transfer.tls != NULL && !set_tls(easy, h->transfer.tls))) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		curl_http_destroy(h);
		return NULL;
	}
	return h;
}

void curl_http_destroy(struct curl_http *h)
{
	if (h == NULL) {
		return;
	}
	curl_http_cancel(h);
	curl_easy_cleanup(h->transfer.easy);
	curl_loop_finish(&h->loop);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->transfer.connect_to);
	free(h);
}
