/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_handle.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/curl_target.h"
#include "agent/util.h"

#define BODY_LIMIT (4u << 20) /* bytes; etcd's largest answer to us is far below */

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

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct carrier_request *r = user;
	size_t len = size * count;

	if (len > BODY_LIMIT - r->n_received) {
		return 0; /* an answer that long is none of etcd's; libcurl ends the transfer */
	}
	uint8_t *grown = realloc(r->received, r->n_received + len + 1);
	if (grown == NULL) {
		return 0;
	}
	memcpy(grown + r->n_received, data, len);
	r->received = grown;
	r->n_received += len;
	return len;
}

static bool set_constants(const struct curl_handles *h, CURL *easy)
{
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not even from the environment */
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "svc-agent");
	bad |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* look up on each connect */
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	return bad == CURLE_OK;
}

static bool set_request(CURL *easy, struct carrier_request *r, const struct curl_joining *joining,
		long timeout_ms)
{
	char url[sizeof r->target->base + 80];
	long version = joining->prior_knowledge ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
						: CURL_HTTP_VERSION_2_0;
	CURLcode bad = CURLE_OK;

	(void)snprintf(url, sizeof url, "%s%s", r->target->base, r->path);
	bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)r->len); /* before the fields */
	bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)r->body);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	bad |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, joining->separate ? 1L : 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, r->target);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	return bad == CURLE_OK;
}

static CURL *create(const struct curl_handles *h)
{
	CURL *easy = curl_easy_init();

	if (easy != NULL && !set_constants(h, easy)) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

void *curl_handle_take(struct curl_handles *h, struct carrier_request *r,
		const struct curl_joining *joining, long timeout_ms)
{
	CURL *easy = h->n_idle > 0 ? h->idle[--h->n_idle] : create(h);

	if (easy != NULL && !set_request(easy, r, joining, timeout_ms)) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

void curl_handle_give(struct curl_handles *h, void *easy)
{
	if (h->n_idle < HANDLES_KEPT) {
		h->idle[h->n_idle++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

int curl_handles_init(struct curl_handles *h)
{
	/* An empty name takes away a header that libcurl would add. */
	static const char *const lines[] = { "content-type: application/grpc", "te: trailers",
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
