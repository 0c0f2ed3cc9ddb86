/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_read - a key and a value of etcd as an instance.
 *
 * Each format has a table of the members that mean something to it. Names
 * match as the readers of a format match them: exactly in services, whose
 * readers are in JavaScript; in any case in the others, which Go reads. A
 * member that is there twice counts as it stands last, as for both of them.
 *
 * Hosts end up in files and commands for proxies, so nothing but a name or an
 * address gets through.
 */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/endpoint.h"
#include "agent/format.h"
#include "agent/instance.h"
#include "agent/json_read.h"
#include "agent/json_write.h"
#include "agent/utf8.h"

#define KEY_MAX      4096
#define PROTOCOL_MAX 64

/* An instance as far as it is read. */
struct reading {
	struct endpoint at; /* host "" and port 0: not seen yet */
	char protocol[PROTOCOL_MAX + 1];
	cJSON *metadata;
	struct err *err;
};

/* A member with a meaning: `take` stores it, or says why not. NULL: it is passed over. */
struct member {
	const char *name;
	int (*take)(struct reading *r, cJSON *item);
};

/* ---- parts of an instance -------------------------------------------------------- */

static int check_text(struct reading *r, const cJSON *item)
{
	if (!cJSON_IsString(item)) {
		return err_set(r->err, ERR_SYNTAX, "%s is %s, not text", item->string,
				json_kind(item));
	}
	return 0;
}

static int take_host(struct reading *r, cJSON *item)
{
	if (check_text(r, item) < 0) {
		return -1;
	}
	const char *host = item->valuestring;
	if (strlen(host) > ENDPOINT_HOST_MAX || !endpoint_host_valid(host)) {
		return err_set(r->err, ERR_SYNTAX, "'%.80s' is not a host name or an address",
				host);
	}
	memcpy(r->at.host, host, strlen(host) + 1);
	return 0;
}

static int take_port(struct reading *r, cJSON *item)
{
	if (!json_is_number(item)) {
		return err_set(r->err, ERR_SYNTAX, "port is %s, not a number", json_kind(item));
	}
	double port = item->valuedouble;
	if (!(port >= 1.0 && port <= 65535.0) || port != (double)(uint16_t)port) {
		return err_set(r->err, ERR_RANGE, "port %.40s is outside 1..65535",
				item->valuestring);
	}
	r->at.port = (uint16_t)port;
	return 0;
}

/* A word that can stand in a file for a proxy. */
static int set_protocol(struct reading *r, const char *text, size_t len)
{
	bool word = len <= PROTOCOL_MAX;

	for (size_t i = 0; word && i < len; i++) {
		word = text[i] > ' ' && text[i] <= '~';
	}
	if (!word) {
		return err_set(r->err, ERR_SYNTAX, "protocol is not a word of up to %d signs",
				PROTOCOL_MAX);
	}
	memcpy(r->protocol, text, len);
	r->protocol[len] = '\0';
	return 0;
}

static int take_protocol(struct reading *r, cJSON *item)
{
	if (check_text(r, item) < 0) {
		return -1;
	}
	return set_protocol(r, item->valuestring, strlen(item->valuestring));
}

static int take_address(struct reading *r, cJSON *item)
{
	return check_text(r, item) < 0 ? -1 : endpoint_parse(&r->at, item->valuestring, 0, r->err);
}

/* ---- metadata -------------------------------------------------------------------- */

/* Moves `item` from where it is. */
static int add(struct reading *r, cJSON *parent, cJSON *item)
{
	(void)cJSON_DetachItemViaPointer(parent, item);
	cJSON_DeleteItemFromObjectCaseSensitive(r->metadata, item->string);
	if (!json_add(r->metadata, item->string, item)) {
		return err_set(r->err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

static int add_all(struct reading *r, cJSON *object)
{
	int result = 0;

	while (result == 0 && object->child != NULL) {
		result = add(r, object, object->child);
	}
	return result;
}

static int take_members(struct reading *r, cJSON *item)
{
	if (cJSON_IsNull(item)) {
		return 0; /* Go's way to say that there are none */
	}
	if (!cJSON_IsObject(item)) {
		return err_set(r->err, ERR_SYNTAX, "%s is %s, not an object", item->string,
				json_kind(item));
	}
	if (cJSON_GetArraySize(item) > JSON_MEMBERS_MAX) {
		return err_set(r->err, ERR_RANGE, "%s has more than %d members", item->string,
				JSON_MEMBERS_MAX);
	}
	return add_all(r, item);
}

/* A copy of the item under another name. */
static int add_as(struct reading *r, const char *name, const cJSON *item)
{
	if (!json_add(r->metadata, name, cJSON_Duplicate(item, 1))) {
		return err_set(r->err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

/* Of grpc-naming: whatever its writer liked. We write an object as text there. */
static int take_metadata(struct reading *r, cJSON *item)
{
	struct err err;

	if (cJSON_IsNull(item) || cJSON_IsObject(item)) {
		return take_members(r, item);
	}
	if (cJSON_IsString(item)) {
		cJSON *inner = json_read(item->valuestring, strlen(item->valuestring), &err);
		if (inner != NULL) {
			int result = add_all(r, inner);
			cJSON_Delete(inner);
			return result;
		}
	}
	return add_as(r, "Metadata", item);
}

/* Of kratos: "" when there is none. */
static int take_version(struct reading *r, cJSON *item)
{
	if (check_text(r, item) < 0) {
		return -1;
	}
	return *item->valuestring == '\0' ? 0 : add_as(r, "version", item);
}

/* ---- members of one format only -------------------------------------------------- */

static int take_network(struct reading *r, cJSON *item)
{
	if (check_text(r, item) < 0) {
		return -1;
	}
	if (strncmp(item->valuestring, "tcp", 3) != 0) {
		return err_set(r->err, ERR_RANGE, "network is not tcp");
	}
	return 0;
}

/* scheme://host:port, perhaps with a path or a query behind it. */
static int read_url(struct reading *r, const char *url)
{
	const char *colon = strstr(url, "://");
	if (colon == NULL) {
		return err_set(r->err, ERR_SYNTAX, "an endpoint is not scheme://host:port");
	}
	char place[ENDPOINT_TEXT_MAX];
	size_t len = strcspn(colon + 3, "/?#");
	if (len >= sizeof place) {
		return err_set(r->err, ERR_RANGE, "an endpoint is too long");
	}
	memcpy(place, colon + 3, len);
	place[len] = '\0';
	if (set_protocol(r, url, (size_t)(colon - url)) < 0) {
		return -1;
	}
	return endpoint_parse(&r->at, place, 0, r->err);
}

static bool is_grpc(const cJSON *item)
{
	return cJSON_IsString(item) &&
	       (strncmp(item->valuestring, "grpc://", 7) == 0 ||
			       strncmp(item->valuestring, "grpcs://", 8) == 0);
}

/* One server may listen for several protocols: gRPC is what is looked for, else the first. */
static int take_endpoints(struct reading *r, cJSON *item)
{
	if (cJSON_IsNull(item)) {
		return 0;
	}
	if (!cJSON_IsArray(item)) {
		return err_set(r->err, ERR_SYNTAX, "%s is %s, not a list", item->string,
				json_kind(item));
	}
	const cJSON *best = item->child;
	for (const cJSON *at = item->child; at != NULL && !is_grpc(best); at = at->next) {
		best = is_grpc(at) ? at : best;
	}
	if (best == NULL) {
		return 0;
	}
	if (!cJSON_IsString(best)) {
		return err_set(r->err, ERR_SYNTAX, "an endpoint is %s, not text", json_kind(best));
	}
	return read_url(r, best->valuestring);
}

/* ---- the formats ----------------------------------------------------------------- */

/* clang-format off */
static const struct member of_services[] = {
	{ "host", take_host }, { "port", take_port }, { "protocol", take_protocol }, { NULL, NULL },
};
static const struct member of_grpc_naming[] = {
	{ "Op", NULL }, /* always "added": what is deleted is not there */
	{ "Addr", take_address }, { "Metadata", take_metadata }, { NULL, NULL },
};
static const struct member of_skydns[] = {
	{ "host", take_host }, { "port", take_port },
	{ "ttl", NULL }, /* for how long an answer of DNS may be kept */
	{ NULL, NULL },
};
static const struct member of_kratos[] = {
	{ "id", NULL }, { "name", NULL }, { "version", take_version }, { "metadata", take_members },
	{ "endpoints", take_endpoints }, { NULL, NULL },
};
static const struct member of_kitex[] = {
	{ "network", take_network }, { "address", take_address }, { "tags", take_members },
	{ NULL, NULL },
};

static const struct reader {
	const struct member *members; /* NULL: the value is host:port */
	const char *wanted;           /* the member that says where it is, for a sentence */
	bool any_case;                /* how names match */
	bool text_weight;             /* all metadata is text, so the weight is too */
	bool zero_is_none;            /* a weight of 0 is taken for none */
	uint32_t weight;              /* of an instance that does not say */
} readers[N_FORMATS] = {
	[FORMAT_SERVICES]    = { of_services,    "host",      false, false, false, 1 },
	[FORMAT_GRPC_NAMING] = { of_grpc_naming, "Addr",      true,  false, false, 1 },
	[FORMAT_SKYDNS]      = { of_skydns,      "host",      true,  false, true,  100 },
	[FORMAT_GO_ZERO]     = { NULL,           NULL,        false, false, false, 1 },
	[FORMAT_KRATOS]      = { of_kratos,      "endpoints", true,  true,  false, 100 },
	[FORMAT_KITEX]       = { of_kitex,       "address",   true,  true,  true,  10 },
};
/* clang-format on */

static int take(struct reading *r, const struct reader *reader, cJSON *object, cJSON *item)
{
	for (const struct member *m = reader->members; m->name != NULL; m++) {
		if ((reader->any_case ? strcasecmp : strcmp)(m->name, item->string) == 0) {
			return m->take == NULL ? 0 : m->take(r, item);
		}
	}
	return add(r, object, item);
}

static int take_all(struct reading *r, const struct reader *reader, cJSON *object)
{
	for (cJSON *item = object->child, *next; item != NULL; item = next) {
		next = item->next; /* the item may move on into the metadata */
		if (take(r, reader, object, item) < 0) {
			return -1;
		}
	}
	if (r->at.host[0] == '\0') {
		return err_set(r->err, ERR_MISSING, "the value has no %s", reader->wanted);
	}
	if (r->at.port == 0) {
		return err_set(r->err, ERR_MISSING, "the value has no port");
	}
	return 0;
}

static int read_object(
		struct reading *r, const struct reader *reader, const char *value, size_t len)
{
	cJSON *object = json_read(value, len, r->err);
	int result = object == NULL ? -1 : take_all(r, reader, object);

	cJSON_Delete(object);
	return result;
}

/* go-zero's. */
static int read_place(struct reading *r, const char *value, size_t len)
{
	char place[ENDPOINT_TEXT_MAX];

	if (len >= sizeof place) {
		return err_set(r->err, ERR_RANGE, "the value has %zu bytes, host:port is shorter",
				len);
	}
	if (memchr(value, '\0', len) != NULL || !utf8_valid(value, len)) {
		return err_set(r->err, ERR_SYNTAX, "the value is not host:port");
	}
	memcpy(place, value, len);
	place[len] = '\0';
	return endpoint_parse(&r->at, place, 0, r->err);
}

/* A whole number up to INSTANCE_WEIGHT_MAX; -1 for all else. */
static long whole(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len) {
		return -1;
	}
	long n = strtol(text, NULL, 10);
	return n <= (long)INSTANCE_WEIGHT_MAX ? n : -1;
}

static uint32_t weight_of(const struct reading *r, const struct reader *reader)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->metadata, "weight");
	bool counts = json_is_number(item) || (reader->text_weight && cJSON_IsString(item));
	long n = counts ? whole(item->valuestring) : -1;

	return n < 0 || (n == 0 && reader->zero_is_none) ? reader->weight : (uint32_t)n;
}

static int check_key(const char *key, struct err *err)
{
	size_t len = strlen(key);

	if (len > KEY_MAX) {
		return err_set(err, ERR_RANGE, "the key has %zu bytes, %d are possible", len,
				KEY_MAX);
	}
	if (!utf8_valid(key, len)) {
		return err_set(err, ERR_SYNTAX, "the key is not valid UTF-8");
	}
	return 0;
}

static struct instance *make(const struct reading *r, const struct reader *reader, const char *key)
{
	char *metadata = cJSON_PrintUnformatted(r->metadata);
	struct instance *made = NULL;

	if (metadata != NULL) {
		made = instance_make(key, r->at.host, r->at.port, r->protocol, metadata);
	}
	if (made == NULL) {
		(void)err_set(r->err, ERR_SYSTEM, "out of memory");
	} else {
		made->weight = weight_of(r, reader);
	}
	free(metadata);
	return made;
}

struct instance *format_read(
		enum format f, const char *key, const char *value, size_t len, struct err *err)
{
	const struct reader *reader = &readers[f];
	struct reading r = { .metadata = cJSON_CreateObject(), .err = err };
	struct instance *made = NULL;
	int result = -1;

	if (r.metadata == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
	} else if (check_key(key, err) == 0) {
		result = reader->members == NULL ? read_place(&r, value, len)
						 : read_object(&r, reader, value, len);
	}
	if (result == 0) {
		made = make(&r, reader, key);
	}
	cJSON_Delete(r.metadata);
	return made;
}
