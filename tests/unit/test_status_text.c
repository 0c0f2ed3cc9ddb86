/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "agent/admin/status_text.h"
#include "agent/util.h"
#include "status_stage.h"

/* Finishes `s`. */
static void expect(struct status *s, bool colour, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(status_print(s, colour, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
	status_finish(s);
}

static void one_that_is_well_fits_a_terminal(void **state)
{
	const struct status_service service = stage_service("coupon-service");
	struct status s = stage_status(&service, 1, NULL, 0);

	UNUSED(state);
	expect(&s, false,
			"SERVICE         ADDRESS          HEALTH  FOR  LISTED  LEFT  LEASE\n"
			"coupon-service  localhost:50051  up      61s  yes     9s    "
			"694d9aabd4b5c20a\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 1 of 1 at its goal, etcd localhost:2379\n");
}

static void each_thing_that_is_odd_is_said(void **state)
{
	struct status_service services[4];

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		services[i] = stage_service("a");
		services[i].at_goal = false;
	}
	services[0].health = HEALTH_DOWN;
	services[0].reason = REASON_REFUSED;
	services[0].sentence = "nothing listens on localhost:50051";
	services[0].goal = GOAL_ABSENT;
	services[0].listed = false;
	services[0].withdrawn = services[0].at_goal = true;
	services[0].lease = 0;
	services[0].health_for = 7300;
	services[1].contested = true;
	services[1].listed = false;
	services[1].host = "::1";
	services[2].seconds_left = 0;
	services[2].tries = 1;
	services[2].reason = REASON_DEADLINE;
	services[2].sentence = "no answer within 1s";
	services[3].drained = services[3].withdrawn = services[3].at_goal = true;
	services[3].listed = false;
	services[3].linger_left = 1.25;
	services[3].lease = 0;
	services[3].goal = GOAL_ABSENT;
	struct status s = stage_status(services, ARRAY_LEN(services), NULL, 0);
	s.drained = s.leaving = true;
	s.services[3].etcd = "localhost:2380";
	expect(&s, false,
			"SERVICE  ADDRESS          HEALTH  FOR  LISTED       LEFT  LEASE\n"
			"a        localhost:50051  down    2h   no           -     -\n"
			"  REFUSED: nothing listens on localhost:50051\n"
			"a        [::1]:50051      up      61s  standing by  9s    "
			"694d9aabd4b5c20a\n"
			"  another instance has the key /services/a/localhost:50051\n"
			"a        localhost:50051  up      61s  unsure       0s    "
			"694d9aabd4b5c20a\n"
			"  DEADLINE: no answer within 1s\n"
			"  etcd has not confirmed the lease in time; it may be listed still\n"
			"  no clear answer from etcd at localhost:2379, 1 time in a row\n"
			"a        localhost:50051  up      61s  draining     -     -\n"
			"  withdrawn; lingers for 1.2 s more\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 2 of 4 at their goal, etcd localhost:2379 and "
			"others, drained, ending\n");
}

static void before_the_first_probe_there_is_little_to_say(void **state)
{
	struct status_service service = stage_service("a");

	UNUSED(state);
	service.health = HEALTH_UNKNOWN;
	service.probed = service.at_goal = service.listed = false;
	service.goal = GOAL_KEEP;
	service.lease = 0;
	service.health_for = 0.4;
	service.etcd = NULL;
	struct status s = stage_status(&service, 1, NULL, 0);
	expect(&s, false,
			"SERVICE  ADDRESS          HEALTH   FOR  LISTED  LEFT  LEASE\n"
			"a        localhost:50051  unknown  0s   no      -     -\n"
			"  no probe has ended yet\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 0 of 1 at its goal\n");
}

static void readers_have_a_table_of_their_own(void **state)
{
	struct status_reader readers[3] = { stage_reader("coupon-service"), stage_reader("b"),
		stage_reader("c") };

	UNUSED(state);
	readers[0].stale = true;
	readers[0].age = 12.7;
	readers[0].at_goal = false;
	readers[1].begun = readers[1].at_goal = false;
	readers[1].outputs[1].failing = true;
	readers[1].instances = 0;
	struct status s = stage_status(NULL, 0, readers, 3);
	expect(&s, false,
			"FOLLOWS         INSTANCES  STATE        OUTPUTS\n"
			"coupon-service  3          stale 12s    2 well\n"
			"b               0          nothing yet  1 of 2 failing\n"
			"  failing: haproxy /run/h.sock\n"
			"c               3          current      2 well\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 1 of 3 at their goal, etcd localhost:2379\n");
}

static void what_retires_is_not_counted(void **state)
{
	struct status_service services[2] = { stage_service("a"), stage_service("a") };

	UNUSED(state);
	services[1].retiring = true;
	services[1].at_goal = false;
	struct status s = stage_status(services, 2, NULL, 0);
	expect(&s, false,
			"SERVICE  ADDRESS          HEALTH  FOR  LISTED    LEFT  LEASE\n"
			"a        localhost:50051  up      61s  yes       9s    694d9aabd4b5c20a\n"
			"a        localhost:50051  up      61s  retiring  9s    694d9aabd4b5c20a\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 1 of 1 at its goal, etcd localhost:2379\n");
}

static void an_empty_agent_has_a_summary(void **state)
{
	struct status s = stage_status(NULL, 0, NULL, 0);

	UNUSED(state);
	s.uptime = 400000;
	expect(&s, true, "svc-agent 1.2.3, up 4d: 0 of 0 at their goal\n");
}

static void colour_is_for_the_words_that_matter(void **state)
{
	struct status_service service = stage_service("\033[2Ja");
	struct status_reader reader = stage_reader("b");

	UNUSED(state);
	service.health = HEALTH_DOWN;
	service.sentence = "gone\r\n";
	service.reason = REASON_RESET;
	service.listed = false;
	reader.at_goal = false;
	reader.outputs[0].failing = true;
	struct status s = stage_status(&service, 1, &reader, 1);
	expect(&s, true,
			"SERVICE  ADDRESS          HEALTH  FOR  LISTED   LEFT  LEASE\n"
			"?[2Ja    localhost:50051  \033[31mdown\033[0m    61s  "
			"\033[33mnot yet\033[0m  9s    694d9aabd4b5c20a\n"
			"  RESET: gone??\n"
			"\n"
			"FOLLOWS  INSTANCES  STATE    OUTPUTS\n"
			"b        3          \033[32mcurrent\033[0m  \033[31m1 of 2 failing\033[0m\n"
			"  failing: json /run/a.json\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 1 of 2 at their goal, etcd localhost:2379\n");
}

static void a_long_name_moves_no_other_row(void **state)
{
	struct status_service services[2] = { stage_service("a"),
		stage_service("a-service-with-a-name-of-more-than-forty-letters") };

	UNUSED(state);
	struct status s = stage_status(services, 2, NULL, 0);
	expect(&s, false,
			"SERVICE  ADDRESS          HEALTH  FOR  LISTED  LEFT  LEASE\n"
			"a        localhost:50051  up      61s  yes     9s    694d9aabd4b5c20a\n"
			"a-service-with-a-name-of-more-than-forty-letters  localhost:50051  up      "
			"61s  yes     9s    694d9aabd4b5c20a\n"
			"\n"
			"svc-agent 1.2.3, up 2h: 2 of 2 at their goal, etcd localhost:2379\n");
}

static void each_state_has_its_word(void **state)
{
	static const struct {
		const char *word;
		enum goal goal;
		bool listed, withdrawn, drained;
		double left, linger;
	} cases[] = {
		{ "yes", GOAL_PRESENT, true, false, false, 5, 0 },
		{ "yes", GOAL_KEEP, true, false, false, 5, 0 },
		{ "unsure", GOAL_PRESENT, true, false, false, 0, 0 },
		{ "not yet", GOAL_PRESENT, false, false, false, 5, 0 },
		{ "no", GOAL_KEEP, false, true, false, 0, 0 },
		{ "no", GOAL_ABSENT, false, true, false, 0, 0 },
		{ "withdrawing", GOAL_ABSENT, true, false, false, 5, 0 },
		{ "withdrawing", GOAL_EXIT, false, false, false, 5, 0 },
		{ "withdrawing", GOAL_ABSENT, true, false, true, 5, 0 },
		{ "draining", GOAL_ABSENT, false, true, true, 0, 1 },
		{ "drained", GOAL_ABSENT, false, true, true, 0, 0 },
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct status_service s = {
			.goal = cases[i].goal,
			.listed = cases[i].listed,
			.withdrawn = cases[i].withdrawn,
			.drained = cases[i].drained,
			.seconds_left = cases[i].left,
			.linger_left = cases[i].linger,
		};
		assert_string_equal(status_word(&s), cases[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_well_fits_a_terminal),
		cmocka_unit_test(each_thing_that_is_odd_is_said),
		cmocka_unit_test(before_the_first_probe_there_is_little_to_say),
		cmocka_unit_test(readers_have_a_table_of_their_own),
		cmocka_unit_test(what_retires_is_not_counted),
		cmocka_unit_test(an_empty_agent_has_a_summary),
		cmocka_unit_test(colour_is_for_the_words_that_matter),
		cmocka_unit_test(a_long_name_moves_no_other_row),
		cmocka_unit_test(each_state_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
