/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/haproxy_plan.h"
#include "agent/util.h"

/* ---- cases ----------------------------------------------------------------------------------- */

#define SERVERS_MAX 4
#define WANTS_MAX   4

/* A server: its state is up, drain (no call left), busy (drain, with calls) or maint. */
struct have {
	const char *name, *address;
	uint16_t port;
	uint32_t weight;
	const char *state;
};

struct want {
	const char *address;
	uint16_t port;
	uint32_t weight;
};

static const struct {
	const char *what;
	struct have have[SERVERS_MAX];
	struct want want[WANTS_MAX];
	const char *plan; /* lines */
	bool leaving, begun;
} cases[] = {
	{ "nothing", { { 0 } }, { { 0 } }, "", false, false },
	{ "add", { { 0 } }, { { "10.0.0.1", 1, 7 }, { "::1", 2, 0 } },
			"add server b/svc-10.0.0.1:1 10.0.0.1:1 proto h2 weight 7\n"
			"enable server b/svc-10.0.0.1:1\n"
			"add server b/svc-::1:2 [::1]:2 proto h2 weight 0\n"
			"enable server b/svc-::1:2\n",
			false, false },
	{ "as it should be", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "up" } }, { { "10.0.0.1", 1, 7 } },
			"", false, false },
	{ "another weight", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "up" } }, { { "10.0.0.1", 1, 8 } },
			"set server b/svc-10.0.0.1:1 weight 8\n", false, false },
	{ "somebody gave it another address", { { "10.0.0.1:1", "10.0.0.9", 9, 7, "up" } },
			{ { "10.0.0.1", 1, 7 } },
			"set server b/svc-10.0.0.1:1 addr 10.0.0.1 port 1\n", false, false },
	{ "somebody gave it another port", { { "10.0.0.1:1", "10.0.0.1", 9, 7, "up" } },
			{ { "10.0.0.1", 1, 7 } },
			"set server b/svc-10.0.0.1:1 addr 10.0.0.1 port 1\n", false, false },
	{ "somebody added it and did not enable it",
			{ { "10.0.0.1:1", "10.0.0.1", 1, 7, "maint" } }, { { "10.0.0.1", 1, 7 } },
			"set server b/svc-10.0.0.1:1 state ready\n", false, false },
	{ "gone: drain", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "up" } }, { { 0 } },
			"set server b/svc-10.0.0.1:1 state drain\n", true, true },
	{ "draining, calls run", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "busy" } }, { { 0 } }, "",
			true, false },
	{ "drained", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "drain" } }, { { 0 } },
			"set server b/svc-10.0.0.1:1 state maint\n"
			"del server b/svc-10.0.0.1:1 (patient)\n",
			true, false },
	{ "in maintenance", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "maint" } }, { { 0 } },
			"del server b/svc-10.0.0.1:1 (patient)\n", true, false },
	{ "back while draining", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "busy" } },
			{ { "10.0.0.1", 1, 9 } },
			"set server b/svc-10.0.0.1:1 weight 9\n"
			"set server b/svc-10.0.0.1:1 state ready\n",
			false, false },
	{ "the new one comes before the old one goes", { { "10.0.0.1:1", "10.0.0.1", 1, 7, "up" } },
			{ { "10.0.0.2", 1, 7 } },
			"add server b/svc-10.0.0.2:1 10.0.0.2:1 proto h2 weight 7\n"
			"enable server b/svc-10.0.0.2:1\n"
			"set server b/svc-10.0.0.1:1 state drain\n",
			true, true },
	{ "into a slot, and beside it when there is no other",
			{ { "1", "127.0.0.1", 1, 1, "maint" } },
			{ { "10.0.0.1", 1, 7 }, { "10.0.0.2", 1, 7 } },
			"set server b/svc-1 addr 10.0.0.1 port 1\n"
			"set server b/svc-1 weight 7\n"
			"set server b/svc-1 state ready\n"
			"add server b/svc-10.0.0.2:1 10.0.0.2:1 proto h2 weight 7\n"
			"enable server b/svc-10.0.0.2:1\n",
			false, false },
	{ "a slot as it should be", { { "1", "::1", 1, 7, "up" } }, { { "::1", 1, 7 } }, "", false,
			false },
	{ "a slot that had it before",
			{ { "1", "::1", 1, 7, "maint" }, { "2", "::2", 1, 7, "maint" } },
			{ { "::2", 1, 7 } }, "set server b/svc-2 state ready\n", false, false },
	{ "a slot is drained", { { "1", "::1", 1, 7, "up" } }, { { 0 } },
			"set server b/svc-1 state drain\n", true, true },
	{ "a drained slot is not deleted", { { "1", "::1", 1, 7, "drain" } }, { { 0 } },
			"set server b/svc-1 state maint\n", true, false },
	{ "a busy slot is not given away", { { "1", "::1", 1, 7, "busy" } }, { { "::2", 1, 7 } },
			"add server b/svc-::2:1 [::2]:1 proto h2 weight 7\n"
			"enable server b/svc-::2:1\n",
			true, false },
	{ "a free slot rests", { { "1", "::1", 1, 7, "maint" } }, { { 0 } }, "", false, false },
	{ "twice: the one that works stays",
			{ { "1", "::1", 1, 7, "busy" }, { "::1:1", "::1", 1, 7, "up" } },
			{ { "::1", 1, 7 } }, "", true, false },
	{ "twice: one is enough", { { "1", "::1", 1, 7, "up" }, { "::1:1", "::1", 1, 7, "up" } },
			{ { "::1", 1, 7 } }, "set server b/svc-::1:1 state drain\n", true, true },
};

/* ---- the walk -------------------------------------------------------------------------------- */

static size_t fill_servers(struct haproxy_server *servers, const struct have *have)
{
	size_t n = 0;

	for (; n < SERVERS_MAX && have[n].name != NULL; n++) {
		struct haproxy_server *s = &servers[n];
		memset(s, 0, sizeof *s);
		(void)snprintf(s->name, sizeof s->name, "%s", have[n].name);
		(void)snprintf(s->address, sizeof s->address, "%s", have[n].address);
		s->port = have[n].port;
		s->weight = have[n].weight;
		s->slot = strlen(have[n].name) == 1;
		s->maintenance = strcmp(have[n].state, "maint") == 0;
		s->used = strcmp(have[n].state, "busy") == 0;
		s->draining = s->used || strcmp(have[n].state, "drain") == 0;
	}
	return n;
}

static size_t fill_wants(struct haproxy_wanted *wants, const struct want *want)
{
	size_t n = 0;

	for (; n < WANTS_MAX && want[n].address != NULL; n++) {
		struct haproxy_wanted *w = &wants[n];
		(void)snprintf(w->address, sizeof w->address, "%s", want[n].address);
		(void)snprintf(w->name, sizeof w->name, "%s:%d", want[n].address, want[n].port);
		w->port = want[n].port;
		w->weight = want[n].weight;
	}
	return n;
}

static void plans_each_case(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct haproxy_server at[SERVERS_MAX];
		struct haproxy_wanted want[WANTS_MAX];
		struct haproxy_servers servers = { .at = at };
		struct haproxy_wants wants = { .at = want };
		struct haproxy_plan plan;
		char lines[2000] = "";

		servers.n = fill_servers(at, cases[i].have);
		wants.n = fill_wants(want, cases[i].want);
		assert_int_equal(haproxy_plan_make(&plan, "b", &wants, &servers), 0);
		for (size_t j = 0; j < plan.n; j++) {
			size_t len = strlen(lines);
			(void)snprintf(lines + len, sizeof lines - len, "%s%s\n", plan.at[j].text,
					plan.at[j].patient ? " (patient)" : "");
		}
		if (strcmp(lines, cases[i].plan) != 0 || plan.leaving != cases[i].leaving ||
				plan.begun != cases[i].begun) {
			fail_msg("%s: leaving %d, begun %d\n%s", cases[i].what, plan.leaving,
					plan.begun, lines);
		}
		haproxy_plan_finish(&plan);
		haproxy_plan_finish(&plan);
	}
}

static void plans_for_thousands(void **state)
{
	enum { N = 5000 };
	struct haproxy_wants wants = { .at = calloc(N, sizeof *wants.at), .n = N };
	struct haproxy_servers servers = { 0 };
	struct haproxy_plan plan;
	UNUSED(state);
	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(wants.at[i].name, sizeof wants.at[i].name, "10.0.0.1:%05u",
				10000 + i);
		(void)snprintf(wants.at[i].address, sizeof wants.at[i].address, "10.0.0.1");
	}
	assert_int_equal(haproxy_plan_make(&plan, "b", &wants, &servers), 0);
	assert_int_equal(plan.n, 2 * N);
	haproxy_plan_finish(&plan);
	haproxy_wants_finish(&wants);
}

/* As HAProxy 2.6.12 answers. */
static void knows_what_was_obeyed(void **state)
{
	static const struct {
		const char *answer, *heard;
		bool obeyed;
	} answers[] = {
		{ "", "", true },
		{ "", "\n", true },
		{ "", "Absolute weight can only be between 0 and 256 inclusive.\n", false },
		{ "New server registered", "New server registered.\n", true },
		{ "New server registered",
				"Already exists a server with the same name in backend.\n", false },
		{ "Server deleted", "Server deleted.", true },
		{ "Server deleted",
				"Server still has connections attached to it, cannot remove it.",
				false },
		{ "changed from",
				"no need to change the addr, port changed from '50053' to '6000' by "
				"'stats socket command'\n",
				true },
		{ "changed from", "", false },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct haproxy_command command = { .answer = answers[i].answer };
		assert_int_equal(
				haproxy_plan_obeyed(&command, answers[i].heard), answers[i].obeyed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_each_case),
		cmocka_unit_test(plans_for_thousands),
		cmocka_unit_test(knows_what_was_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
