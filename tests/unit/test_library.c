/* SPDX-License-Identifier: Apache-2.0 */
/* With a library that every machine has and that is not loaded here yet: libc's mathematics. */
#include "agent/library.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/util.h"

#define MATHS "libm.so.6"

/* clang-format off */
#define MATHS_LIBRARY(EACH) \
	EACH(cbrt) \
	EACH(ldexp)
/* clang-format on */

struct maths_library {
	MATHS_LIBRARY(LIBRARY_POINTER)
};

static const char *const names[] = { MATHS_LIBRARY(LIBRARY_NAME) };

static struct library library_of(struct maths_library *maths)
{
	*maths = (struct maths_library){ 0 };
	return (struct library){
		.what = "arithmetic",
		.file = MATHS,
		.names = names,
		.n = ARRAY_LEN(names),
		.pointers = maths,
	};
}

static void test_loads_all_functions(void **state)
{
	struct maths_library maths;
	struct library library = library_of(&maths);
	struct err err;

	UNUSED(state);
	assert_int_equal(library_load(&library, &err), 0);
	assert_true(library.loaded);
	assert_float_equal(maths.cbrt(27.0), 3.0, 1e-9);
	assert_float_equal(maths.ldexp(1.5, 2), 6.0, 1e-9);
}

static void test_gives_back_and_loads_again(void **state)
{
	struct maths_library maths;
	struct library library = library_of(&maths);
	struct err err;

	UNUSED(state);
	library_unload(&library); /* which is nothing */
	assert_int_equal(library_load(&library, &err), 0);
	library_unload(&library);
	assert_false(library.loaded);
	assert_int_equal(library_load(&library, &err), 0);
	assert_float_equal(maths.cbrt(27.0), 3.0, 1e-9);
}

static void test_loads_once(void **state)
{
	struct maths_library maths;
	struct library library = library_of(&maths);
	struct err err;

	UNUSED(state);
	assert_int_equal(library_load(&library, &err), 0);
	maths = (struct maths_library){ 0 };
	assert_int_equal(library_load(&library, &err), 0);
	assert_null(maths.cbrt);
}

static void test_says_that_there_is_none(void **state)
{
	struct maths_library maths;
	struct library library = library_of(&maths);
	struct err err;

	UNUSED(state);
	library.file = "libnone.so.1";
	assert_int_equal(library_load(&library, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_string_equal(err.text, "arithmetic needs libnone.so.1, which cannot be loaded: "
				      "cannot open shared object file: No such file or directory");
	assert_false(library.loaded);
	library.file = MATHS;
	assert_int_equal(library_load(&library, &err), 0); /* it was installed meanwhile */
	assert_float_equal(maths.cbrt(27.0), 3.0, 1e-9);
}

static void test_says_what_it_has_not(void **state)
{
	static const char *const others[] = { "cbrt", "cube_root" };
	struct maths_library maths;
	struct library library = library_of(&maths);
	struct err err;

	UNUSED(state);
	library.names = others;
	assert_int_equal(library_load(&library, &err), -1);
	assert_string_equal(err.text,
			"arithmetic needs libm.so.6, which has no cube_root: it is too old");
	assert_false(library.loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_all_functions),
		cmocka_unit_test(test_gives_back_and_loads_again),
		cmocka_unit_test(test_loads_once),
		cmocka_unit_test(test_says_that_there_is_none),
		cmocka_unit_test(test_says_what_it_has_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
