/* SPDX-License-Identifier: Apache-2.0 */
/* Each problem is one harmless line, whatever its texts hold, and they are in the order of places.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct problems p = { 0 };
	size_t errors = 0, from = fuzz_u8(&b) % 4, n = 0;
	struct fuzz_out out;

	for (; n < 64 && b.left > 0; n++) {
		bool warning = fuzz_u8(&b) % 2 == 1;
		unsigned line = fuzz_u8(&b), column = line == 0 ? 0 : fuzz_u8(&b);
		char *file = fuzz_take_text(&b), *key = fuzz_take_text(&b);
		char *text = fuzz_take_text(&b);
		problems_add(&p, warning, file, line, column, key[0] == '\0' ? NULL : key, "%s",
				text);
		errors += !warning;
		free(file);
		free(key);
		free(text);
	}
	HOLDS(p.n == n && p.n_errors == errors);
	problems_sort(&p, from);
	for (size_t i = from + 1; i < p.n; i++) {
		const struct problem *one = &p.at[i - 1], *next = &p.at[i];
		HOLDS(one->line < next->line ||
				(one->line == next->line && one->column <= next->column));
	}
	fuzz_out_open(&out);
	problems_print(&p, out.file);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&out)) && fuzz_count_lines(out.text) == n);
	fuzz_out_finish(&out);
	problems_finish(&p);
	return 0;
}
