/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

typedef const struct sandbox_call *table(size_t *n);

static table *const tables[] = { sandbox_calls_needed, sandbox_calls_barred, sandbox_calls_absent };

static bool is_unconditional(const struct sandbox_call *call)
{
	return call->when[0].mask == 0;
}

static bool has(table *of, const char *name, bool unconditionally)
{
	size_t n;
	const struct sandbox_call *calls = of(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(calls[i].name, name) == 0 &&
				(!unconditionally || is_unconditional(&calls[i]))) {
			return true;
		}
	}
	return false;
}

/* A row without a condition makes all others of its call void. */
static void a_call_has_one_row_or_all_have_conditions(void **state)
{
	UNUSED(state);
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		size_t n;
		const struct sandbox_call *calls = tables[t](&n);
		for (size_t i = 0; i < n; i++) {
			for (size_t k = i + 1; k < n; k++) {
				bool same = strcmp(calls[i].name, calls[k].name) == 0;
				if (same && (is_unconditional(&calls[i]) ||
							    is_unconditional(&calls[k]))) {
					fail_msg("%s is listed twice", calls[i].name);
				}
			}
		}
	}
}

/* Each compares another argument: libseccomp takes no two comparisons of one. */
static void conditions_can_be_met(void **state)
{
	UNUSED(state);
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		size_t n;
		const struct sandbox_call *calls = tables[t](&n);
		for (size_t i = 0; i < n; i++) {
			const struct sandbox_condition *a = &calls[i].when[0],
						       *b = &calls[i].when[1];
			assert_true(a->value == SANDBOX_OWN_PID || (a->value & ~a->mask) == 0);
			assert_true(b->value == SANDBOX_OWN_PID || (b->value & ~b->mask) == 0);
			assert_true(b->mask == 0 || (a->mask != 0 && a->argument != b->argument));
		}
	}
}

static void what_is_barred_from_programs_is_not_needed(void **state)
{
	size_t n;
	const struct sandbox_call *barred = sandbox_calls_barred(&n);

	UNUSED(state);
	for (size_t i = 0; i < n; i++) {
		assert_false(has(sandbox_calls_needed, barred[i].name,
				!is_unconditional(&barred[i])));
	}
}

static void what_is_absent_has_one_answer(void **state)
{
	size_t n;
	const struct sandbox_call *absent = sandbox_calls_absent(&n);

	UNUSED(state);
	for (size_t i = 0; i < n; i++) {
		assert_true(has(sandbox_calls_needed, absent[i].name, true));
		assert_false(has(sandbox_calls_barred, absent[i].name, false));
	}
}

/* What would undo the rest. */
static void what_starts_a_program_is_not_needed(void **state)
{
	static const char *const names[] = { "execve", "execveat", "fork", "vfork", "ptrace",
		"seccomp", "memfd_create", "pkey_mprotect", "kill", "tkill" };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_false(has(sandbox_calls_needed, names[i], false));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_one_row_or_all_have_conditions),
		cmocka_unit_test(conditions_can_be_met),
		cmocka_unit_test(what_is_barred_from_programs_is_not_needed),
		cmocka_unit_test(what_is_absent_has_one_answer),
		cmocka_unit_test(what_starts_a_program_is_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
