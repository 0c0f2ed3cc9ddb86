/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "agent/follow.h"
#include "agent/util.h"

/* What the hands have in flight while a state lasts is what was begun on the way into it. */
static bool begins(enum follow_state state, enum follow_step step)
{
	switch (state) {
	case FOLLOW_RESTING:
		return step == FOLLOW_PAUSE;
	case FOLLOW_READING:
		return step == FOLLOW_READ_ALL || step == FOLLOW_READ_BESIDE ||
		       step == FOLLOW_LEAVE;
	case FOLLOW_OPENING:
		return step == FOLLOW_WATCH;
	case FOLLOW_LIVE:
		return step == FOLLOW_NOTHING;
	case N_FOLLOW_STATES:
		break;
	}
	return false;
}

/* What was begun has gone well. */
static enum follow_event good_end(enum follow_state state)
{
	switch (state) {
	case FOLLOW_RESTING:
		return FOLLOW_WAKE;
	case FOLLOW_READING:
		return FOLLOW_READ;
	case FOLLOW_OPENING:
	case FOLLOW_LIVE:
	case N_FOLLOW_STATES:
		break;
	}
	return FOLLOW_CREATED;
}

static void whoever_stays_starts_nothing(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		for (unsigned e = 0; e < N_FOLLOW_EVENTS; e++) {
			if (follow_next[s][e].state == (enum follow_state)s) {
				assert_int_equal(follow_next[s][e].step, FOLLOW_NOTHING);
			}
		}
	}
}

/* So nothing is forgotten, and nothing is in flight twice. */
static void whoever_goes_begins_the_one_thing_that_belongs_there(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		for (unsigned e = 0; e < N_FOLLOW_EVENTS; e++) {
			const struct follow_next *next = &follow_next[s][e];
			assert_true(next->state < N_FOLLOW_STATES);
			if (next->state != (enum follow_state)s) {
				assert_true(begins(next->state, next->step));
			}
		}
	}
}

static void every_state_is_reached(void **state)
{
	bool reached[N_FOLLOW_STATES] = { [FOLLOW_RESTING] = true };
	UNUSED(state);
	for (unsigned round = 0; round < N_FOLLOW_STATES; round++) {
		for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
			for (unsigned e = 0; reached[s] && e < N_FOLLOW_EVENTS; e++) {
				reached[follow_next[s][e].state] = true;
			}
		}
	}
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		assert_true(reached[s]);
	}
}

static void three_good_ends_lead_to_a_watch_from_anywhere(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		enum follow_state at = (enum follow_state)s;
		for (unsigned i = 0; i < 3; i++) {
			at = follow_next[at][good_end(at)].state;
		}
		assert_int_equal(at, FOLLOW_LIVE);
	}
}

/* There is one way to be in step: a watch is only ever opened after a read. */
static void a_watch_is_opened_after_a_read_only(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		for (unsigned e = 0; e < N_FOLLOW_EVENTS; e++) {
			bool read = s == FOLLOW_READING && e == FOLLOW_READ;
			assert_int_equal(follow_next[s][e].step == FOLLOW_WATCH, read);
		}
	}
}

static void what_ends_an_open_watch_leads_to_a_read_at_once(void **state)
{
	static const enum follow_event ends[] = { FOLLOW_ENDED, FOLLOW_COMPACTED, FOLLOW_MISSED,
		FOLLOW_DOUBTED };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		assert_int_equal(follow_next[FOLLOW_LIVE][ends[i]].state, FOLLOW_READING);
	}
}

static void what_fails_at_its_beginning_is_paused(void **state)
{
	UNUSED(state);
	assert_int_equal(follow_next[FOLLOW_READING][FOLLOW_READ_LOST].step, FOLLOW_PAUSE);
	assert_int_equal(follow_next[FOLLOW_OPENING][FOLLOW_ENDED].step, FOLLOW_PAUSE);
	assert_int_equal(follow_next[FOLLOW_LIVE][FOLLOW_FLEETING].step, FOLLOW_PAUSE);
}

/* A pause is over when it is over: nothing that comes late shortens it. */
static void a_pause_is_ended_by_its_timer_alone(void **state)
{
	UNUSED(state);
	for (unsigned e = 0; e < N_FOLLOW_EVENTS; e++) {
		assert_int_equal(follow_next[FOLLOW_RESTING][e].state != FOLLOW_RESTING,
				e == FOLLOW_WAKE);
	}
}

static void a_member_that_missed_something_is_left_and_no_other(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		for (unsigned e = 0; e < N_FOLLOW_EVENTS; e++) {
			bool missed = s == FOLLOW_LIVE && e == FOLLOW_MISSED;
			assert_int_equal(follow_next[s][e].step == FOLLOW_LEAVE, missed);
		}
	}
	assert_int_equal(follow_next[FOLLOW_LIVE][FOLLOW_DOUBTED].step, FOLLOW_READ_BESIDE);
	assert_int_equal(follow_next[FOLLOW_OPENING][FOLLOW_DOUBTED].step, FOLLOW_READ_BESIDE);
}

static void every_state_has_a_name_of_its_own(void **state)
{
	UNUSED(state);
	for (unsigned s = 0; s < N_FOLLOW_STATES; s++) {
		assert_non_null(follow_state_name((enum follow_state)s));
		for (unsigned t = 0; t < s; t++) {
			assert_string_not_equal(follow_state_name((enum follow_state)s),
					follow_state_name((enum follow_state)t));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_stays_starts_nothing),
		cmocka_unit_test(whoever_goes_begins_the_one_thing_that_belongs_there),
		cmocka_unit_test(every_state_is_reached),
		cmocka_unit_test(three_good_ends_lead_to_a_watch_from_anywhere),
		cmocka_unit_test(a_watch_is_opened_after_a_read_only),
		cmocka_unit_test(what_ends_an_open_watch_leads_to_a_read_at_once),
		cmocka_unit_test(what_fails_at_its_beginning_is_paused),
		cmocka_unit_test(a_pause_is_ended_by_its_timer_alone),
		cmocka_unit_test(a_member_that_missed_something_is_left_and_no_other),
		cmocka_unit_test(every_state_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
