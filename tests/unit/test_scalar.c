/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/descriptor/scalar.h"
#include "agent/util.h"

static void types_as_written(void **state)
{
	static const struct {
		const char *text;
		enum scalar_kind kind;
	} rows[] = {
		{ "true", SCALAR_TRUE },
		{ "false", SCALAR_FALSE },
		{ "True", SCALAR_TEXT },
		{ "yes", SCALAR_TEXT },
		{ "null", SCALAR_NULL },
		{ "~", SCALAR_NULL },
		{ "", SCALAR_NULL },
		{ "0", SCALAR_NUMBER },
		{ "-0", SCALAR_NUMBER },
		{ "100", SCALAR_NUMBER },
		{ "1.10", SCALAR_NUMBER },
		{ "-1.5e+3", SCALAR_NUMBER },
		{ "1E9", SCALAR_NUMBER },
		{ "1.0.0", SCALAR_TEXT },
		{ "01", SCALAR_TEXT },
		{ "+1", SCALAR_TEXT },
		{ ".5", SCALAR_TEXT },
		{ "5.", SCALAR_TEXT },
		{ "1e", SCALAR_TEXT },
		{ "1e+", SCALAR_TEXT },
		{ "-", SCALAR_TEXT },
		{ "0x10", SCALAR_TEXT },
		{ "1_000", SCALAR_TEXT },
		{ "1 ", SCALAR_TEXT },
		{ ".inf", SCALAR_TEXT },
		{ "NaN", SCALAR_TEXT },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(scalar_kind_of(rows[i].text), rows[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
