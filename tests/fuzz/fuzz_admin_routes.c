/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is asked of an agent, only a POST from this machine, not from a page, with an address or
 * localhost for its Host, changes anything; and what is answered is one text that steers no
 * terminal.
 *
 * The input: a byte of flags; method, path, Host, what else is in the query, and names of services.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/admin_routes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/admin_host.h"

#define NAMES 4

enum flags {
	LOCAL = 1,
	ORIGIN = 2,
	BODY = 4,
	LARGE = 8,
	HOST = 16,
	UNKNOWN = 32,
	LEAVING = 64,
	READER = 128
};

static bool is_address(const char *text)
{
	struct in6_addr at;

	return inet_pton(AF_INET, text, &at) == 1 || inet_pton(AF_INET6, text, &at) == 1;
}

/* A page in a browser cannot have this one for its Host, whatever its address is made to be. */
static bool is_local_name(const char *host)
{
	const char *colon = host == NULL ? NULL : strchr(host, ':');
	char name[300];

	if (host == NULL || host[0] == '\0') {
		return true;
	}
	if (host[0] == '[' && strchr(host, ']') != NULL) {
		(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(host + 1, "]"), host + 1);
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		(void)snprintf(name, sizeof name, "%.*s", (int)(colon - host), host);
	} else {
		(void)snprintf(name, sizeof name, "%s", host);
	}
	return strcasecmp(name, "localhost") == 0 || is_address(name);
}

/* ... and this one is that of everybody who is on this machine. */
static bool is_usual_name(const char *host)
{
	return host == NULL || strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1:9") == 0;
}

static void expect_text(const struct admin_answer *a)
{
	char *text = malloc(a->len + 1);

	HOLDS(text != NULL && a->body != NULL);
	memcpy(text, a->body, a->len);
	text[a->len] = '\0';
	HOLDS(strlen(text) == a->len && fuzz_is_harmless(text));
	HOLDS(strcmp(a->type, "application/json") != 0 || fuzz_is_json(text, a->len));
	free(text);
}

static bool is_any(const char *path, const char *const *paths)
{
	for (; *paths != NULL; paths++) {
		if (strcmp(path, *paths) == 0) {
			return true;
		}
	}
	return false;
}

static const char *const deeds[] = { "/drain", "/resume", NULL };
static const char *const sights[] = { "/healthz", "/readyz", "/status", "/metrics", NULL };

/* What the agent is told to do: "drain a b;". */
static void expect_deed(const struct admin_answer *a, const struct admin_request *rq,
		const struct played_host *played)
{
	char told[sizeof played->told] = "";
	size_t len = (size_t)snprintf(told, sizeof told, "%s", rq->path + 1);
	bool known = true;
	const char *stranger = "";

	for (size_t i = 0; i < rq->n_names; i++) {
		stranger = known ? rq->names[i] : stranger;
		known = known &&
			(strcmp(rq->names[i], played->services[0].name) == 0 ||
					strcmp(rq->names[i], played->services[1].name) == 0);
		len += known ? (size_t)snprintf(told + len, sizeof told - len, " %s", rq->names[i])
			     : 0;
	}
	(void)snprintf(told + len, sizeof told - len, ";");
	HOLDS(a->status == (known ? 200 : 404));
	HOLDS(strcmp(played->told, known ? told : "") == 0);
	HOLDS(known || !fuzz_is_harmless(stranger) || strchr(stranger, '\n') != NULL ||
			strlen(stranger) > 200 ||
			memmem(a->body, a->len, stranger, strlen(stranger)) != NULL);
}

static void expect(const struct admin_answer *a, const struct admin_request *rq,
		const struct played_host *played)
{
	bool acted = played->told[0] != '\0', deed = is_any(rq->path, deeds);
	bool sound = !rq->large_body && rq->unknown == NULL;
	bool meant = deed && sound && strcmp(rq->method, "POST") == 0 && rq->local &&
		     !rq->has_origin && (rq->n_names > 0 || !rq->has_body);

	HOLDS(a->status == 200 || a->status == 400 || a->status == 403 || a->status == 404 ||
			a->status == 405 || a->status == 413 || a->status == 503);
	HOLDS((a->allow != NULL) == (a->status == 405));
	HOLDS(!acted || (a->status == 200 && meant && is_local_name(rq->host)));
	if (meant && is_usual_name(rq->host)) {
		expect_deed(a, rq, played);
	}
	if (a->status == 200 && !deed) {
		HOLDS(is_any(rq->path, sights) && sound && rq->n_names == 0);
		HOLDS(strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0);
	}
	HOLDS(a->status == 200 || a->status == 503 || strcmp(a->type, "application/json") != 0);
	HOLDS(strcmp(rq->path, "/readyz") != 0 || (a->status != (played->leaving ? 200 : 503)));
	expect_text(a);
}

static void ask(const struct admin_request *rq, uint8_t flags)
{
	struct played_host played;
	struct admin_answer answer;

	played_host_init(&played);
	played.leaving = (flags & LEAVING) != 0;
	played.n_readers = (flags & READER) != 0 ? 1 : 0;
	admin_answer_make(&answer, rq, &played.host);
	expect(&answer, rq, &played);
	admin_answer_finish(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	uint8_t flags = fuzz_u8(&in);
	char *method = fuzz_take_text(&in), *path = fuzz_take_text(&in);
	char *host = fuzz_take_text(&in), *unknown = fuzz_take_text(&in);
	char *names[NAMES];
	const char *given[NAMES];
	size_t n = 0;

	while (n < NAMES && in.left > 0) {
		given[n] = names[n] = fuzz_take_text(&in);
		n++;
	}
	const struct admin_request request = {
		.method = method,
		.path = path,
		.host = (flags & HOST) != 0 ? host : NULL,
		.has_origin = (flags & ORIGIN) != 0,
		.local = (flags & LOCAL) != 0,
		.has_body = (flags & (BODY | LARGE)) != 0,
		.large_body = (flags & LARGE) != 0,
		.names = given,
		.n_names = n,
		.unknown = (flags & UNKNOWN) != 0 ? unknown : NULL,
	};
	ask(&request, flags);
	while (n > 0) {
		free(names[--n]);
	}
	free(unknown);
	free(host);
	free(path);
	free(method);
	return 0;
}
