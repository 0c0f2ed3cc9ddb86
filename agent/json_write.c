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

/* JSON is UTF-8. What is none can only stand in a text. */
static void mend_utf8(char *text, size_t len)
{
	uint32_t code;

	for (size_t at = 0; at < len;) {
		size_t n = utf8_decode(text + at, len - at, &code);
		if (n == 0) {
			text[at] = '?';
			n = 1;
		}
		at += n;
	}
}

char *json_line(cJSON *item)
{
	char *line = item == NULL ? NULL : cJSON_PrintUnformatted(item);
	size_t len = line == NULL ? 0 : strlen(line);
	char *text = line == NULL ? NULL : realloc(line, len + 2);

	cJSON_Delete(item);
	if (text == NULL) {
		free(line);
		return NULL;
	}
	mend_utf8(text, len);
	memcpy(text + len, "\n", 2);
	return text;
}
