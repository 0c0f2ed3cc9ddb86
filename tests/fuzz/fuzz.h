/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* fuzz - what every target shares. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The one function of a target: takes any bytes, and ends the program where a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that holds for every input. */
#define HOLDS(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))

_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

/* The bytes as a text of their own, which ends at the first NUL; never NULL. Freed by the caller.
 */
char *fuzz_text(const uint8_t *data, size_t size);

/* ---- structured input ---------------------------------------------------------------- */

/* What is left of the input: { data, size } to begin with. Behind its end all is 0 or "". */
struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

/* Numbers, least byte first. */
uint8_t fuzz_u8(struct fuzz_bytes *b);
uint16_t fuzz_u16(struct fuzz_bytes *b);
uint32_t fuzz_u32(struct fuzz_bytes *b);
uint64_t fuzz_u64(struct fuzz_bytes *b);

/* Up to the next NUL, which is passed, or all that is left. Never NULL; freed by the caller. */
char *fuzz_take_text(struct fuzz_bytes *b);

/* Up to `n` bytes in memory of just their size, so that a sanitizer sees each that is read beyond;
 * how many in *len. Never NULL; freed by the caller. */
uint8_t *fuzz_take_bytes(struct fuzz_bytes *b, size_t n, size_t *len);

/* ---- what comes out ------------------------------------------------------------------ */

/* A stream into memory. */
struct fuzz_out {
	FILE *file;
	char *text;
	size_t len;
};

void fuzz_out_open(struct fuzz_out *out);

/* Closes the stream; the text is good until fuzz_out_finish(). */
const char *fuzz_out_text(struct fuzz_out *out);

void fuzz_out_finish(struct fuzz_out *out);

/* True when the text is valid UTF-8. */
bool fuzz_is_text(const char *text);

/* True when the text is valid UTF-8 and nothing in it steers a terminal, but for line ends. */
bool fuzz_is_harmless(const char *text);

/* How many lines the text has; the last one counts also without an end. */
size_t fuzz_count_lines(const char *text);

/* True for exactly what RFC 8259 calls JSON, as UTF-8, up to 1000 levels deep. */
bool fuzz_is_json(const char *text, size_t len);

#endif
