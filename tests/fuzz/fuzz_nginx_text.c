/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the instances hold, each line is one of those that nginx is meant to read. */
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/nginx_text.h"
#include "tests/fuzz/view.h"

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool pass(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0) {
		return false;
	}
	*at += len;
	return true;
}

static bool pass_some(const char **at, const char *signs)
{
	size_t len = strspn(*at, signs);

	*at += len;
	return len > 0;
}

static bool pass_address(const char **at)
{
	bool host = pass(at, "[") ? pass_some(at, DIGITS "abcdefABCDEF:.") && pass(at, "]")
				  : pass_some(at, LETTERS DIGITS "._-");

	return host && pass(at, ":") && pass_some(at, DIGITS);
}

static bool pass_server(const char **at)
{
	if (!pass(at, "\tserver ") || !pass_address(at)) {
		return false;
	}
	return pass(at, " down;\n") ||
	       (pass(at, " weight=") && pass_some(at, DIGITS) && pass(at, ";\n"));
}

static void check(const char *text, const struct output_view *view, const char *upstream,
		const struct left_out *left)
{
	size_t n = 0;

	HOLDS(pass(&text, "# Written by svc-agent: the instances of "));
	HOLDS(pass(&text, view->service) && pass(&text, " in etcd.\nupstream "));
	HOLDS(pass(&text, upstream) && pass(&text, " {\n"));
	for (; !pass(&text, "}\n"); n++) {
		if (pass(&text, "\tserver 127.0.0.1:1 down; # there is none\n")) {
			HOLDS(n == 0 && left->n == view->instances.n && pass(&text, "}\n"));
			break;
		}
		HOLDS(pass_server(&text));
	}
	HOLDS(*text == '\0' && n + left->n == view->instances.n);
	HOLDS((left->n == 0) == (left->why == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	char *upstream = fuzz_take_name(&b, ":");
	struct output_settings settings = { .type = OUTPUT_NGINX, .upstream = upstream };
	struct left_out left = { 0 };
	struct fuzz_view v;

	fuzz_view_make(&v, &b, HOSTS_ANY);
	char *text = nginx_text(&settings, &v.view, "", &left);
	HOLDS(text != NULL);
	check(text, &v.view, upstream, &left);
	free(text);
	fuzz_view_finish(&v);
	free(upstream);
	return 0;
}
