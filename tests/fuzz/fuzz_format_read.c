/* SPDX-License-Identifier: Apache-2.0 */
/* A key and a value, in any format, are an instance that can be written anywhere, or none. */
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct instance *one, const char *key)
{
	size_t len = strlen(one->metadata);

	HOLDS(strcmp(one->key, key) == 0 && fuzz_is_text(key));
	HOLDS(endpoint_host_valid(one->host) && strlen(one->host) <= ENDPOINT_HOST_MAX);
	HOLDS(one->port > 0 && one->weight <= INSTANCE_WEIGHT_MAX);
	for (const char *at = one->protocol; *at != '\0'; at++) {
		HOLDS(*at > ' ' && *at <= '~');
	}
	HOLDS(one->metadata[0] == '{' && fuzz_is_json(one->metadata, len));
	HOLDS(strchr(one->metadata, '\n') == NULL);
	HOLDS(one->lease == 0 && one->line == NULL && one->refs == 1);
}

static void check_service(enum format f, const char *key)
{
	char name[64];

	if (format_service_of(f, NULL, key, name, sizeof name)) {
		HOLDS(name[0] != '\0' || f == FORMAT_SKYDNS);
		char *prefix = format_prefix(f, NULL, NULL);
		HOLDS(prefix != NULL && strncmp(key, prefix, strlen(prefix)) == 0);
		free(prefix);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	enum format f = (enum format)(fuzz_u8(&b) % N_FORMATS);
	char *key = fuzz_take_text(&b);
	size_t len;
	uint8_t *value = fuzz_take_bytes(&b, b.left, &len);
	struct err err = { 0 };
	struct instance *one = format_read(f, key, (const char *)value, len, &err);

	if (one == NULL) {
		HOLDS(err.code != ERR_NONE && err.text[0] != '\0');
	} else {
		check(one, key);
	}
	check_service(f, key);
	instance_unref(one);
	free(value);
	free(key);
	return 0;
}
