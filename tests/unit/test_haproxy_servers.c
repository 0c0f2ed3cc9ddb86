/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/outputs/haproxy_servers.h"
#include "agent/util.h"

/* As HAProxy 2.6.12 answers. */
#define HEAD                                                                                        \
	"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "     \
	"srv_iweight srv_time_since_last_change srv_check_status srv_check_result "                 \
	"srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn " \
	"srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "              \
	"srv_agent_port\n"
#define ROW(id, name, address, op, admin, weight, port)                                            \
	"3 coupon " id " " name " " address " " op " " admin " " weight                            \
	" 10 0 1 0 0 0 0 0 0 - " port " - 0 0 - - 0\n"

#define ALL                                                                                        \
	ROW("1", "static1", "127.0.0.1", "0", "5", "1", "1")                                       \
	ROW("2", "svc-127.0.0.1:50051", "127.0.0.1", "2", "8", "256", "50051")                     \
	ROW("3", "svc-1", "127.0.0.1", "2", "4", "1", "1")                                         \
	ROW("4", "svc-2", "127.0.0.1", "0", "5", "1", "1")                                         \
	ROW("5", "svc-::1:50053", "::1", "2", "0", "7", "50053")

static void reads_what_is_ours(void **state)
{
	static const struct haproxy_server expected[] = {
		{ "127.0.0.1:50051", "127.0.0.1", 50051, 256, false, false, true, true },
		{ "1", "127.0.0.1", 1, 1, true, false, false, true },
		{ "2", "127.0.0.1", 1, 1, true, true, false, true },
		{ "::1:50053", "::1", 50053, 7, false, false, false, true },
	};
	struct haproxy_servers servers;
	struct err err;
	UNUSED(state);
	assert_int_equal(haproxy_servers_read(&servers, HEAD ALL "\n", &err), 0);
	assert_int_equal(servers.n, ARRAY_LEN(expected));
	assert_true(servers.any_draining);
	for (size_t i = 0; i < servers.n; i++) {
		const struct haproxy_server *a = &servers.at[i], *b = &expected[i];
		assert_string_equal(a->name, b->name);
		assert_string_equal(a->address, b->address);
		assert_int_equal(a->port, b->port);
		assert_int_equal(a->weight, b->weight);
		assert_int_equal(a->slot, b->slot);
		assert_int_equal(a->maintenance, b->maintenance);
		assert_int_equal(a->draining, b->draining);
		assert_true(a->used);
	}
	haproxy_servers_finish(&servers);
	haproxy_servers_finish(&servers);
}

static void notes_where_no_call_is_left(void **state)
{
	/* As HAProxy 2.6.12 answers: the number of columns is not always the same. */
	static const char calls[] =
			"# bkname/svname bkid/svid addr port - purge_delay used_cur used_max "
			"need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[2]\n"
			"coupon/static1 3/1 127.0.0.1 1 - 5000 0 0 0 0 0 -1 0 0 0\n"
			"coupon/svc-127.0.0.1:50051 3/2 127.0.0.1 50051 - 0 0 2 2 0 0 0 0\n"
			"coupon/svc-1 3/3 127.0.0.1 1 - 5000 4 4 4 0 0 -1 0 0 0\n"
			"coupon/svc-2 3/4 127.0.0.1 1 - 5000 0 4 4 0 1 -1 1 1 0\n"
			"coupon/svc-9 3/4 127.0.0.1 1 - 5000 0 4 4 0 1 -1 1 1 0\n"
			"coupon/svc-::1:50053 3/4 127.0.0.1 1 - 5000\n";
	static const bool used[] = { false, true, false, true };
	struct haproxy_servers servers;
	struct err err;
	UNUSED(state);
	assert_int_equal(haproxy_servers_read(&servers, HEAD ALL "\n", &err), 0);
	haproxy_servers_note_calls(&servers, "Permission denied\n");
	haproxy_servers_note_calls(&servers, calls);
	for (size_t i = 0; i < servers.n; i++) {
		assert_int_equal(servers.at[i].used, used[i]);
	}
	haproxy_servers_finish(&servers);
}

static void says_what_haproxy_says_instead(void **state)
{
	static const struct {
		const char *answer, *sentence;
	} cases[] = {
		{ "Can't find backend.\n",
				"it answers 'Can't find backend.' to the question for its servers" },
		{ "Permission denied\n", "'Permission denied'" },
		{ "2\n# x\n", "'2'" },
		{ "", "''" },
	};
	struct haproxy_servers servers;
	struct err err;
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(haproxy_servers_read(&servers, cases[i].answer, &err), -1);
		assert_non_null(strstr(err.text, cases[i].sentence));
		assert_null(servers.at);
	}
}

static void passes_over_what_it_does_not_understand(void **state)
{
	static const char answer[] =
			"1\n"
			"\n"
			"svc-1\n" ROW("1", "svc-1;del", "::1", "2", "0", "7", "1") ROW("1", "svc-",
					"::1", "2", "0", "7", "1") ROW("1", "svc-1", "::1", "2",
					"x", "7", "1") ROW("1", "svc-1", "::1", "2", "0", "-1", "1")
					ROW("1", "svc-1", "::1", "2", "0", "7", "65536")
							ROW("1", "svc-3", "::1", "2", "0", "7",
									"65535") "3 coupon 1 svc-4";
	struct haproxy_servers servers;
	struct err err;
	UNUSED(state);
	assert_int_equal(haproxy_servers_read(&servers, answer, &err), 0);
	assert_int_equal(servers.n, 1);
	assert_string_equal(servers.at[0].name, "3");
	haproxy_servers_finish(&servers);
}

static void takes_any_part_of_an_answer(void **state)
{
	static const char answer[] = HEAD ALL ALL ALL ALL ALL "\n";
	struct haproxy_servers servers;
	struct err err;
	UNUSED(state);
	for (size_t len = 0; len < sizeof answer; len++) {
		char *part = strndup(answer, len);
		if (haproxy_servers_read(&servers, part, &err) == 0) {
			assert_true(servers.n <= 20);
			haproxy_servers_note_calls(&servers, part);
			haproxy_servers_finish(&servers);
		}
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_ours),
		cmocka_unit_test(notes_where_no_call_is_left),
		cmocka_unit_test(says_what_haproxy_says_instead),
		cmocka_unit_test(passes_over_what_it_does_not_understand),
		cmocka_unit_test(takes_any_part_of_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
