/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - the probe that asks for a path and looks at the status of the answer.
 *
 * A status that does not pass counts to the threshold and does not act at
 * once, a 503 neither: it is also what a service says that has too much to do,
 * and to take all of its instances away then would make it worse.
 *
 * The answer's body is read, so that the connection can be used again, and
 * thrown away. A redirect is an answer and is not followed: it may lead to a
 * service that is not the one beside us.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/curl_http.h"
#include "agent/util.h"
#include "probes/attempts.h"
#include "probes/probe.h"

struct http_probe {
	struct probe probe;
	const struct descriptor *desc; /* borrowed */
	struct curl_http *http;
	struct attempts attempts;
};

static struct http_probe *self_of(struct probe *probe)
{
	return CONTAINER_OF(probe, struct http_probe, probe);
}

static enum reason reason_of(enum http_end end)
{
	switch (end) {
	case HTTP_ANSWERED:
		break;
	case HTTP_REFUSED:
		return REASON_REFUSED;
	case HTTP_UNREACHABLE:
		return REASON_UNREACHABLE;
	case HTTP_TIMEOUT:
		return REASON_DEADLINE;
	case HTTP_BROKEN:
		return REASON_RESET;
	case HTTP_NOT_HTTP:
		return REASON_NOT_HTTP;
	case HTTP_TLS:
		return REASON_TLS_ERROR;
	case HTTP_TLS_FILES:
		return REASON_TLS_FILES;
	case HTTP_NO_RESOURCES:
		return REASON_NO_RESOURCES;
	}
	return REASON_HTTP_OK;
}

static void on_answer(void *owner, const struct http_answer *answer)
{
	struct http_probe *p = owner;
	const struct statuses *good = &p->desc->probe.status;
	uint32_t status = (uint32_t)answer->status;
	enum reason reason = reason_of(answer->end);
	char detail[160];

	if (answer->end != HTTP_ANSWERED) {
		attempts_ended(&p->attempts, reason, answer->why);
		return;
	}
	if (status < good->from || status > good->to) {
		reason = REASON_HTTP_STATUS;
	}
	(void)snprintf(detail, sizeof detail, "GET %.100s answered with status %u",
			p->desc->probe.path, (unsigned)status);
	attempts_ended(&p->attempts, reason, detail);
}

static void begin(struct attempts *a)
{
	struct http_probe *p = CONTAINER_OF(a, struct http_probe, attempts);
	const struct http_call call = {
		.method = HTTP_GET, .path = p->desc->probe.path, .body_max = 0, .deadline = a->until
	};

	curl_http_start(p->http, &call, on_answer, p);
}

static void drop(struct attempts *a)
{
	curl_http_cancel(CONTAINER_OF(a, struct http_probe, attempts)->http);
}

static const struct attempts_events attempts_events = { .begin = begin, .drop = drop };

static void audit(struct probe *probe, double deadline)
{
	attempts_audit(&self_of(probe)->attempts, deadline);
}

static void forget(struct probe *probe)
{
	attempts_forget(&self_of(probe)->attempts);
}

static void destroy(struct probe *probe)
{
	if (probe != NULL) {
		forget(probe);
		curl_http_destroy(self_of(probe)->http);
		free(self_of(probe));
	}
}

static int add_headers(struct curl_http *http, const struct scalars *headers)
{
	for (size_t i = 0; i < headers->n; i++) {
		if (curl_http_header(http, headers->at[i].name, headers->at[i].text) < 0) {
			return -1;
		}
	}
	return 0;
}

static struct probe *create(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
		const struct descriptor *desc, const struct probe_events *events, void *owner)
{
	struct http_probe *p = calloc(1, sizeof *p);
	struct err err; /* libcurl is there by now (agent/needs.h): it can only be the memory */

	UNUSED(turn);
	UNUSED(shelf);
	if (p == NULL) {
		return NULL;
	}
	p->probe = (struct probe){ &probe_http, events, owner };
	p->desc = desc;
	attempts_init(&p->attempts, loop, &p->probe, &attempts_events);
	p->http = curl_http_create(loop, &desc->probe.target, &desc->probe.tls, &err);
	if (p->http == NULL || add_headers(p->http, &desc->probe.metadata) < 0) {
		destroy(&p->probe);
		return NULL;
	}
	return &p->probe;
}

const struct probe_kind probe_http = {
	.create = create,
	.audit = audit,
	.forget = forget,
	.destroy = destroy,
	.descriptors = 4, /* libcurl's own two, and a connection that takes the place of another */
};
