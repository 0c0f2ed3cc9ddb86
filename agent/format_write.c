/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_write - the key and the value of a descriptor, in each format.
 *
 * What is known of the readers, and shapes what is written for them:
 *
 *   grpc-naming  etcd hands Metadata on to gRPC, which compares it with ==. In
 *                Go that is a panic for an object, so it is written as text.
 *   skydns       The key is a name in DNS, and what stands last becomes a label
 *                of it where the host is an address; host:port is no label. The
 *                TTL of an answer is not longer than that of the lease.
 *   go-zero      Its own keys end in the number of the lease. Ours would then
 *                change with every lease, and stand beside the one that a killed
 *                predecessor has left.
 *   kratos       Metadata is map[string]string: one number in it, and Go reads
 *   kitex        nothing at all. So is kitex's tags; its weight is a number.
 *   skydns, kitex  take a weight of 0 for none given: 1 is nearest to what is
 *                meant.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "agent/json_write.h"

#define SKYDNS_PRIORITY 10  /* what CoreDNS takes when there is none */
#define SKYDNS_WEIGHT   100 /* ... */
#define KITEX_WEIGHT    10  /* what kitex takes */

/* ---- metadata -------------------------------------------------------------------- */

static cJSON *typed(const struct scalar *s)
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

static cJSON *as_text(const struct scalar *s)
{
	return cJSON_CreateString(s->kind == SCALAR_NULL ? "" : s->text);
}

static const struct scalar *find(const struct descriptor *d, const char *name)
{
	const struct scalars *all = &d->service.metadata;

	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->at[i].name, name) == 0) {
			return &all->at[i];
		}
	}
	return NULL;
}

/* All of the metadata but one, which has its place elsewhere (NULL: none has). */
static bool add_metadata(cJSON *object, const struct descriptor *d, const struct scalar *but,
		cJSON *(*make)(const struct scalar *s))
{
	const struct scalars *all = &d->service.metadata;
	bool ok = true;

	for (size_t i = 0; ok && i < all->n; i++) {
		ok = &all->at[i] == but || json_add(object, all->at[i].name, make(&all->at[i]));
	}
	return ok;
}

/* metadata.weight when it is one; NULL when it is no whole number from 0 to the greatest. */
static const struct scalar *find_weight(const struct descriptor *d)
{
	const struct scalar *s = find(d, "weight");
	bool number = s != NULL && s->kind == SCALAR_NUMBER && strlen(s->text) <= 5 &&
		      strspn(s->text, "0123456789") == strlen(s->text);

	return number && strtoul(s->text, NULL, 10) <= INSTANCE_WEIGHT_MAX ? s : NULL;
}

static double weight_of(const struct scalar *weight, double otherwise)
{
	double n = weight == NULL ? otherwise : strtod(weight->text, NULL);

	return n < 1.0 ? 1.0 : n;
}

/* ---- values ---------------------------------------------------------------------- */

static void place_of(const struct descriptor *d, char place[ENDPOINT_TEXT_MAX])
{
	endpoint_format(place, ENDPOINT_TEXT_MAX, d->service.host, d->service.port);
}

static bool fill_services(cJSON *object, const struct descriptor *d)
{
	return json_add(object, "host", cJSON_CreateString(d->service.host)) &&
	       json_add(object, "port", cJSON_CreateNumber(d->service.port)) &&
	       json_add(object, "protocol", cJSON_CreateString(d->service.protocol)) &&
	       add_metadata(object, d, NULL, typed);
}

/* The metadata as JSON in a text; null when there is none. */
static cJSON *metadata_in_text(const struct descriptor *d)
{
	if (d->service.metadata.n == 0) {
		return cJSON_CreateNull();
	}
	cJSON *object = cJSON_CreateObject(), *item = NULL;
	char *text = NULL;
	if (object != NULL && add_metadata(object, d, NULL, typed)) {
		text = cJSON_PrintUnformatted(object);
	}
	if (text != NULL) {
		item = cJSON_CreateString(text);
	}
	free(text);
	cJSON_Delete(object);
	return item;
}

static bool fill_grpc_naming(cJSON *object, const struct descriptor *d)
{
	char place[ENDPOINT_TEXT_MAX];

	place_of(d, place);
	return json_add(object, "Op", cJSON_CreateNumber(0)) &&
	       json_add(object, "Addr", cJSON_CreateString(place)) &&
	       json_add(object, "Metadata", metadata_in_text(d));
}

static bool fill_skydns(cJSON *object, const struct descriptor *d)
{
	double weight = weight_of(find_weight(d), SKYDNS_WEIGHT);
	uint32_t ttl_s = d->registry.ttl_ms / 1000;

	return json_add(object, "host", cJSON_CreateString(d->service.host)) &&
	       json_add(object, "port", cJSON_CreateNumber(d->service.port)) &&
	       json_add(object, "priority", cJSON_CreateNumber(SKYDNS_PRIORITY)) &&
	       json_add(object, "weight", cJSON_CreateNumber(weight)) &&
	       json_add(object, "ttl", cJSON_CreateNumber(ttl_s));
}

/* metadata.version where it is a text or a number. */
static const struct scalar *find_version(const struct descriptor *d)
{
	const struct scalar *s = find(d, "version");

	return s != NULL && (s->kind == SCALAR_TEXT || s->kind == SCALAR_NUMBER) ? s : NULL;
}

static bool add_endpoints(cJSON *object, const struct descriptor *d, const char *place)
{
	char url[ENDPOINT_TEXT_MAX + 80]; /* a protocol has 64 bytes at most */
	cJSON *list = cJSON_AddArrayToObject(object, "endpoints");

	(void)snprintf(url, sizeof url, "%s://%s", d->service.protocol, place);
	return list != NULL && json_append(list, cJSON_CreateString(url));
}

static bool fill_kratos(cJSON *object, const struct descriptor *d)
{
	char place[ENDPOINT_TEXT_MAX];
	const struct scalar *version = find_version(d);
	const char *text = version == NULL ? "" : version->text;

	place_of(d, place);
	if (!json_add(object, "id", cJSON_CreateString(place)) ||
			!json_add(object, "name", cJSON_CreateString(d->service.name)) ||
			!json_add(object, "version", cJSON_CreateString(text))) {
		return false;
	}
	cJSON *metadata = cJSON_AddObjectToObject(object, "metadata");
	return metadata != NULL && add_metadata(metadata, d, version, as_text) &&
	       add_endpoints(object, d, place);
}

static bool fill_kitex(cJSON *object, const struct descriptor *d)
{
	char place[ENDPOINT_TEXT_MAX];
	const struct scalar *weight = find_weight(d);

	place_of(d, place);
	if (!json_add(object, "network", cJSON_CreateString("tcp")) ||
			!json_add(object, "address", cJSON_CreateString(place)) ||
			!json_add(object, "weight",
					cJSON_CreateNumber(weight_of(weight, KITEX_WEIGHT)))) {
		return false;
	}
	cJSON *tags = cJSON_AddObjectToObject(object, "tags");
	return tags != NULL && add_metadata(tags, d, weight, as_text);
}

/* clang-format off */
static bool (*const fills[N_FORMATS])(cJSON *object, const struct descriptor *d) = {
	[FORMAT_SERVICES]    = fill_services,
	[FORMAT_GRPC_NAMING] = fill_grpc_naming,
	[FORMAT_SKYDNS]      = fill_skydns,
	[FORMAT_GO_ZERO]     = NULL, /* host:port and nothing else */
	[FORMAT_KRATOS]      = fill_kratos,
	[FORMAT_KITEX]       = fill_kitex,
};
/* clang-format on */

static char *value_of(enum format f, const struct descriptor *d)
{
	if (fills[f] == NULL) {
		char place[ENDPOINT_TEXT_MAX];
		place_of(d, place);
		return strdup(place);
	}
	cJSON *object = cJSON_CreateObject();
	char *text = object != NULL && fills[f](object, d) ? cJSON_PrintUnformatted(object) : NULL;
	cJSON_Delete(object);
	return text;
}

/* ---- keys ------------------------------------------------------------------------ */

/* The same for the same place, above 0: the hash FNV-1a, without its highest bit. */
static uint64_t number_of(const char *place)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *place != '\0'; place++) {
		hash = (hash ^ (unsigned char)*place) * UINT64_C(0x100000001b3);
	}
	hash &= INT64_MAX;
	return hash == 0 ? 1 : hash;
}

/* /skydns and the labels of the domain: what CoreDNS calls its path, and the zone below it. */
static char *first_of_skydns(const struct descriptor *d)
{
	char *first = format_prefix(FORMAT_SKYDNS, "/skydns", d->registry.domain);

	if (first != NULL) {
		first[strlen(first) - 1] = '\0'; /* the '/' at its end */
	}
	return first;
}

static char *folder_of(enum format f, const struct descriptor *d)
{
	if (f == FORMAT_SERVICES) {
		return format_prefix(f, d->registry.prefix, d->service.name);
	}
	if (f != FORMAT_SKYDNS) {
		return format_prefix(f, NULL, d->service.name);
	}
	char *first = first_of_skydns(d);
	char *folder = first == NULL ? NULL : format_prefix(f, first, d->service.name);
	free(first);
	return folder;
}

static char *key_of(enum format f, const struct descriptor *d)
{
	char place[ENDPOINT_TEXT_MAX];
	char *folder = folder_of(f, d), *key = NULL;
	int n = -1;

	place_of(d, place);
	if (folder != NULL && (f == FORMAT_SKYDNS || f == FORMAT_GO_ZERO)) {
		n = asprintf(&key, "%s%" PRIu64, folder, number_of(place));
	} else if (folder != NULL) {
		n = asprintf(&key, "%s%s", folder, place);
	}
	free(folder);
	return n < 0 ? NULL : key;
}

int format_write(enum format f, const struct descriptor *d, char **key, char **value)
{
	*key = key_of(f, d);
	*value = value_of(f, d);
	if (*key != NULL && *value != NULL) {
		return 0;
	}
	free(*key);
	free(*value);
	*key = *value = NULL;
	return -1;
}
