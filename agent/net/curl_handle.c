/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_handle - libcurl's options.
 *
 * A handle is used for one target after the other, so whatever depends on the
 * target is set each time. Certificates are read when a connection is made and
 * at no other time: neither sessions nor authorities are kept, or a file that
 * was replaced would not be seen. A private authority is the only one:
 * libcurl's own folder of authorities is taken away beside it.
 */
#include "agent/net/curl_handle.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/curl_target.h"
#include "agent/util.h"

#define BODY_LIMIT (8u << 20) /* bytes; etcd's answers to us are far below */

/*
 * What is read at once, bytes. When more has come than that, 7.88 keeps the
 * rest to itself until something else comes on the connection: a page of etcd's
 * stalled until its deadline. Beside a stream it may even lose the status of a
 * call. So it is more than what is ever on its way at once: HTTP/2's window.
 * It is set once for each handle: one that was taken back before its transfer
 * ended may keep its buffer, and 7.88 then refuses to be told a size again.
 */
#define READ_SIZE (512L << 10)

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct carrier_request *r = user;

	UNUSED(purpose);
	if (!r->fresh) {
		return CURL_SOCKET_BAD; /* it may only join */
	}
	return curl_target_socket(r->target, address->family, address->socktype, address->protocol);
}

/* The target outlives the request that opened the socket, so it is the one told. */
static int on_close(void *user, curl_socket_t fd)
{
	return curl_target_close(user, fd);
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	struct carrier_request *r = user;
	size_t len = size * count;
	size_t end = len;

	if (r->connecting) { /* a stream may last for days: who waits for its connection joins now
			      */
		r->connecting = false;
		r->target->connecting--;
	}
	while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r')) {
		end--;
	}
	const char *colon = memchr(data, ':', end);
	if (colon != NULL) {
		const char *value = colon + 1;
		while (value < data + end && *value == ' ') {
			value++;
		}
		grpc_status_header(&r->status, data, (size_t)(colon - data), value,
				(size_t)(data + end - value));
	}
	return len;
}

/* What was received may be a token: it is wiped where it does not stay. */
static bool make_room(struct carrier_request *r, size_t needed)
{
	size_t size = 2 * r->received_size > needed ? 2 * r->received_size : needed;

	if (needed <= r->received_size) {
		return true;
	}
	uint8_t *grown = malloc(size);
	if (grown == NULL) {
		return false;
	}
	if (r->received != NULL) {
		memcpy(grown, r->received, r->n_received);
		explicit_bzero(r->received, r->received_size);
		free(r->received);
	}
	r->received = grown;
	r->received_size = size;
	return true;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct carrier_request *r = user;
	size_t len = size * count;

	if (len > BODY_LIMIT - r->n_received) {
		return 0; /* an answer that long is none of etcd's; libcurl ends the transfer */
	}
	if (!make_room(r, r->n_received + len + 1)) {
		return 0;
	}
	memcpy(r->received + r->n_received, data, len);
	r->n_received += len;
	r->heard = r->call.on_heard != NULL;
	return len;
}

static bool set_constants(CURL *easy)
{
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not even from the environment */
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "svc-agent");
	bad |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_SIZE);
	bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* look up on each connect */
	bad |= curl_easy_setopt(
			easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L); /* not a silent one for ever */
	bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or OpenSSL asks the terminal */
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	return bad == CURLE_OK;
}

/* NULL takes an option away. */
static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static bool set_authorities(CURL *easy, const struct tls_settings *tls)
{
	const char *file = or_null(tls->ca_file), *folder = NULL;
	CURLcode bad = CURLE_OK;

	if (file == NULL) { /* what this libcurl was built with */
		bad |= curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
		bad |= curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder);
	}
	bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->insecure_skip_verify ? 0L : 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->insecure_skip_verify ? 0L : 2L);
	return bad == CURLE_OK;
}

static bool set_target(CURL *easy, const struct curl_target *t)
{
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_CONNECT_TO, t->connect_to);

	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t);
	if (t->tls == NULL) {
		return bad == CURLE_OK;
	}
	bad |= curl_easy_setopt(easy, CURLOPT_SSLCERT, or_null(t->tls->cert_file));
	bad |= curl_easy_setopt(easy, CURLOPT_SSLKEY, or_null(t->tls->key_file));
	return bad == CURLE_OK && set_authorities(easy, t->tls);
}

static long http_version(const struct curl_target *t, const struct curl_joining *joining)
{
	if (t->tls != NULL) {
		return CURL_HTTP_VERSION_2TLS; /* ALPN settles it: nothing has to be known before */
	}
	return joining->prior_knowledge ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
					: CURL_HTTP_VERSION_2_0;
}

static bool set_request(CURL *easy, struct carrier_request *r, const struct curl_joining *joining,
		long timeout_ms)
{
	char url[sizeof r->target->base + 80];
	bool stream = r->call.on_heard != NULL;
	CURLcode bad = CURLE_OK;

	(void)snprintf(url, sizeof url, "%s%s", r->target->base, r->call.path);
	bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE, (long)r->call.len); /* before the fields */
	bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)r->call.body);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, stream ? 0L : timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http_version(r->target, joining));
	bad |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, joining->separate ? 1L : 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->why);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	return bad == CURLE_OK && set_target(easy, r->target);
}

static CURL *create(void)
{
	CURL *easy = curl_easy_init();

	if (easy != NULL && !set_constants(easy)) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

/* The token's line, linked in front of the lines that all requests share. */
struct token_line {
	struct curl_slist link;
	size_t size;
	char text[];
};

static int add_token(struct carrier_request *r)
{
	size_t size = sizeof "token: " + strlen(r->call.token);
	struct token_line *line = malloc(sizeof *line + size);

	if (line == NULL) {
		return -1;
	}
	(void)snprintf(line->text, size, "token: %s", r->call.token);
	line->size = size;
	line->link = (struct curl_slist){ .data = line->text, .next = r->headers };
	r->headers = &line->link;
	return 0;
}

static void drop_headers(const struct curl_handles *h, struct carrier_request *r)
{
	if (r->headers != NULL && r->headers != h->headers) {
		struct token_line *line = CONTAINER_OF(
				(struct curl_slist *)r->headers, struct token_line, link);
		explicit_bzero(line->text, line->size);
		free(line);
	}
	r->headers = NULL;
}

int curl_handle_take(struct curl_handles *h, struct carrier_request *r,
		const struct curl_joining *joining, long timeout_ms)
{
	r->easy = NULL;
	r->headers = h->headers;
	if (r->call.body == NULL || (r->call.token[0] != '\0' && add_token(r) < 0)) {
		return -1;
	}
	r->easy = h->n_idle > 0 ? h->idle[--h->n_idle] : create();
	if (r->easy == NULL || !set_request(r->easy, r, joining, timeout_ms)) {
		curl_easy_cleanup(r->easy);
		r->easy = NULL;
		drop_headers(h, r);
		return -1;
	}
	return 0;
}

/* What belongs to the request is taken out: the handle outlives it. */
void curl_handle_give(struct curl_handles *h, struct carrier_request *r)
{
	(void)curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, NULL);
	(void)curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, NULL);
	drop_headers(h, r);
	if (h->n_idle < HANDLES_KEPT) {
		h->idle[h->n_idle++] = r->easy;
	} else {
		curl_easy_cleanup(r->easy);
	}
	r->easy = NULL;
}

int curl_handles_init(struct curl_handles *h)
{
	/* An empty name takes away a header that libcurl would add. */
	static const char *const lines[] = { "content-type: application/grpc", "te: trailers",
		"hasleader: true", /* a member without a leader says so at once, and does not wait
				    */
		"accept:", "expect:" };

	memset(h, 0, sizeof *h);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct curl_slist *grown = curl_slist_append(h->headers, lines[i]);
		if (grown == NULL) {
			curl_handles_finish(h);
			return -1;
		}
		h->headers = grown;
	}
	return 0;
}

void curl_handles_finish(struct curl_handles *h)
{
	while (h->n_idle > 0) {
		curl_easy_cleanup(h->idle[--h->n_idle]);
	}
	curl_slist_free_all(h->headers);
	h->headers = NULL;
}
