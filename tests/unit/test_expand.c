/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/expand.h"
#include "agent/util.h"
#include "tests/unit/watched_free.h"

#define SECRET "a secret that is long enough to be no accident"

static char huge[EXPAND_MAX + 2];

static const char *lookup(const char *name)
{
	static const struct {
		const char *name, *value;
	} variables[] = {
		{ "HOST", "db1" },
		{ "EMPTY", "" },
		{ "_x9", "low" },
		{ "NESTED", "${HOST}" },
		{ "HUGE", huge },
		{ "SECRET", SECRET },
	};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		if (strcmp(variables[i].name, name) == 0) {
			return variables[i].value;
		}
	}
	return NULL;
}

static void expands(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "${HOST}", "db1" },
		{ "a-${HOST}-${_x9}z", "a-db1-lowz" },
		{ "${EMPTY}", "" },
		{ "${HOST:-other}", "db1" },
		{ "${EMPTY:-other}", "other" },
		{ "${UNSET:-other}", "other" },
		{ "${UNSET:-}", "" },
		{ "${UNSET:-localhost:2379,b:1}", "localhost:2379,b:1" },
		{ "${UNSET:-a-?$b}", "a-?$b" },
		{ "${HOST:?needed}", "db1" },
		{ "${NESTED}", "${HOST}" },
		{ "$${HOST}", "${HOST}" },
		{ "$$${HOST}", "$${HOST}" },
		{ "$HOST", "$HOST" },
		{ "$", "$" },
		{ "$$", "$$" },
		{ "a$", "a$" },
		{ "5$ or ${HOST}", "5$ or db1" },
		{ "}{", "}{" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		char *out = NULL;
		assert_int_equal(expand_text(rows[i].text, lookup, &out, &err), 0);
		assert_string_equal(out, rows[i].expected);
		free(out);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *sentence;
	} rows[] = {
		{ "${UNSET}", ERR_MISSING,
				"the variable UNSET is not set (write ${UNSET:-default} to give it a default)" },
		{ "ok ${HOST} ${UNSET:?say which}", ERR_MISSING, "UNSET: say which" },
		{ "${EMPTY:?say which}", ERR_MISSING, "EMPTY: say which" },
		{ "${UNSET:?}", ERR_MISSING, "the variable UNSET is not set, or is empty" },
		{ "${HOST", ERR_SYNTAX, "'${HOST' has no closing }" },
		{ "x${", ERR_SYNTAX, "'${' has no closing }" },
		{ "${}", ERR_SYNTAX, "'${}' holds no name of a variable" },
		{ "${9A}", ERR_SYNTAX, "'${9A}' holds no name of a variable" },
		{ "${ HOST}", ERR_SYNTAX, "'${ HOST}' holds no name of a variable" },
		{ "${HOST-x}", ERR_SYNTAX,
				"'${HOST-x}' is none of ${HOST}, ${HOST:-default}, ${HOST:?message}" },
		{ "${HOST:+x}", ERR_SYNTAX,
				"'${HOST:+x}' is none of ${HOST}, ${HOST:-default}, ${HOST:?message}" },
		{ "${HOST:}", ERR_SYNTAX,
				"'${HOST:}' is none of ${HOST}, ${HOST:-default}, ${HOST:?message}" },
		{ "${UNSET:-${HOST}}", ERR_SYNTAX,
				"'${UNSET:-${HOST}' holds another ${, which is not supported" },
		{ "${HUGE}", ERR_RANGE, "comes to more than 65536 bytes" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		char *out = NULL;
		assert_int_equal(expand_text(rows[i].text, lookup, &out, &err), -1);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.text, rows[i].sentence);
		assert_null(out);
	}
}

/* One byte less than what is refused above. */
static void takes_the_longest(void **state)
{
	UNUSED(state);
	struct err err;
	char *out = NULL;
	huge[EXPAND_MAX] = '\0';
	assert_int_equal(expand_text("${HUGE}", lookup, &out, &err), 0);
	assert_int_equal(strlen(out), EXPAND_MAX);
	free(out);
	out = NULL;
	assert_int_equal(expand_text("${HUGE}.", lookup, &out, &err), -1);
	assert_null(out);
	huge[EXPAND_MAX] = 'x';
}

/* It grows, and fails at last. */
static void leaves_nothing_behind(void **state)
{
	struct err err;
	char *out = NULL;
	UNUSED(state);
	watched = SECRET;
	frees = left_behind = 0;
	assert_int_equal(
			expand_text("${SECRET}${SECRET}${SECRET}${SECRET}${SECRET}${SECRET}${UNSET}",
					lookup, &out, &err),
			-1);
	watched = NULL;
	assert_true(frees > 1);
	assert_int_equal(left_behind, 0);
}

int main(void)
{
	memset(huge, 'x', EXPAND_MAX + 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands),
		cmocka_unit_test(refuses),
		cmocka_unit_test(leaves_nothing_behind),
		cmocka_unit_test(takes_the_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
