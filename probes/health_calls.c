/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/health_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/health_message.h"

int health_calls_init(struct health_calls *c, const struct descriptor *desc)
{
	const struct scalars *metadata = &desc->probe.metadata;
	size_t len = 0;

	memset(c, 0, sizeof *c);
	c->request = health_request(desc->probe.service, &len);
	c->headers = calloc(metadata->n + 1, sizeof *c->headers);
	if (c->request == NULL || c->headers == NULL) {
		health_calls_finish(c);
		return -1;
	}
	/* The first header is for Check alone: a Watch has no end of its own. */
	(void)snprintf(c->timeout, sizeof c->timeout, "%um", desc->probe.timeout_ms);
	c->headers[0] = (struct h2_header){ .name = "grpc-timeout", .value = c->timeout };
	for (size_t i = 0; i < metadata->n; i++) {
		c->headers[i + 1] = (struct h2_header){
			.name = metadata->at[i].name,
			.value = metadata->at[i].text,
			.secret = true,
		};
	}
	c->check = (struct h2_call){
		.path = HEALTH_PATH_CHECK,
		.headers = c->headers,
		.n_headers = metadata->n + 1,
		.body = c->request,
		.n_body = len,
		.limit = HEALTH_MESSAGE_LIMIT,
	};
	c->watch = c->check;
	c->watch.path = HEALTH_PATH_WATCH;
	c->watch.headers++;
	c->watch.n_headers--;
	return 0;
}

void health_calls_finish(struct health_calls *c)
{
	free(c->headers);
	free(c->request);
	memset(c, 0, sizeof *c);
}
