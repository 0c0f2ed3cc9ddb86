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

/*
 * True for what acts on a terminal, or on the line that it stands in: a control
 * character, a line or paragraph separator, and what turns the direction of text.
 */
bool utf8_steers(uint32_t code);

/* True when there is a control character in the text, or what is no valid character. */
bool utf8_has_control(const char *text);

/* Puts '?' for each byte of what steers, and for what is no valid character. */
void utf8_make_harmless(char *text);

#endif
