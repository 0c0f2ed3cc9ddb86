/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/haproxy_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

/* ---- the plan -------------------------------------------------------------------- */

struct planner {
	struct haproxy_plan *plan;
	const char *backend;
	const struct haproxy_wants *wants;
	const struct haproxy_servers *servers;
	size_t size; /* of plan->at */
	bool *met;   /* owned; for each wanted: a server stands for it */
	bool *kept;  /* owned; for each server: it stands for one that is wanted */
	bool failed; /* without memory */
};

#define ANSWER_ADDED   "New server registered"
#define ANSWER_DELETED "Server deleted"
#define ANSWER_CHANGED "changed from"
#define ANSWER_NOTHING ""

static void add_command(struct planner *p, const char *answer, const char *fmt, ...)
		ERR_PRINTF(3, 4);

static void add_command(struct planner *p, const char *answer, const char *fmt, ...)
{
	struct haproxy_plan *plan = p->plan;
	va_list args;

	if (plan->n == p->size) {
		size_t size = p->size == 0 ? 16 : p->size * 2;
		struct haproxy_command *grown = realloc(plan->at, size * sizeof *grown);
		if (grown == NULL) {
			p->failed = true;
			return;
		}
		plan->at = grown;
		p->size = size;
	}
	struct haproxy_command *command = &plan->at[plan->n];
	va_start(args, fmt);
	int n = vasprintf(&command->text, fmt, args);
	va_end(args);
	if (n < 0) {
		p->failed = true;
		return;
	}
	command->answer = answer;
	command->patient = false;
	plan->n++;
}

static int compare_name(const void *name, const void *wanted)
{
	const struct haproxy_wanted *w = wanted;

	return strcmp(name, w->name);
}

/* The wanted one that a server stands for, or would; its index, or wants->n. */
static size_t wanted_for(const struct planner *p, const struct haproxy_server *s)
{
	char at[HAPROXY_ADDRESS_MAX + 8];
	const char *name = s->name;

	if (s->slot) {
		(void)snprintf(at, sizeof at, "%s:%u", s->address, (unsigned)s->port);
		name = at;
	}
	const struct haproxy_wanted *found = bsearch(
			name, p->wants->at, p->wants->n, sizeof *p->wants->at, compare_name);
	return found == NULL ? p->wants->n : (size_t)(found - p->wants->at);
}

/* The commands that make a server the wanted one. */
static void adjust(struct planner *p, size_t server, size_t wanted)
{
	const struct haproxy_server *s = &p->servers->at[server];
	const struct haproxy_wanted *w = &p->wants->at[wanted];

	p->kept[server] = true;
	p->met[wanted] = true;
	if (strcmp(s->address, w->address) != 0 || s->port != w->port) {
		add_command(p, ANSWER_CHANGED, "set server %s/" HAPROXY_PREFIX "%s addr %s port %u",
				p->backend, s->name, w->address, (unsigned)w->port);
	}
	if (s->weight != w->weight) {
		add_command(p, ANSWER_NOTHING, "set server %s/" HAPROXY_PREFIX "%s weight %u",
				p->backend, s->name, (unsigned)w->weight);
	}
	if (s->maintenance || s->draining) {
		add_command(p, ANSWER_NOTHING, "set server %s/" HAPROXY_PREFIX "%s state ready",
				p->backend, s->name);
	}
}

/* Those that stand for a wanted one already; first those that work. */
static void keep(struct planner *p, bool working)
{
	for (size_t i = 0; i < p->servers->n; i++) {
		const struct haproxy_server *s = &p->servers->at[i];
		size_t wanted = wanted_for(p, s);
		if (!p->kept[i] && working == (!s->maintenance && !s->draining) &&
				wanted < p->wants->n && !p->met[wanted]) {
			adjust(p, i, wanted);
		}
	}
}

static void add_server(struct planner *p, const struct haproxy_wanted *w)
{
	bool v6 = strchr(w->address, ':') != NULL;

	add_command(p, ANSWER_ADDED,
			"add server %s/" HAPROXY_PREFIX "%s %s%s%s:%u proto h2 weight %u",
			p->backend, w->name, v6 ? "[" : "", w->address, v6 ? "]" : "",
			(unsigned)w->port, (unsigned)w->weight);
	add_command(p, ANSWER_NOTHING, "enable server %s/" HAPROXY_PREFIX "%s", p->backend,
			w->name);
}

/* The wanted ones that none stands for: into free slots, and then beside them. */
static void add_missing(struct planner *p)
{
	size_t slot = 0;

	for (size_t i = 0; i < p->wants->n; i++) {
		if (p->met[i]) {
			continue;
		}
		while (slot < p->servers->n &&
				!(p->servers->at[slot].slot && p->servers->at[slot].maintenance &&
						!p->kept[slot])) {
			slot++;
		}
		if (slot < p->servers->n) {
			adjust(p, slot, i);
		} else {
			add_server(p, &p->wants->at[i]);
		}
	}
}

static void delete_server(struct planner *p, const struct haproxy_server *s)
{
	add_command(p, ANSWER_DELETED, "del server %s/" HAPROXY_PREFIX "%s", p->backend, s->name);
	if (p->plan->n > 0) {
		p->plan->at[p->plan->n - 1].patient = true;
	}
}

/* One step of a server that is not wanted any more. */
static void send_away(struct planner *p, const struct haproxy_server *s)
{
	if (s->maintenance && s->slot) {
		return; /* it is free */
	}
	p->plan->leaving = true;
	if (!s->maintenance && !s->draining) {
		p->plan->begun = true;
		add_command(p, ANSWER_NOTHING, "set server %s/" HAPROXY_PREFIX "%s state drain",
				p->backend, s->name);
		return;
	}
	if (s->draining && s->used) {
		return;
	}
	if (!s->maintenance) {
		add_command(p, ANSWER_NOTHING, "set server %s/" HAPROXY_PREFIX "%s state maint",
				p->backend, s->name);
	}
	if (!s->slot) {
		delete_server(p, s);
	}
}

int haproxy_plan_make(struct haproxy_plan *plan, const char *backend,
		const struct haproxy_wants *wants, const struct haproxy_servers *servers)
{
	struct planner p = {
		.plan = plan,
		.backend = backend,
		.wants = wants,
		.servers = servers,
		.met = calloc(wants->n + 1, sizeof *p.met),
		.kept = calloc(servers->n + 1, sizeof *p.kept),
	};

	memset(plan, 0, sizeof *plan);
	p.failed = p.met == NULL || p.kept == NULL;
	if (!p.failed) {
		keep(&p, true);
		keep(&p, false);
		add_missing(&p);
		for (size_t i = 0; i < servers->n; i++) {
			if (!p.kept[i]) {
				send_away(&p, &servers->at[i]);
			}
		}
	}
	free(p.met);
	free(p.kept);
	if (p.failed) {
		haproxy_plan_finish(plan);
		return -1;
	}
	return 0;
}

bool haproxy_plan_obeyed(const struct haproxy_command *command, const char *answer)
{
	if (command->answer[0] == '\0') {
		return strspn(answer, "\r\n ") == strlen(answer);
	}
	return strstr(answer, command->answer) != NULL;
}

void haproxy_plan_finish(struct haproxy_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->at[i].text);
	}
	free(plan->at);
	memset(plan, 0, sizeof *plan);
}
