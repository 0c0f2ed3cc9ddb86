/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor may hold is written in each format so that it is read back as what it is. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/scalar.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "agent/utf8.h"
#include "tests/fuzz/view.h"

#define MEMBERS_MAX 16

static bool has(const struct scalars *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->at[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Only what the checks of a descriptor let through. */
static void take_metadata(struct scalars *all, struct fuzz_bytes *b)
{
	while (all->n < MEMBERS_MAX && b->left > 0) {
		bool quoted = fuzz_u8(b) % 2 == 1;
		char *name = fuzz_take_text(b), *text = fuzz_take_text(b);
		struct err err;
		if (fuzz_is_text(name) && fuzz_is_text(text) && !has(all, name) &&
				scalar_check_member(name, text, &err) == 0) {
			enum scalar_kind kind = quoted ? SCALAR_TEXT : scalar_kind_of(text);
			HOLDS(scalars_add(all, kind, name, text) == 0);
		}
		free(name);
		free(text);
	}
}

static void check_member(const cJSON *metadata, const struct scalar *s)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(metadata, s->name);

	HOLDS(item != NULL);
	HOLDS(cJSON_IsString(item) == (s->kind == SCALAR_TEXT));
	HOLDS(cJSON_IsNumber(item) == (s->kind == SCALAR_NUMBER));
	HOLDS(cJSON_IsNull(item) == (s->kind == SCALAR_NULL));
	HOLDS(s->kind != SCALAR_TEXT || strcmp(item->valuestring, s->text) == 0);
}

/* These two keep all of it, typed. */
static void check_metadata(const struct instance *one, const struct scalars *all)
{
	cJSON *metadata = cJSON_Parse(one->metadata);

	HOLDS(metadata != NULL && (size_t)cJSON_GetArraySize(metadata) == all->n);
	for (size_t i = 0; i < all->n; i++) {
		check_member(metadata, &all->at[i]);
	}
	cJSON_Delete(metadata);
}

static void check_key(enum format f, const struct descriptor *d, const char *key)
{
	const char *prefix = f == FORMAT_SERVICES ? d->registry.prefix : NULL;
	char name[300];

	HOLDS(fuzz_is_harmless(key) && strchr(key, '\n') == NULL);
	if (f != FORMAT_SKYDNS) { /* whose prefix holds the domain, and whose names have small
				     letters */
		HOLDS(format_service_of(f, prefix, key, name, sizeof name));
		HOLDS(strcmp(name, d->service.name) == 0);
	}
}

/* Else a descriptor is refused that has the format kratos. */
static bool is_scheme(const char *text)
{
	static const char signs[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.";

	return strspn(text, signs) == strlen(text) && strspn(text, signs + 52) == 0;
}

/* cJSON reads no longer numbers; a descriptor may have them. */
static bool has_long_number(const struct scalars *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->at[i].kind == SCALAR_NUMBER && strlen(all->at[i].text) > 63) {
			return true;
		}
	}
	return false;
}

static void check(enum format f, const struct descriptor *d)
{
	char *key, *value;
	struct err err = { 0 };

	HOLDS(format_write(f, d, &key, &value) == 0);
	check_key(f, d, key);
	HOLDS(f == FORMAT_GO_ZERO || fuzz_is_json(value, strlen(value)));
	HOLDS(strchr(value, '\n') == NULL);
	struct instance *one = format_read(f, key, value, strlen(value), &err);
	if (!has_long_number(&d->service.metadata)) {
		HOLDS(one != NULL);
		HOLDS(strcmp(one->host, d->service.host) == 0 && one->port == d->service.port);
		if (f == FORMAT_SERVICES || f == FORMAT_GRPC_NAMING) {
			check_metadata(one, &d->service.metadata);
		}
	}
	instance_unref(one);
	free(key);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "localhost", "10.0.0.1", "::1", "a.b-c_d",
		"fe80::1234:5678:9abc:def0" };
	char prefix[] = "/services", other[] = "/x/y.z", domain[] = "local";
	struct fuzz_bytes b = { data, size };
	uint8_t choice = fuzz_u8(&b);
	struct descriptor d = { 0 };
	char *host = strdup(hosts[choice % (sizeof hosts / sizeof *hosts)]);

	HOLDS(host != NULL);
	d.service.host = host;
	d.service.port = fuzz_u16(&b);
	d.service.port += d.service.port == 0;
	d.service.name = fuzz_take_name(&b, "");
	d.service.protocol = fuzz_take_name(&b, "!#:/?\"\\{}");
	d.service.protocol[strnlen(d.service.protocol, 64)] = '\0';
	d.service.name[strnlen(d.service.name, 250)] = '\0';
	d.registry.prefix = choice >= 128 ? other : prefix;
	d.registry.domain = domain;
	d.registry.ttl_ms = 10000;
	take_metadata(&d.service.metadata, &b);
	for (unsigned f = 0; f < N_FORMATS; f++) {
		if (f != FORMAT_KRATOS || is_scheme(d.service.protocol)) {
			check((enum format)f, &d);
		}
	}
	scalars_finish(&d.service.metadata);
	free(d.service.name);
	free(d.service.protocol);
	free(host);
	return 0;
}
