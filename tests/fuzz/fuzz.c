/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "agent/utf8.h"

_Noreturn void fuzz_broken(const char *promise, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, promise);
	abort();
}

static void *have(void *made)
{
	if (made == NULL) {
		abort();
	}
	return made;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	size_t len = strnlen((const char *)data, size);
	char *text = have(malloc(len + 1));

	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

/* ---- structured input ---------------------------------------------------------------- */

uint8_t fuzz_u8(struct fuzz_bytes *b)
{
	if (b->left == 0) {
		return 0;
	}
	b->left--;
	return *b->at++;
}

uint16_t fuzz_u16(struct fuzz_bytes *b)
{
	uint16_t low = fuzz_u8(b);

	return (uint16_t)(low | fuzz_u8(b) << 8);
}

uint32_t fuzz_u32(struct fuzz_bytes *b)
{
	uint32_t low = fuzz_u16(b);

	return low | (uint32_t)fuzz_u16(b) << 16;
}

uint64_t fuzz_u64(struct fuzz_bytes *b)
{
	uint64_t low = fuzz_u32(b);

	return low | (uint64_t)fuzz_u32(b) << 32;
}

char *fuzz_take_text(struct fuzz_bytes *b)
{
	size_t len = b->left == 0 ? 0 : strnlen((const char *)b->at, b->left);
	size_t passed = len < b->left ? len + 1 : len;
	char *text = fuzz_text(len == 0 ? (const uint8_t *)"" : b->at, len);

	if (passed > 0) {
		b->at += passed;
		b->left -= passed;
	}
	return text;
}

uint8_t *fuzz_take_bytes(struct fuzz_bytes *b, size_t n, size_t *len)
{
	*len = n < b->left ? n : b->left;
	uint8_t *bytes = have(malloc(*len > 0 ? *len : 1));
	if (*len > 0) {
		memcpy(bytes, b->at, *len);
		b->at += *len;
		b->left -= *len;
	}
	return bytes;
}

/* ---- what comes out ------------------------------------------------------------------ */

void fuzz_out_open(struct fuzz_out *out)
{
	*out = (struct fuzz_out){ 0 };
	out->file = have(open_memstream(&out->text, &out->len));
}

const char *fuzz_out_text(struct fuzz_out *out)
{
	if (out->file != NULL && fclose(out->file) != 0) {
		abort();
	}
	out->file = NULL;
	return out->text;
}

void fuzz_out_finish(struct fuzz_out *out)
{
	(void)fuzz_out_text(out);
	free(out->text);
	*out = (struct fuzz_out){ 0 };
}

bool fuzz_is_text(const char *text)
{
	return utf8_valid(text, strlen(text));
}

bool fuzz_is_harmless(const char *text)
{
	size_t len = strlen(text);
	uint32_t code = 0;

	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0 || (utf8_steers(code) && code != '\n')) {
			return false;
		}
	}
	return true;
}

size_t fuzz_count_lines(const char *text)
{
	size_t n = 0, len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		n += text[i] == '\n';
	}
	return n + (len > 0 && text[len - 1] != '\n');
}
