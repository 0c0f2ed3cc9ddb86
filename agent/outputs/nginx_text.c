/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/nginx_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "agent/endpoint.h"
#include "agent/util.h"

/* NULL when nginx can take it. */
static const char *problem_of(const struct instance *i)
{
	if (!endpoint_host_valid(i->host)) {
		return "its host is neither a name nor an address";
	}
	if (strcasecmp(i->host, "unix") == 0) {
		return "nginx takes unix: for the path of a socket";
	}
	return NULL;
}

static void print_server(FILE *out, const struct instance *i)
{
	char address[ENDPOINT_TEXT_MAX];

	endpoint_format(address, sizeof address, view_host(i), i->port);
	if (i->weight == 0) {
		(void)fprintf(out, "\tserver %s down;\n", address);
	} else {
		(void)fprintf(out, "\tserver %s weight=%" PRIu32 ";\n", address, i->weight);
	}
}

static void print(FILE *out, const struct output_settings *settings, const struct output_view *view,
		struct left_out *left)
{
	(void)fprintf(out, "# Written by svc-agent: the instances of %s in etcd.\nupstream %s {\n",
			view->service, settings->upstream);
	for (size_t n = 0; n < view->instances.n; n++) {
		const struct instance *i = view->instances.at[n];
		const char *problem = problem_of(i);
		if (problem == NULL) {
			print_server(out, i);
		} else {
			left_out_note(left, i, problem);
		}
	}
	if (left->n == view->instances.n) {
		(void)fprintf(out, "\tserver 127.0.0.1:1 down; # there is none\n");
	}
	(void)fprintf(out, "}\n");
}

char *nginx_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	UNUSED(written_at);
	if (out == NULL) {
		return NULL;
	}
	print(out, settings, view, left);
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
