/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "agent/descriptor/words.h"
#include "agent/util.h"

static void is_always_an_argv(void **state)
{
	struct words words = { 0 };
	UNUSED(state);
	for (size_t i = 0; i < 64; i++) {
		char word[8];
		(void)snprintf(word, sizeof(word), "w%zu", i);
		assert_int_equal(words_add(&words, word), 0);
		assert_int_equal(words.n, i + 1);
		assert_string_equal(words.at[i], word);
		assert_ptr_not_equal(words.at[i], word);
		assert_null(words.at[i + 1]);
	}
	assert_string_equal(words.at[0], "w0");
	words_finish(&words);
	assert_null(words.at);
	assert_int_equal(words.n, 0);
	words_finish(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_always_an_argv),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
