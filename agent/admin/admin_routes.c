/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/admin_routes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/admin/metrics.h"
#include "agent/admin/status.h"
#include "agent/admin/status_json.h"
#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/utf8.h"
#include "agent/util.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"

/* ---- answers --------------------------------------------------------------------- */

/* Takes over `body`, which may be NULL for want of memory. */
static void give(struct admin_answer *a, unsigned status, const char *type, char *body, size_t len)
{
	a->status = body == NULL ? 500 : status;
	a->type = type;
	a->body = body;
	a->len = body == NULL ? 0 : len;
}

/* One line. What is quoted in it may come from outside. */
static ERR_PRINTF(3, 4) void say(struct admin_answer *a, unsigned status, const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		give(a, status, TYPE_TEXT, NULL, 0);
		return;
	}
	utf8_make_harmless(text);
	len = (int)strlen(text);
	text[len] = '\n'; /* in place of its NUL: the length counts */
	give(a, status, TYPE_TEXT, text, (size_t)len + 1);
}

void admin_answer_finish(struct admin_answer *a)
{
	free(a->body);
	*a = (struct admin_answer){ 0 };
}

/* ---- what is not at its goal ------------------------------------------------------- */

#define LINE_ROOM 1024

static void put_line(FILE *out, char *line)
{
	utf8_make_harmless(line);
	(void)fprintf(out, "%s\n", line);
}

static void put_service(FILE *out, const struct status_service *s)
{
	char where[ENDPOINT_TEXT_MAX], why[LINE_ROOM], line[LINE_ROOM];

	endpoint_format(where, sizeof where, s->host, s->port);
	if (s->health == HEALTH_UNKNOWN) {
		(void)snprintf(why, sizeof why, "its health is not known yet%s%s",
				s->probed ? ": " : "", s->probed ? s->sentence : "");
	} else if (s->contested) {
		(void)snprintf(why, sizeof why, "another instance has its key");
	} else if (s->tries > 0) {
		(void)snprintf(why, sizeof why, "no clear answer from etcd at %s, tries: %u",
				s->etcd, s->tries);
	} else {
		(void)snprintf(why, sizeof why, "%s",
				s->listed ? "listed, and not to be" : "not listed yet");
	}
	(void)snprintf(line, sizeof line, "%s %s: %.400s", s->name, where, why);
	put_line(out, line);
}

static void put_reader(FILE *out, const struct status_reader *r)
{
	char line[LINE_ROOM];

	if (!r->begun) {
		(void)snprintf(line, sizeof line,
				"%s %s: etcd at %s has not told its instances yet", r->name,
				r->prefix, r->etcd);
		put_line(out, line);
	} else if (r->stale) {
		(void)snprintf(line, sizeof line,
				"%s %s: etcd has not confirmed its instances for %.0f s", r->name,
				r->prefix, r->age);
		put_line(out, line);
	}
	for (size_t i = 0; i < r->n_outputs; i++) {
		if (r->outputs[i].failing) {
			(void)snprintf(line, sizeof line, "%s %s: the output %s to %s fails",
					r->name, r->prefix, r->outputs[i].type,
					r->outputs[i].place);
			put_line(out, line);
		}
	}
}

/* NULL without memory. */
static char *what_is_missing(const struct status *s, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out == NULL) {
		return NULL;
	}
	if (s->leaving) {
		(void)fputs("the agent is ending\n", out);
	}
	for (size_t i = 0; i < s->n_services; i++) {
		if (!s->services[i].at_goal && !s->services[i].retiring) {
			put_service(out, &s->services[i]);
		}
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		if (!s->readers[i].at_goal) {
			put_reader(out, &s->readers[i]);
		}
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- routes ---------------------------------------------------------------------- */

static void show_ready(struct admin_answer *a, const struct status *s)
{
	size_t len = 0;

	if (status_is_ready(s)) {
		say(a, 200, "ok");
		return;
	}
	char *text = what_is_missing(s, &len);
	give(a, 503, TYPE_TEXT, text, len);
}

static void show_status(struct admin_answer *a, const struct status *s)
{
	size_t len = 0;
	char *text = status_json(s, &len);

	give(a, 200, TYPE_JSON, text, len);
}

static void show_metrics(struct admin_answer *a, const struct status *s)
{
	size_t len = 0;
	char *text = metrics_text(s, &len);

	give(a, 200, METRICS_TYPE, text, len);
}

static const struct route {
	const char *path;
	/* Those that may be looked at. NULL: there is nothing to say but that the loop turns. */
	void (*show)(struct admin_answer *a, const struct status *s);
	bool acts, drained; /* those that do something: what becomes of the services */
} routes[] = {
	{ .path = "/healthz" },
	{ .path = "/readyz", .show = show_ready },
	{ .path = "/status", .show = show_status },
	{ .path = "/metrics", .show = show_metrics },
	{ .path = "/drain", .show = show_status, .acts = true, .drained = true },
	{ .path = "/resume", .show = show_status, .acts = true, .drained = false },
};

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, path) == 0) {
			return &routes[i];
		}
	}
	return NULL;
}

static bool has_service(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (strcmp(s->services[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Which of them it was, too. */
static void say_not_here(
		struct admin_answer *a, const struct admin_request *rq, const struct status *s)
{
	size_t i = 0;

	while (i + 1 < rq->n_names && has_service(s, rq->names[i])) {
		i++;
	}
	say(a, 404, "this agent does not register '%.253s': nothing was done", rq->names[i]);
}

static void take_route(struct admin_answer *a, const struct route *route,
		const struct admin_request *rq, struct admin_host *host)
{
	struct status s = { 0 };

	if (route->show == NULL) {
		say(a, 200, "ok");
		return;
	}
	bool done = !route->acts || host->drain(host, rq->names, rq->n_names, route->drained);
	if (host->look(host, &s) < 0) {
		give(a, 500, TYPE_TEXT, NULL, 0);
	} else if (!done) {
		say_not_here(a, rq, &s);
	} else {
		route->show(a, &s);
	}
	status_finish(&s);
}

/* ---- what is refused --------------------------------------------------------------- */

/* A browser sends the name that led it here. */
static bool is_foreign(const char *host)
{
	struct endpoint e;
	struct err err;

	return host != NULL && host[0] != '\0' &&
	       (endpoint_parse(&e, host, 80, &err) < 0 ||
			       (!endpoint_is_address(e.host) &&
					       strcasecmp(e.host, "localhost") != 0));
}

static const char *why_not_to_act(const struct admin_request *rq)
{
	if (!rq->local) {
		return "only who is on this machine may do that";
	}
	if (rq->has_origin) {
		return "a page in a browser (Origin) may not do that";
	}
	if (is_foreign(rq->host)) {
		return "that is for localhost, or an address, as the Host";
	}
	return NULL;
}

void admin_answer_make(
		struct admin_answer *a, const struct admin_request *rq, struct admin_host *host)
{
	const struct route *route = find_route(rq->path);
	bool looks = strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0;
	bool acts = strcmp(rq->method, "POST") == 0;
	const char *why;

	*a = (struct admin_answer){ 0 };
	if (route == NULL) {
		say(a, 404,
				"not found: there is GET /healthz, /readyz, /status, /metrics and "
				"POST /drain, /resume");
	} else if (route->acts ? !acts : !looks) {
		a->allow = route->acts ? "POST" : "GET, HEAD";
		say(a, 405, "%s is for %s", route->path, a->allow);
	} else if (route->acts && (why = why_not_to_act(rq)) != NULL) {
		say(a, 403, "%s", why);
	} else if (rq->large_body) {
		say(a, 413, "a long body is not taken, nor one of unknown length");
	} else if (rq->unknown != NULL) {
		say(a, 400, "%s takes no '%.100s'", route->path, rq->unknown);
	} else if (route->acts && rq->n_names == 0 && rq->has_body) {
		/* Whoever names services there does not mean all of them. */
		say(a, 400, "a body is not read: services are named by %s?service=NAME",
				route->path);
	} else if (!route->acts && rq->n_names > 0) {
		say(a, 400, "%s takes no 'service'", route->path);
	} else {
		take_route(a, route, rq, host);
	}
}
