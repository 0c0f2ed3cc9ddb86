/* SPDX-License-Identifier: Apache-2.0 */
/* A duration that was read is written so that it is read again as the same. */
#include <stdlib.h>

#include "agent/duration.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err err = { 0 };
	uint32_t ms = 7, again = 0;

	if (duration_parse(text, &ms, &err) == 0) {
		char written[DURATION_TEXT_MAX];
		duration_format(written, sizeof written, ms);
		HOLDS(duration_parse(written, &again, &err) == 0 && again == ms);
	} else {
		HOLDS(ms == 7 && err.text[0] != '\0');
	}
	free(text);
	return 0;
}
