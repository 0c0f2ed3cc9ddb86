/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PATIENT_H
#define AGENT_PATIENT_H

/*
 * patient - memory that is waited for, where it is short for a moment.
 *
 * For libraries that do not say that they got none: libev aborts, cJSON calls a
 * text that it had no memory for no JSON, and OpenSSL goes without an algorithm
 * for as long as the process lives, and blames the server. Nothing else happens
 * while there is a wait, so all waits within any five seconds come to half a
 * second at most. As the process has one allocator, what is left of that is kept
 * here, for all.
 */

#include <stddef.h>

/* As realloc(), but for a size of 0, which gets one byte. For free(). NULL without memory. */
void *patient_get(void *at, size_t size);

/* A copy of text[0..len), new; NULL without memory. */
char *patient_text(const char *text, size_t len);

/* How often there was none all the same; of whoever asked between two calls, some went without. */
unsigned patient_failures(void);

#endif
