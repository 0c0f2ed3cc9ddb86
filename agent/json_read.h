/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_JSON_READ_H
#define AGENT_JSON_READ_H

/*
 * json_read - a JSON object from outside, strictly and without loss. Pure.
 *
 * What is read may be printed again with cJSON_PrintUnformatted and is then
 * the same but for white space: a number is kept as it was written, as an item
 * of the kind cJSON_Raw whose valuedouble is its value. (cJSON itself keeps
 * the value only, so that 1.10 becomes 1.1 and a long number becomes another.)
 * Refused, beyond what is no JSON: text that is no UTF-8, and NUL characters,
 * since C texts end there.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/err.h"

struct cJSON;

#define JSON_READ_MAX    65536 /* bytes of one object */
#define JSON_MEMBERS_MAX 256   /* ... and its members */

/* text[0..len) as a tree for cJSON_Delete; NULL with a sentence about "the value" in *err. */
struct cJSON *json_read(const char *text, size_t len, struct err *err);

/* The same for up to `max` bytes. */
struct cJSON *json_read_up_to(const char *text, size_t len, size_t max, struct err *err);

/* "text", "a number", "a list": what an item is, for a sentence. */
const char *json_kind(const struct cJSON *item);

/* True for a number that json_read has kept. */
bool json_is_number(const struct cJSON *item);

#endif
