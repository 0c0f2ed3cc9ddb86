/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_TLS_LINE_H
#define TESTS_FUZZ_TLS_LINE_H

/* tls_line - what is on its way from a TLS server to its client, and somebody between them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"

#define TLS_LINE_ROOM 200000 /* bytes */

/* Zeroed it is empty. */
struct tls_line {
	bool meddled; /* what comes is not what was said */
	size_t n;
	uint8_t bytes[TLS_LINE_ROOM];
};

/* What there is no room for is lost. */
void tls_line_put(struct tls_line *l, const uint8_t *bytes, size_t n);

/* The next, `most` at most, in memory of just their size; never NULL, freed by the caller. */
uint8_t *tls_line_take(struct tls_line *l, size_t most, size_t *n);

#define TLS_LINE_DEEDS                                                                             \
	5 /* spoil a byte, lose some, repeat some, slip in a record, or any bytes                  \
	   */

void tls_line_meddle(struct tls_line *l, unsigned deed, struct fuzz_bytes *in);

#endif
