/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/instance.h"

#include <stdlib.h>
#include <string.h>

struct instance *instance_make(const char *key, const char *host, uint16_t port,
		const char *protocol, const char *metadata)
{
	struct instance *instance = calloc(1, sizeof *instance);

	if (instance == NULL) {
		return NULL;
	}
	instance->refs = 1;
	instance->port = port;
	instance->weight = 1;
	instance->key = strdup(key);
	instance->host = strdup(host);
	instance->protocol = strdup(protocol);
	instance->metadata = strdup(metadata);
	if (instance->key == NULL || instance->host == NULL || instance->protocol == NULL ||
			instance->metadata == NULL) {
		instance_unref(instance);
		return NULL;
	}
	return instance;
}

struct instance *instance_ref(struct instance *instance)
{
	instance->refs++;
	return instance;
}

void instance_unref(struct instance *instance)
{
	if (instance == NULL || --instance->refs > 0) {
		return;
	}
	free(instance->key);
	free(instance->host);
	free(instance->protocol);
	free(instance->metadata);
	free(instance->line);
	free(instance);
}

size_t instance_bytes(const struct instance *instance)
{
	return strlen(instance->key) + strlen(instance->host) + strlen(instance->protocol) +
	       strlen(instance->metadata);
}

bool instance_same(const struct instance *a, const struct instance *b)
{
	return a->port == b->port && a->weight == b->weight && strcmp(a->key, b->key) == 0 &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->protocol, b->protocol) == 0 &&
	       strcmp(a->metadata, b->metadata) == 0;
}
