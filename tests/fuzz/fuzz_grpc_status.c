/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a server puts into its headers, what is kept of its message is short and can be shown to
 * people, and a call is complete only with all that makes it so.
 *
 * The input: names and values in turn, each with a NUL at its end.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_status.h"
#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

static bool is(const uint8_t *name, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(name, word, len) == 0;
}

/* The same, said by the last header of each name: a second reading of what counts. */
struct seen {
	bool ok_200, grpc_type, status;
};

static void see(struct seen *seen, const uint8_t *name, size_t n_name, const uint8_t *value,
		size_t n_value)
{
	if (is(name, n_name, ":status")) {
		seen->ok_200 = is(value, n_value, "200");
	} else if (is(name, n_name, "content-type")) {
		seen->grpc_type = n_value >= strlen("application/grpc");
	} else if (is(name, n_name, "grpc-status")) {
		seen->status = n_value >= 1 && n_value <= 3 && value[0] >= '0' && value[0] <= '9';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grpc_status status = { 0 };
	struct seen seen = { 0 };
	const uint8_t *name = NULL, *from = data;
	size_t n_name = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\0') {
			continue;
		}
		size_t len = (size_t)(data + i - from);
		if (name != NULL) {
			struct fuzz_bytes rest = { from, len };
			uint8_t *value = fuzz_take_bytes(&rest, len, &len);
			grpc_status_header(&status, (const char *)name, n_name, (const char *)value,
					len);
			free(value);
			see(&seen, name, n_name, from, len);
		}
		n_name = len;
		name = name == NULL ? from : NULL;
		from = data + i + 1;
	}
	HOLDS(strnlen(status.message, sizeof status.message) <= GRPC_MESSAGE_MAX);
	HOLDS(!utf8_has_control(status.message));
	HOLDS(!grpc_status_complete(&status) || (seen.ok_200 && seen.grpc_type && seen.status));
	HOLDS(!status.seen || (status.code >= 0 && status.code <= 999));
	HOLDS(grpc_code_name(status.code)[0] != '\0');
	return 0;
}
