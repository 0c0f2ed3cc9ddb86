/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* fuzz - what every target shares. */

#include <stddef.h>
#include <stdint.h>

/* The one function of a target: takes any bytes, and ends the program where a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that holds for every input. */
#define HOLDS(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))

_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

/* The bytes as a text of their own, which ends at the first NUL; never NULL. Freed by the caller.
 */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
