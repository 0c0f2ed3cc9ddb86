/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/view.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/json_read.h"
#include "agent/utf8.h"

#define INSTANCES_MAX 12

char *fuzz_take_name(struct fuzz_bytes *b, const char *more)
{
	static const char signs[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char *text = fuzz_take_text(b), *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (strchr(signs, *at) != NULL || strchr(more, *at) != NULL) {
			*to++ = *at;
		}
	}
	*to = '\0';
	if (text[0] != '\0') {
		return text;
	}
	free(text);
	text = strdup("a");
	HOLDS(text != NULL);
	return text;
}

/* Keys are UTF-8, and not empty. */
static char *take_key(struct fuzz_bytes *b)
{
	char *text = fuzz_take_text(b), *key = NULL;

	if (!utf8_valid(text, strlen(text))) {
		utf8_make_harmless(text);
	}
	HOLDS(asprintf(&key, "/k/%s", text) >= 0);
	free(text);
	return key;
}

static char *take_host(struct fuzz_bytes *b, enum fuzz_hosts hosts)
{
	static const char *const common[] = { "127.0.0.1", "::1", "localhost", "a.example",
		"10.0.0.1", "2001:DB8::a", "::ffff:1.2.3.4" };
	size_t n = fuzz_u8(b);
	char *text;

	if (n < sizeof common / sizeof *common) {
		text = strdup(common[n]);
		HOLDS(text != NULL);
		return text;
	}
	text = fuzz_take_text(b);
	if (hosts == HOSTS_VALID &&
			(!endpoint_host_valid(text) || strlen(text) > ENDPOINT_HOST_MAX)) {
		free(text);
		text = strdup("b.example");
		HOLDS(text != NULL);
	}
	return text;
}

static char *take_metadata(struct fuzz_bytes *b)
{
	char *text = fuzz_take_text(b);
	struct err err;
	cJSON *object = json_read(text, strlen(text), &err);
	char *metadata = object == NULL ? strdup("{}") : cJSON_PrintUnformatted(object);

	HOLDS(metadata != NULL);
	cJSON_Delete(object);
	free(text);
	return metadata;
}

struct instance *fuzz_instance(struct fuzz_bytes *b, enum fuzz_hosts hosts)
{
	uint16_t port = fuzz_u16(b);
	uint16_t weight = fuzz_u16(b);
	char *key = take_key(b), *host = take_host(b, hosts), *protocol = fuzz_take_text(b);
	char *metadata = take_metadata(b);
	struct instance *made = instance_make(key, host, port == 0 ? 1 : port, protocol, metadata);

	HOLDS(made != NULL);
	made->weight = weight;
	made->lease = (int64_t)fuzz_u64(b);
	made->create_revision = (int64_t)fuzz_u64(b);
	made->mod_revision = (int64_t)fuzz_u64(b);
	free(key);
	free(host);
	free(protocol);
	free(metadata);
	return made;
}

void fuzz_view_make(struct fuzz_view *v, struct fuzz_bytes *b, enum fuzz_hosts hosts)
{
	uint8_t flags = fuzz_u8(b);

	*v = (struct fuzz_view){ .service = fuzz_take_name(b, ""), .prefix = fuzz_take_text(b) };
	v->view.service = v->service;
	v->view.prefix = v->prefix;
	v->view.revision = fuzz_u32(b);
	v->view.stale = flags % 2 == 1;
	v->view.age = v->view.stale ? fuzz_u32(b) : 0;
	for (size_t i = 0; i < INSTANCES_MAX && b->left > 0; i++) {
		struct instance *made = fuzz_instance(b, hosts);
		HOLDS(instances_put(&v->view.instances, made) == 0);
		instance_unref(made);
	}
}

void fuzz_view_finish(struct fuzz_view *v)
{
	instances_finish(&v->view.instances);
	free(v->service);
	free(v->prefix);
}
