/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/json_write.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/instance.h"
#include "agent/utf8.h"

bool json_add(cJSON *object, const char *name, cJSON *item)
{
	if (item == NULL || !cJSON_AddItemToObject(object, name, item)) {
		cJSON_Delete(item);
		return false;
	}
	return true;
}

bool json_append(cJSON *array, cJSON *item)
{
	if (item == NULL || !cJSON_AddItemToArray(array, item)) {
		cJSON_Delete(item);
		return false;
	}
	return true;
}

cJSON *json_whole(int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_CreateRaw(text);
}

cJSON *json_instance(const struct instance *i)
{
	char address[ENDPOINT_TEXT_MAX];
	cJSON *item = cJSON_CreateObject();

	endpoint_format(address, sizeof address, i->host, i->port);
	if (item != NULL && json_add(item, "key", cJSON_CreateString(i->key)) &&
			json_add(item, "host", cJSON_CreateString(i->host)) &&
			json_add(item, "port", json_whole(i->port)) &&
			json_add(item, "protocol", cJSON_CreateString(i->protocol)) &&
			json_add(item, "address", cJSON_CreateString(address)) &&
			json_add(item, "weight", json_whole(i->weight)) &&
			json_add(item, "metadata", cJSON_CreateRaw(i->metadata))) {
		return item;
	}
	cJSON_Delete(item);
	return NULL;
}

/* How many bytes json_harmless() may need for each one that steers. */
#define ESCAPED 6

static size_t count_steering(const char *text, size_t len)
{
	size_t steering = 0;
	uint32_t code = 0;

	for (size_t at = 0, n; at < len; at += n == 0 ? 1 : n) {
		bool plain = text[at] >= ' ' && text[at] <= '~';
		n = plain ? 1 : utf8_decode(text + at, len - at, &code);
		steering += !plain && n > 0 && utf8_steers(code) ? 1 : 0;
	}
	return steering;
}

/* Stores at `to` what stands for one character, *n bytes of the text; returns how long it is. */
static size_t put_harmless(char *to, const char *text, size_t len, size_t *n)
{
	uint32_t code = 0;

	if (*text >= ' ' && *text <= '~') { /* nearly all there is */
		*n = 1;
		*to = *text;
		return 1;
	}
	*n = utf8_decode(text, len, &code);
	if (*n == 0) {
		*n = 1;
		*to = '?';
		return 1;
	}
	if (!utf8_steers(code) || code == '\n') {
		memcpy(to, text, *n);
		return *n;
	}
	if (code < 0x20) {
		*to = ' ';
		return 1;
	}
	return (size_t)snprintf(to, ESCAPED + 1, "\\u%04x", (unsigned)code);
}

char *json_harmless(const char *text, size_t len)
{
	size_t to = 0;
	char *out = malloc(len + count_steering(text, len) * ESCAPED + 1);

	if (out == NULL) {
		return NULL;
	}
	for (size_t at = 0, n; at < len; at += n) {
		to += put_harmless(out + to, text + at, len - at, &n);
	}
	out[to] = '\0';
	return out;
}

char *json_line(cJSON *item)
{
	char *line = item == NULL ? NULL : cJSON_PrintUnformatted(item);
	size_t len = line == NULL ? 0 : strlen(line);
	char *text = line == NULL ? NULL : realloc(line, len + 2);
	char *out = NULL;

	cJSON_Delete(item);
	if (text == NULL) {
		free(line);
		return NULL;
	}
	memcpy(text + len, "\n", 2);
	out = json_harmless(text, len + 1);
	free(text);
	return out;
}
