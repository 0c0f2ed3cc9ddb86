/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control - one request, or with --wait one request and then the status again and
 * again: what is waited for is a state, so a look every tenth of a second misses
 * nothing, and an agent that has ended meanwhile is noticed as soon.
 */
#include "agent/admin/control.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_read.h"
#include "agent/admin/status_text.h"
#include "agent/clock.h"
#include "agent/colour.h"
#include "agent/json_write.h"
#include "agent/net/curl_http.h"
#include "agent/text_table.h"
#include "agent/timer.h"
#include "agent/utf8.h"
#include "agent/util.h"

#define ANSWER_WITHIN 10.0 /* seconds */
#define LOOK_EVERY    0.1  /* seconds, while it is waited */

struct control_run {
	const struct control *c;
	struct target at;
	struct ev_loop *loop;
	struct curl_http *http;
	ev_timer look;
	bool answered; /* there was an agent */
	char *said;    /* owned: what it was last said to wait for */
	enum exit_code code;
	struct err *err;
};

static void stop(struct control_run *r, enum exit_code code)
{
	r->code = code;
	ev_break(r->loop, EVBREAK_ALL);
}

static void fail_without_memory(struct control_run *r)
{
	(void)err_set(r->err, ERR_SYSTEM, "out of memory");
	stop(r, EXIT_INTERNAL);
}

/* ---- what is asked ----------------------------------------------------------------------- */

static void add_escaped(FILE *path, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;
		if ((c < 0x80 && isalnum(c)) || strchr("-._~", c) != NULL) {
			(void)fputc(c, path);
		} else {
			(void)fprintf(path, "%%%02X", c);
		}
	}
}

/* "/drain?service=a&service=b", new; NULL without memory. */
static char *path_of(const struct control *c)
{
	static const char *const paths[] = {
		[CONTROL_STATUS] = "/status",
		[CONTROL_DRAIN] = "/drain",
		[CONTROL_RESUME] = "/resume",
	};
	char *text = NULL;
	size_t len;
	FILE *path = open_memstream(&text, &len);

	if (path == NULL) {
		return NULL;
	}
	(void)fputs(paths[c->verb], path);
	for (size_t i = 0; c->verb != CONTROL_STATUS && i < c->n_services; i++) {
		(void)fputs(i == 0 ? "?service=" : "&service=", path);
		add_escaped(path, c->services[i]);
	}
	if (fclose(path) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* A wildcard is no address to connect to. */
static struct target reachable(const struct target *at)
{
	struct target t = *at;

	if (t.kind == TARGET_INET && strcmp(t.inet.host, "0.0.0.0") == 0) {
		(void)strcpy(t.inet.host, "127.0.0.1");
	} else if (t.kind == TARGET_INET && strcmp(t.inet.host, "::") == 0) {
		(void)strcpy(t.inet.host, "::1");
	}
	return t;
}

static void on_answer(void *owner, const struct http_answer *answer);

static void ask(struct control_run *r, enum http_method method, const char *path)
{
	const struct http_call call = {
		.method = method,
		.path = path,
		.body_max = STATUS_DOCUMENT_MAX,
		.deadline = clock_now() + ANSWER_WITHIN,
	};

	curl_http_start(r->http, &call, on_answer, r);
}

static void on_look(struct ev_loop *loop, ev_timer *look, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	ask(CONTAINER_OF(look, struct control_run, look), HTTP_GET, "/status");
}

/* ---- status ------------------------------------------------------------------------------ */

static void show_status(struct control_run *r, const struct status *s, const char *body)
{
	size_t all, n = status_at_goal(s, &all);

	if (r->c->style == LISTING_JSON) {
		char *text = json_harmless(body, strlen(body));
		if (text == NULL) {
			fail_without_memory(r);
			return;
		}
		(void)fputs(text, r->c->out);
		free(text);
	} else if (status_print(s, colour_is_wanted(r->c->out), r->c->out) < 0) {
		fail_without_memory(r);
		return;
	}
	stop(r, n == all && !s->leaving ? EXIT_DONE : EXIT_NO);
}

/* ---- drain and resume -------------------------------------------------------------------- */

static const char *address_of(const struct status_service *s, char out[ENDPOINT_TEXT_MAX])
{
	endpoint_format(out, ENDPOINT_TEXT_MAX, s->host, s->port);
	return out;
}

static bool is_gone(const struct status_service *s)
{
	return s->withdrawn && s->linger_left <= 0;
}

/* Whoever waits would wait for ever. What retires goes by itself. */
static const struct status_service *find_resumed(const struct status *s)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (!s->services[i].drained && !s->services[i].retiring) {
			return &s->services[i];
		}
	}
	return NULL;
}

/* "a at h:1: withdrawing, b at h:2: draining", new; "" for nothing, NULL without memory. */
static char *waits_for(const struct status *s)
{
	char address[ENDPOINT_TEXT_MAX], *text = NULL;
	size_t len, n = 0;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; out != NULL && i < s->n_services; i++) {
		const struct status_service *each = &s->services[i];
		if (!is_gone(each)) {
			(void)fprintf(out, "%s%s at %s: %s", n++ == 0 ? "" : ", ", each->name,
					address_of(each, address), status_word(each));
		}
	}
	if (out == NULL || fclose(out) != 0) {
		free(text);
		return NULL;
	}
	utf8_make_harmless(text);
	return text;
}

static const char *outcome_of(const struct control *c, const struct status_service *s)
{
	if (c->verb == CONTROL_DRAIN || s->drained || s->retiring) {
		return status_word(s);
	}
	return s->health == HEALTH_UP ? "resumed" : "resumed, but not healthy";
}

static void show_outcome(struct control_run *r, const struct status *s)
{
	char address[ENDPOINT_TEXT_MAX];
	struct text_table t = { 0 };

	for (size_t i = 0; i < s->n_services; i++) {
		const struct status_service *each = &s->services[i];
		text_table_row(&t);
		text_table_cell(&t, TINT_NONE, "%s at %s: %s", each->name,
				address_of(each, address), outcome_of(r->c, each));
	}
	if (text_table_print(&t, false, r->c->out) < 0) {
		fail_without_memory(r);
	} else {
		stop(r, EXIT_DONE);
	}
	text_table_finish(&t);
}

static void wait_on(struct control_run *r, const struct status *s)
{
	const struct status_service *resumed = find_resumed(s);
	char *waits = waits_for(s);

	if (waits == NULL) {
		fail_without_memory(r);
	} else if (resumed != NULL) {
		(void)err_set(r->err, ERR_SYSTEM, "%.150s was resumed meanwhile", resumed->name);
		stop(r, EXIT_NO);
	} else if (waits[0] == '\0') {
		show_outcome(r, s);
	} else {
		if (r->said == NULL || strcmp(r->said, waits) != 0) {
			(void)fprintf(stderr, "waiting for %s\n", waits);
		}
		free(r->said);
		r->said = waits;
		timer_start(r->loop, &r->look, LOOK_EVERY);
		return;
	}
	free(waits);
}

/* ---- what is answered -------------------------------------------------------------------- */

static void take_status(struct control_run *r, struct status *s, const char *body)
{
	const struct control *c = r->c;
	/* What a reload takes away while it is waited for has gone as well. */
	const char *missing =
			r->said != NULL ? NULL : status_missing(s, c->services, c->n_services);

	status_keep(s, c->services, c->n_services);
	if (missing != NULL) {
		(void)err_set(r->err, ERR_UNKNOWN, "the agent has no service '%.150s'", missing);
		stop(r, EXIT_NO);
	} else if (c->verb == CONTROL_STATUS) {
		show_status(r, s, body);
	} else if (c->verb == CONTROL_DRAIN && c->wait) {
		wait_on(r, s);
	} else {
		show_outcome(r, s);
	}
}

static void take_document(struct control_run *r, const struct http_answer *answer)
{
	struct status_document document;

	r->answered = true;
	if (answer->cut) {
		(void)err_set(r->err, ERR_RANGE, "the answer is longer than %d bytes",
				STATUS_DOCUMENT_MAX);
		stop(r, EXIT_AWAY);
		return;
	}
	if (status_read(&document, answer->body, answer->len, r->err) < 0) {
		stop(r, EXIT_AWAY);
		return;
	}
	take_status(r, &document.status, answer->body);
	status_document_finish(&document);
}

/* What is no document is one line of text. */
static void take_refusal(struct control_run *r, const struct http_answer *answer)
{
	char line[150];

	(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(answer->body, "\r\n"), answer->body);
	utf8_make_harmless(line);
	(void)err_set(r->err, ERR_SYSTEM, "the agent answers with %d%s%s", answer->status,
			line[0] != '\0' ? ": " : "", line);
	stop(r, answer->status >= 400 && answer->status < 500 ? EXIT_NO : EXIT_AWAY);
}

static void take_silence(struct control_run *r, const struct http_answer *answer)
{
	bool refused = answer->end == HTTP_REFUSED;

	if (r->answered) {
		(void)err_set(r->err, ERR_SYSTEM, "the agent has ended meanwhile: %.160s",
				answer->why);
	} else {
		(void)err_set(r->err, ERR_SYSTEM, "no agent answers: %.125s%s", answer->why,
				refused ? " (set admin.listen; --admin or --config says where)"
					: "");
	}
	stop(r, EXIT_AWAY);
}

static void on_answer(void *owner, const struct http_answer *answer)
{
	struct control_run *r = owner;

	if (answer->end != HTTP_ANSWERED) {
		take_silence(r, answer);
	} else if (answer->status == 200) {
		take_document(r, answer);
	} else {
		take_refusal(r, answer);
	}
}

/* ---- all of it --------------------------------------------------------------------------- */

static int open_run(struct control_run *r)
{
	r->at = reachable(r->c->at);
	ev_timer_init(&r->look, on_look, 0.0, 0.0);
	r->loop = ev_default_loop(EVFLAG_AUTO);
	if (r->loop == NULL) {
		return err_set(r->err, ERR_SYSTEM, "the event loop cannot be made");
	}
	r->http = curl_http_create(r->loop, &r->at, NULL, r->err);
	return r->http == NULL ? -1 : 0;
}

static void close_run(struct control_run *r)
{
	curl_http_destroy(r->http);
	free(r->said);
	if (r->loop != NULL) {
		ev_timer_stop(r->loop, &r->look);
		ev_loop_destroy(r->loop);
	}
}

enum exit_code control_run(const struct control *control, struct err *err)
{
	struct control_run r = { .c = control, .code = EXIT_INTERNAL, .err = err };
	char *path = path_of(control);

	*err = (struct err){ 0 };
	if (path == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
	} else if (open_run(&r) == 0) {
		ask(&r, control->verb == CONTROL_STATUS ? HTTP_GET : HTTP_POST, path);
		(void)ev_run(r.loop, 0);
	}
	close_run(&r);
	free(path);
	return r.code;
}
