/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UTF8_H
#define AGENT_UTF8_H

/* utf8 - one character at a time, strictly: no overlong form, no surrogate. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the character at the start of text[0..len). Returns its length in
 * bytes, 1 to 4, or 0 when there is no valid character.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *code);

/* True when all of text[0..len) is valid. */
bool utf8_valid(const char *text, size_t len);

/* True for C0 and C1 control characters and DEL; a tab and a line end are such too. */
bool utf8_is_control(uint32_t code);

/* True when there is one in the text, or what is no valid character. */
bool utf8_has_control(const char *text);

/* Puts '?' for what could steer a terminal, and for what is no valid character. */
void utf8_make_harmless(char *text);

#endif
