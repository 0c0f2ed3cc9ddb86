/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/utf8.h"

#include <string.h>

#include "agent/util.h"

/* A form of n bytes: how its first byte looks, and the least code that needs it. */
static const struct form {
	unsigned char mask, mark;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0x0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

static size_t form_of(unsigned char first)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if ((first & forms[i].mask) == forms[i].mark) {
			return i + 1;
		}
	}
	return 0;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *code)
{
	if (len == 0) {
		return 0;
	}
	unsigned char first = (unsigned char)text[0];
	size_t n = form_of(first);
	if (n == 0 || n > len) {
		return 0;
	}
	uint32_t c = first & (unsigned char)~forms[n - 1].mask;
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)text[i];
		if ((next & 0xc0) != 0x80) {
			return 0;
		}
		c = c << 6 | (next & 0x3f);
	}
	if (c < forms[n - 1].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return 0;
	}
	*code = c;
	return n;
}

bool utf8_valid(const char *text, size_t len)
{
	uint32_t code;
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0) {
			return false;
		}
	}
	return true;
}

bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

bool utf8_steers(uint32_t code)
{
	return utf8_is_control(code) || code == 0x61c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool utf8_has_control(const char *text)
{
	uint32_t code;
	size_t len = strlen(text);
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0 || utf8_is_control(code)) {
			return true;
		}
	}
	return false;
}

void utf8_make_harmless(char *text)
{
	size_t len = strlen(text);

	for (size_t at = 0, n; at < len; at += n) {
		uint32_t code = 0;
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0 || utf8_steers(code)) {
			memset(text + at, '?', n == 0 ? 1 : n);
			n = n == 0 ? 1 : n;
		}
	}
}
