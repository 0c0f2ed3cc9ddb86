/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/value.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/descriptor.h"
#include "agent/json_write.h"

static cJSON *item_of(const struct scalar *s)
{
	switch (s->kind) {
	case SCALAR_TEXT:
		return cJSON_CreateString(s->text);
	case SCALAR_NUMBER:
		return cJSON_CreateRaw(s->text); /* as written: 1.10 does not become 1.1 */
	case SCALAR_TRUE:
		return cJSON_CreateTrue();
	case SCALAR_FALSE:
		return cJSON_CreateFalse();
	case SCALAR_NULL:
		return cJSON_CreateNull();
	}
	return NULL;
}

static bool fill(cJSON *object, const struct descriptor *d)
{
	bool ok = json_add(object, "host", cJSON_CreateString(d->service.host)) &&
		  json_add(object, "port", cJSON_CreateNumber(d->service.port)) &&
		  json_add(object, "protocol", cJSON_CreateString(d->service.protocol));
	const struct scalars *more = &d->service.metadata;
	for (size_t i = 0; ok && i < more->n; i++) {
		ok = json_add(object, more->at[i].name, item_of(&more->at[i]));
	}
	return ok;
}

char *value_make(const struct descriptor *d)
{
	cJSON *object = cJSON_CreateObject();
	char *text = object != NULL && fill(object, d) ? cJSON_PrintUnformatted(object) : NULL;
	cJSON_Delete(object);
	return text;
}

char *value_key(const struct descriptor *d)
{
	char place[ENDPOINT_TEXT_MAX];
	endpoint_format(place, sizeof(place), d->service.host, d->service.port);

	char *key;
	int n = asprintf(&key, "%s/%s/%s", d->registry.prefix, d->service.name, place);
	return n < 0 ? NULL : key;
}
