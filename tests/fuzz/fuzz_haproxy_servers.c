/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever HAProxy answers, the commands that follow are one line each, about servers of ours in
 * the backend that was meant, in words that HAProxy takes for names, addresses and numbers.
 *
 * The input: the answer for the states, a NUL, and the one for the connections.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/haproxy_plan.h"
#include "agent/outputs/haproxy_servers.h"
#include "tests/fuzz/fuzz.h"

#define BACKEND "shop"

static struct haproxy_wanted wanted[] = {
	{ "10.0.0.1:50051", "10.0.0.1", 50051, 1 },
	{ "10.0.0.2:50051", "10.0.0.2", 50051, 256 },
	{ "fd00::1:50051", "fd00::1", 50051, 10 },
};

static void expect_server(const struct haproxy_server *s)
{
	HOLDS(s->name[0] != '\0' && strnlen(s->name, sizeof s->name) < sizeof s->name);
	HOLDS(strnlen(s->address, sizeof s->address) < sizeof s->address);
	HOLDS(!(s->maintenance && s->draining));
}

static void expect_command(const char *text)
{
	static const char *const verbs[] = { "add server ", "del server ", "enable server ",
		"set server " };
	bool known = false;

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		size_t len = strlen(verbs[i]);
		known = known || (strncmp(text, verbs[i], len) == 0 &&
						 strncmp(text + len, BACKEND "/svc-",
								 strlen(BACKEND "/svc-")) == 0);
	}
	HOLDS(known);
	HOLDS(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			   " /:.-_[]") == strlen(text));
}

static void plan(const struct haproxy_servers *servers, const struct haproxy_wants *wants)
{
	struct haproxy_plan plan;

	HOLDS(haproxy_plan_make(&plan, BACKEND, wants, servers) == 0);
	HOLDS(plan.n <= 3 * (servers->n + wants->n));
	for (size_t i = 0; i < plan.n; i++) {
		expect_command(plan.at[i].text);
	}
	haproxy_plan_finish(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	char *states = fuzz_take_text(&in), *calls = fuzz_take_text(&in);
	struct haproxy_servers servers;
	struct err err = { 0 };

	if (haproxy_servers_read(&servers, states, &err) == 0) {
		haproxy_servers_note_calls(&servers, calls);
		for (size_t i = 0; i < servers.n; i++) {
			expect_server(&servers.at[i]);
		}
		const struct haproxy_wants all = { wanted, sizeof wanted / sizeof wanted[0] };
		const struct haproxy_wants none = { wanted, 0 };
		plan(&servers, &all);
		plan(&servers, &none);
	} else {
		HOLDS(servers.n == 0 && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
	}
	haproxy_servers_finish(&servers);
	free(states);
	free(calls);
	return 0;
}
