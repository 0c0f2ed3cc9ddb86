/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From whatever servers HAProxy says it has, and whatever instances there are: every command is one
 * line that does one thing to a server of ours, and an HAProxy that obeys gets to where it should
 * be and stays there.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/haproxy_plan.h"
#include "tests/fuzz/view.h"

#define BACKEND    "backend"
#define ROUNDS     4
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._-"

static void check_wants(const struct haproxy_wants *wants, const struct output_view *view,
		const struct left_out *left)
{
	unsigned char bytes[16];

	HOLDS(wants->n + left->n <= view->instances.n);
	for (size_t i = 0; i < wants->n; i++) {
		const struct haproxy_wanted *w = &wants->at[i];
		HOLDS(inet_pton(AF_INET, w->address, bytes) == 1 ||
				inet_pton(AF_INET6, w->address, bytes) == 1);
		HOLDS(w->port > 0 && w->weight <= HAPROXY_WEIGHT_MAX);
		HOLDS(i == 0 || strcmp(wants->at[i - 1].name, w->name) < 0);
	}
}

/* ---- an HAProxy that obeys ----------------------------------------------------------- */

static struct haproxy_server *find(struct haproxy_servers *servers, const char *name)
{
	for (size_t i = 0; i < servers->n; i++) {
		if (strcmp(servers->at[i].name, name) == 0) {
			return &servers->at[i];
		}
	}
	return NULL;
}

static void pass(const char **at, const char *word)
{
	size_t len = strlen(word);

	HOLDS(strncmp(*at, word, len) == 0);
	*at += len;
}

static uint16_t pass_number(const char **at)
{
	char *end;
	unsigned long n = strtoul(*at, &end, 10);

	HOLDS(end > *at && n <= UINT16_MAX);
	*at = end;
	return (uint16_t)n;
}

static void pass_address(const char **at, char out[HAPROXY_ADDRESS_MAX], const char *signs)
{
	size_t len = strspn(*at, signs);

	HOLDS(len > 0 && len < HAPROXY_ADDRESS_MAX);
	(void)snprintf(out, HAPROXY_ADDRESS_MAX, "%.*s", (int)len, *at);
	*at += len;
}

static void add(struct haproxy_servers *servers, const char *name, const char *rest)
{
	struct haproxy_server made = { .maintenance = true };
	bool v6 = *rest == '[';

	HOLDS(find(servers, name) == NULL);
	pass(&rest, v6 ? "[" : "");
	pass_address(&rest, made.address, v6 ? "0123456789abcdef:." : "0123456789.");
	pass(&rest, v6 ? "]:" : ":");
	made.port = pass_number(&rest);
	pass(&rest, " proto h2 weight ");
	made.weight = pass_number(&rest);
	HOLDS(*rest == '\0');
	(void)snprintf(made.name, sizeof made.name, "%s", name);
	struct haproxy_server *grown = realloc(servers->at, (servers->n + 1) * sizeof *grown);
	HOLDS(grown != NULL);
	servers->at = grown;
	servers->at[servers->n++] = made;
}

static void set(struct haproxy_server *s, const char *what)
{
	HOLDS(s != NULL);
	if (strncmp(what, "weight ", 7) == 0) {
		pass(&what, "weight ");
		s->weight = pass_number(&what);
		HOLDS(*what == '\0');
	} else if (strcmp(what, "state ready") == 0) {
		s->maintenance = s->draining = false;
	} else if (strcmp(what, "state drain") == 0) {
		s->draining = true;
	} else if (strcmp(what, "state maint") == 0) {
		s->maintenance = true;
		s->draining = false;
	} else {
		pass(&what, "addr ");
		pass_address(&what, s->address, "0123456789abcdef:.");
		pass(&what, " port ");
		s->port = pass_number(&what);
		HOLDS(*what == '\0');
	}
}

static void drop(struct haproxy_servers *servers, struct haproxy_server *s)
{
	HOLDS(s != NULL && s->maintenance && !s->slot);
	size_t at = (size_t)(s - servers->at);
	memmove(s, s + 1, (servers->n - at - 1) * sizeof *s);
	servers->n--;
}

static void obey(struct haproxy_servers *servers, const char *command)
{
	static const char *const verbs[] = { "add server ", "del server ", "set server ",
		"enable server " };
	char name[HAPROXY_NAME_MAX];
	size_t i = 0;

	HOLDS(fuzz_is_harmless(command) && strpbrk(command, "\n;\\\"'#") == NULL);
	while (i < 4 && strncmp(command, verbs[i], strlen(verbs[i])) != 0) {
		i++;
	}
	HOLDS(i < 4);
	const char *at = command + strlen(verbs[i]);
	HOLDS(strncmp(at, BACKEND "/" HAPROXY_PREFIX, strlen(BACKEND "/" HAPROXY_PREFIX)) == 0);
	at += strlen(BACKEND "/" HAPROXY_PREFIX);
	size_t len = strspn(at, NAME_CHARS);
	HOLDS(len > 0 && len < sizeof name && (at[len] == ' ' || at[len] == '\0'));
	(void)snprintf(name, sizeof name, "%.*s", (int)len, at);
	at += len + (at[len] == ' ');
	if (i == 0) {
		add(servers, name, at);
	} else if (i == 1) {
		drop(servers, find(servers, name));
	} else {
		set(find(servers, name), i == 3 ? "state ready" : at);
	}
}

/* ---- ... gets there ------------------------------------------------------------------ */

/* How many commands there were. */
static size_t round_of(struct haproxy_servers *servers, const struct haproxy_wants *wants)
{
	struct haproxy_plan plan;

	HOLDS(haproxy_plan_make(&plan, BACKEND, wants, servers) == 0);
	size_t n = plan.n;
	for (size_t i = 0; i < plan.n; i++) {
		obey(servers, plan.at[i].text);
	}
	haproxy_plan_finish(&plan);
	return n;
}

static bool is_wanted(const struct haproxy_wants *wants, const struct haproxy_server *s)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct haproxy_wanted *w = &wants->at[i];
		if (strcmp(w->address, s->address) == 0 && w->port == s->port) {
			return w->weight == s->weight;
		}
	}
	return false;
}

static void check_end(const struct haproxy_servers *servers, const struct haproxy_wants *wants)
{
	size_t working = 0;

	for (size_t i = 0; i < servers->n; i++) {
		const struct haproxy_server *s = &servers->at[i];
		if (!s->maintenance) {
			HOLDS(!s->draining && is_wanted(wants, s));
			working++;
		}
	}
	HOLDS(working == wants->n);
}

/* HAProxy has no two servers of one name. */
static bool has_twins(const struct haproxy_servers *servers)
{
	for (size_t i = 0; i < servers->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(servers->at[i].name, servers->at[k].name) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void check(const char *answer, const char *calls, const struct haproxy_wants *wants)
{
	struct haproxy_servers servers;
	struct err err = { 0 };

	if (haproxy_servers_read(&servers, answer, &err) < 0) {
		HOLDS(err.text[0] != '\0' && servers.n == 0);
		return;
	}
	haproxy_servers_note_calls(&servers, calls);
	if (!has_twins(&servers)) {
		for (size_t i = 0; i < servers.n; i++) {
			servers.at[i].used = servers.at[i].used && i % 2 == 0;
		}
		(void)round_of(&servers, wants);
		for (size_t i = 0; i < servers.n; i++) {
			servers.at[i].used = false; /* its last call ends */
		}
		for (size_t i = 0; i < ROUNDS; i++) {
			(void)round_of(&servers, wants);
		}
		HOLDS(round_of(&servers, wants) == 0);
		check_end(&servers, wants);
	}
	haproxy_servers_finish(&servers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	char *answer = fuzz_take_text(&b), *calls = fuzz_take_text(&b);
	struct left_out left = { 0 };
	struct haproxy_wants wants;
	struct fuzz_view v;

	fuzz_view_make(&v, &b, HOSTS_ANY);
	HOLDS(haproxy_wants_make(&wants, &v.view, &left) == 0);
	check_wants(&wants, &v.view, &left);
	check(answer, calls, &wants);
	haproxy_wants_finish(&wants);
	fuzz_view_finish(&v);
	free(answer);
	free(calls);
	return 0;
}
