/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/lease.h"
#include "agent/util.h"

/* What the tables do is proved in tests/model; here is only how they are read. */

static void every_call_can_be_unsure_and_ends_at_rest(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_LEASE_STATES; s++) {
		for (unsigned o = 0; o < N_OUTCOMES; o++) {
			assert_true(lease_after[s][o].state < N_RESTING);
		}
		assert_int_equal(lease_outcomes[s][OUTCOME_UNSURE], s >= N_RESTING);
		assert_int_equal(lease_outcomes[s][OUTCOME_OK], s >= N_RESTING);
	}
}

static void an_unsure_answer_never_loses_a_lease(void **state)
{
	UNUSED(state);
	for (unsigned s = N_RESTING; s < N_LEASE_STATES; s++) {
		if (s != LEASE_GRANTING) {
			assert_int_not_equal(lease_after[s][OUTCOME_UNSURE].state, LEASE_NONE);
		}
		assert_int_equal(lease_after[s][OUTCOME_UNSURE].when, WHEN_BACKOFF);
	}
}

static void a_doomed_lease_is_only_revoked(void **state)
{
	UNUSED(state);
	for (unsigned g = 0; g < N_GOALS; g++) {
		assert_int_equal(lease_next[LEASE_DOOMED][g], STEP_REVOKE);
	}
}

static void names_states_and_goals(void **state)
{
	UNUSED(state);
	assert_string_equal(lease_state_name(LEASE_NONE), "none");
	assert_string_equal(lease_state_name(LEASE_GRANTING), "granting");
	assert_string_equal(lease_state_name(LEASE_REVOKING), "revoking");
	assert_string_equal(goal_name(GOAL_KEEP), "keep");
	assert_string_equal(goal_name(GOAL_READY), "ready");
	assert_string_equal(goal_name(GOAL_EXIT), "exit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_can_be_unsure_and_ends_at_rest),
		cmocka_unit_test(an_unsure_answer_never_loses_a_lease),
		cmocka_unit_test(a_doomed_lease_is_only_revoked),
		cmocka_unit_test(names_states_and_goals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
