/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_JSON_WRITE_H
#define AGENT_JSON_WRITE_H

/*
 * json_write - the few steps that everything of ours that writes JSON takes. Pure.
 *
 * Items that cannot be made for want of memory are NULL, and whoever is given
 * NULL fails and frees what it was given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct instance;

/* Both take `item` over, also when they fail. */
bool json_add(struct cJSON *object, const char *name, struct cJSON *item);
bool json_append(struct cJSON *array, struct cJSON *item);

/* A whole number without loss. */
struct cJSON *json_whole(int64_t n);

/* {"key":...,"host":...,"port":...,"protocol":...,"address":...,"weight":...,"metadata":{...}} */
struct cJSON *json_instance(const struct instance *instance);

/*
 * The same JSON, new, for a file or a terminal: what would steer one becomes
 * \uXXXX, which reads as the same, and what is no UTF-8 (keys in etcd may be any
 * bytes) becomes '?'. Line ends stay; other control characters, which are in no
 * JSON but between its tokens, become spaces. NULL without memory.
 */
char *json_harmless(const char *text, size_t len);

/*
 * The item as one harmless line with a line end, new, and the item is freed.
 * NULL without memory, or for NULL.
 */
char *json_line(struct cJSON *item);

#endif
