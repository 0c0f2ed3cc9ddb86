/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is asked of an agent, only a POST from this machine, not from a page, with an address or
 * localhost for its Host, changes anything; and what is answered is one text that steers no
 * terminal.
 *
 * The input: a byte of flags; method, path, Host, what else is in the query, and names of services.
 */
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

static bool is_local_name(const char *host)
{
	return host == NULL || host[0] == '\0' || strncasecmp(host, "localhost", 9) == 0 ||
	       strspn(host, "0123456789abcdefABCDEF.:[]%") > 0;
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

static void expect(const struct admin_answer *a, const struct admin_request *rq,
		const struct played_host *played)
{
	bool acted = played->told[0] != '\0';

	HOLDS(a->status == 200 || a->status == 400 || a->status == 403 || a->status == 404 ||
			a->status == 405 || a->status == 413 || a->status == 503);
	HOLDS((a->allow != NULL) == (a->status == 405));
	HOLDS(!acted || (a->status == 200 && strcmp(rq->method, "POST") == 0 && rq->local &&
					!rq->has_origin && !rq->large_body && rq->unknown == NULL));
	HOLDS(!acted || is_local_name(rq->host));
	HOLDS(!acted || strcmp(rq->path, "/drain") == 0 || strcmp(rq->path, "/resume") == 0);
	HOLDS(!acted || rq->n_names > 0 || !rq->has_body);
	HOLDS(a->status != 200 || rq->path[0] == '/');
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
