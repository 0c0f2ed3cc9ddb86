/* SPDX-License-Identifier: Apache-2.0 */
/* Characters are what they are by the definition, and a harmless text stays as it is. */
#include <stdlib.h>
#include <string.h>

#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

/* The other way round: what would be written for a code. */
static size_t encode(uint32_t code, uint8_t out[4])
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; code >>= 6) {
		out[i] = (uint8_t)(0x80 | (code & 0x3f));
	}
	out[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | code);
	return n;
}

static void check_one(const char *text, size_t len, size_t n, uint32_t code)
{
	uint8_t bytes[4];

	HOLDS(n <= 4 && n <= len);
	HOLDS(code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
	HOLDS(encode(code, bytes) == n && memcmp(bytes, text, n) == 0);
}

static bool steers(const char *text)
{
	uint32_t code = 0;

	for (size_t n; *text != '\0'; text += n) {
		n = utf8_decode(text, strlen(text), &code);
		if (n == 0 || utf8_steers(code)) {
			return true;
		}
	}
	return false;
}

static void check_harmless(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *copy = fuzz_text(data, size);

	HOLDS(!utf8_has_control(text) || steers(text));
	utf8_make_harmless(copy);
	HOLDS(strlen(copy) == strlen(text) && !steers(copy));
	HOLDS((strcmp(copy, text) == 0) == !steers(text));
	free(text);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	bool valid = true;

	for (size_t at = 0, n; at<size; at += n> 0 ? n : 1) {
		uint32_t code = 0;
		n = utf8_decode(text + at, size - at, &code);
		valid = valid && n > 0;
		if (n > 0) {
			check_one(text + at, size - at, n, code);
		}
	}
	HOLDS(utf8_valid(text, size) == valid);
	check_harmless(data, size);
	return 0;
}
