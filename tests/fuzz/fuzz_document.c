/* SPDX-License-Identifier: Apache-2.0 */
/* A document is read whole or refused, and what was read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/outputs/document.h"
#include "tests/fuzz/fuzz.h"

#define TIME "2026-11-25T17:00:00.123Z"

static void check(const struct document *d)
{
	HOLDS(d->service != NULL && d->prefix != NULL && d->revision >= 0 && d->age >= 0);
	HOLDS(d->instances.n <= DOCUMENT_INSTANCES_MAX);
	for (size_t i = 0; i < d->instances.n; i++) {
		const struct instance *one = d->instances.at[i];
		HOLDS(endpoint_host_valid(one->host) && one->port > 0);
		HOLDS(one->weight <= INSTANCE_WEIGHT_MAX);
		HOLDS(one->metadata[0] == '{' &&
				fuzz_is_json(one->metadata, strlen(one->metadata)));
		HOLDS(i == 0 || strcmp(d->instances.at[i - 1]->key, one->key) < 0);
	}
}

static char *written(const struct document *d)
{
	struct output_view view = { .service = d->service,
		.prefix = d->prefix,
		.instances = d->instances,
		.revision = d->revision,
		.stale = d->stale,
		.age = d->age };
	char *text = document_text(&view, TIME);

	HOLDS(text != NULL && fuzz_is_json(text, strlen(text)));
	HOLDS(fuzz_count_lines(text) == 1);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document d, again;
	struct err err = { 0 };

	if (document_read(&d, (const char *)data, size, &err) < 0) {
		HOLDS(err.text[0] != '\0' && d.service == NULL && d.instances.at == NULL);
		return 0;
	}
	check(&d);
	char *text = written(&d);
	HOLDS(document_read(&again, text, strlen(text), &err) == 0);
	char *second = written(&again);
	HOLDS(strcmp(text, second) == 0);
	free(text);
	free(second);
	document_finish(&again);
	document_finish(&d);
	return 0;
}
