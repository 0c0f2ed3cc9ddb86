/* SPDX-License-Identifier: Apache-2.0 */
/* A distance is a distance, and what is suggested is near. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/descriptor/schema.h"
#include "agent/suggest.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), longer = n > m ? n : m;
	size_t distance = suggest_distance(a, b), rank = suggest_rank(a, b);

	HOLDS(distance == suggest_distance(b, a));
	HOLDS(suggest_rank(a, a) == 0 || n > SUGGEST_MAX);
	HOLDS(rank == 0 || rank == distance || (rank == 1 && distance == 0));
	if (longer > SUGGEST_MAX) {
		HOLDS(distance >= SUGGEST_MAX);
		return;
	}
	HOLDS(distance <= longer && distance >= longer - (n < m ? n : m));
	HOLDS((distance == 0) == (strcasecmp(a, b) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size };
	char *a = fuzz_take_text(&bytes), *b = fuzz_take_text(&bytes);
	const char *key = schema_suggest(a);

	check(a, b);
	HOLDS(key == NULL || schema_find(key) != NULL || schema_is_section(key));
	free(a);
	free(b);
	return 0;
}
