/* SPDX-License-Identifier: Apache-2.0 */
/* A duration that was read is written so that it is read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "agent/duration.h"
#include "tests/fuzz/fuzz.h"

/* "90s": what anybody takes it for; 0 for what takes more thought. */
static uint64_t plain_value(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	uint64_t n = digits == 0 || digits > 9 ? 0 : strtoull(text, NULL, 10);

	return n * (strcmp(unit, "ms") == 0                 ? 1u
				   : strcmp(unit, "s") == 0 ? 1000u
				   : strcmp(unit, "m") == 0 ? 60000u
				   : strcmp(unit, "h") == 0 ? 3600000u
							    : 0u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err err = { 0 };
	uint32_t ms = 7, again = 0;

	if (duration_parse(text, &ms, &err) == 0) {
		char written[DURATION_TEXT_MAX];
		duration_format(written, sizeof written, ms);
		HOLDS(plain_value(text) == 0 || plain_value(text) == ms);
		HOLDS(duration_parse(written, &again, &err) == 0 && again == ms);
	} else {
		HOLDS(plain_value(text) == 0 || plain_value(text) > UINT32_MAX);
		HOLDS(ms == 7 && err.text[0] != '\0');
	}
	free(text);
	return 0;
}
