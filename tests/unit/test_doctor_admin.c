/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ev.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/doctor/doctor_admin.h"
#include "agent/util.h"
#include "tests/unit/admin_stage.h"

/* The check waits, so it has a thread of its own while the admin has the loop. */
struct checking {
	pthread_t thread;
	ev_async ended;
	struct doctor_findings f;
	struct target at;
};

static void *check(void *user)
{
	struct checking *c = user;

	doctor_admin_check(&c->f, &c->at);
	ev_async_send(stage.loop, &c->ended);
	return NULL;
}

static void on_ended(struct ev_loop *loop, ev_async *ended, int revents)
{
	UNUSED(ended);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
}

/* What is found at an address: one finding of that code. */
static void expect(const struct target *at, enum doctor_code code, const char *words)
{
	struct checking c = { .at = *at };

	ev_async_init(&c.ended, on_ended);
	ev_async_start(stage.loop, &c.ended);
	assert_int_equal(pthread_create(&c.thread, NULL, check, &c), 0);
	(void)ev_run(stage.loop, 0);
	assert_int_equal(pthread_join(c.thread, NULL), 0);
	ev_async_stop(stage.loop, &c.ended);
	assert_int_equal(c.f.n, 1);
	assert_int_equal(c.f.at[0].code, code);
	assert_non_null(strstr(c.f.at[0].found, words));
	doctor_findings_finish(&c.f);
}

static void an_agent_answers(void **state)
{
	UNUSED(state);
	expect(&stage.listen, DOCTOR_OK, "an agent answers there");
}

/* 0.0.0.0 is where it listens; it is found on this machine. */
static void an_agent_that_listens_everywhere_is_found(void **state)
{
	struct target everywhere = stage.listen;
	UNUSED(state);
	(void)strcpy(everywhere.inet.host, "0.0.0.0");
	expect(&everywhere, DOCTOR_OK, "an agent answers there");
}

static void nobody_answers(void **state)
{
	UNUSED(state);
	admin_destroy(stage.admin);
	stage.admin = NULL;
	expect(&stage.listen, ADMIN_SILENT, "no agent answers there: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_agent_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_agent_answers, set_up_unix, tear_down),
		cmocka_unit_test_setup_teardown(
				an_agent_that_listens_everywhere_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_answers, set_up_unix, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
