/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/status_json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/json_write.h"

static bool add_text(cJSON *item, const char *name, const char *text)
{
	return json_add(item, name, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

static bool add_bool(cJSON *item, const char *name, bool value)
{
	return json_add(item, name, cJSON_CreateBool(value));
}

static bool add_whole(cJSON *item, const char *name, int64_t n)
{
	return json_add(item, name, json_whole(n));
}

/* To the millisecond: more says nothing, and would make the document longer than it is worth. */
static bool add_seconds(cJSON *item, const char *name, double seconds)
{
	char text[40];

	(void)snprintf(text, sizeof text, "%.3f", seconds);
	return json_add(item, name, cJSON_CreateRaw(text));
}

/* A number of 64 bits is more than JSON's readers keep, and etcdctl wants it so. */
static bool add_lease(cJSON *item, int64_t lease)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIx64, (uint64_t)lease);
	return add_text(item, "lease", lease == 0 ? NULL : text);
}

/* `item` when it is complete; else it is freed. */
static cJSON *complete(cJSON *item, bool ok)
{
	if (!ok) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

static bool add_health(cJSON *item, const struct status_service *s)
{
	return add_text(item, "health", health_name(s->health)) &&
	       add_text(item, "reason", s->probed ? reason_token(s->reason) : NULL) &&
	       add_text(item, "sentence", s->probed ? s->sentence : NULL) &&
	       add_seconds(item, "health_for", s->health_for);
}

static bool add_registration(cJSON *item, const struct status_service *s)
{
	return add_text(item, "goal", goal_name(s->goal)) &&
	       add_text(item, "state", lease_state_name(s->state)) &&
	       add_bool(item, "at_goal", s->at_goal) && add_bool(item, "listed", s->listed) &&
	       add_bool(item, "contested", s->contested) && add_lease(item, s->lease) &&
	       add_seconds(item, "ttl", s->ttl) &&
	       add_seconds(item, "seconds_left", s->seconds_left) &&
	       add_whole(item, "tries", s->tries) && add_text(item, "etcd", s->etcd);
}

static cJSON *service_item(const struct status_service *s)
{
	cJSON *item = cJSON_CreateObject();

	return complete(item, item != NULL && add_text(item, "name", s->name) &&
					      add_text(item, "host", s->host) &&
					      add_whole(item, "port", s->port) &&
					      add_text(item, "key", s->key) &&
					      add_text(item, "file", s->file) &&
					      add_health(item, s) && add_registration(item, s) &&
					      add_bool(item, "drained", s->drained) &&
					      add_bool(item, "withdrawn", s->withdrawn) &&
					      add_seconds(item, "linger_left", s->linger_left) &&
					      add_bool(item, "retiring", s->retiring));
}

static cJSON *output_item(const struct status_output *o)
{
	cJSON *item = cJSON_CreateObject();

	return complete(item, item != NULL && add_text(item, "type", o->type) &&
					      add_text(item, "place", o->place) &&
					      add_bool(item, "failing", o->failing));
}

static cJSON *outputs_item(const struct status_reader *r)
{
	cJSON *array = cJSON_CreateArray();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < r->n_outputs; i++) {
		ok = json_append(array, output_item(&r->outputs[i]));
	}
	return complete(array, ok);
}

static cJSON *reader_item(const struct status_reader *r)
{
	cJSON *item = cJSON_CreateObject();

	return complete(item, item != NULL && add_text(item, "name", r->name) &&
					      add_text(item, "prefix", r->prefix) &&
					      add_text(item, "file", r->file) &&
					      add_bool(item, "begun", r->begun) &&
					      add_bool(item, "stale", r->stale) &&
					      add_seconds(item, "age", r->age) &&
					      add_whole(item, "revision", r->revision) &&
					      add_whole(item, "instances", (int64_t)r->instances) &&
					      add_bool(item, "at_goal", r->at_goal) &&
					      add_text(item, "etcd", r->etcd) &&
					      json_add(item, "outputs", outputs_item(r)));
}

static bool endpoint_text(char out[ENDPOINT_TEXT_MAX], const struct endpoints *e, size_t at)
{
	if (at >= e->n) {
		return false;
	}
	endpoint_format(out, ENDPOINT_TEXT_MAX, e->at[at].host, e->at[at].port);
	return true;
}

static cJSON *endpoints_item(const struct endpoints *e)
{
	char text[ENDPOINT_TEXT_MAX];
	cJSON *array = cJSON_CreateArray();
	bool ok = array != NULL;

	for (size_t i = 0; ok && endpoint_text(text, e, i); i++) {
		ok = json_append(array, cJSON_CreateString(text));
	}
	return complete(array, ok);
}

static cJSON *cluster_item(const struct status_cluster *c)
{
	char text[ENDPOINT_TEXT_MAX];
	bool has = endpoint_text(text, c->endpoints, c->in_use);
	cJSON *item = cJSON_CreateObject();

	return complete(item,
			item != NULL && json_add(item, "endpoints", endpoints_item(c->endpoints)) &&
					add_text(item, "in_use", has ? text : NULL));
}

/* ---- all of it --------------------------------------------------------------------------- */

static cJSON *services_item(const struct status *s)
{
	cJSON *array = cJSON_CreateArray();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < s->n_services; i++) {
		ok = json_append(array, service_item(&s->services[i]));
	}
	return complete(array, ok);
}

static cJSON *readers_item(const struct status *s)
{
	cJSON *array = cJSON_CreateArray();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < s->n_readers; i++) {
		ok = json_append(array, reader_item(&s->readers[i]));
	}
	return complete(array, ok);
}

static cJSON *clusters_item(const struct status *s)
{
	cJSON *array = cJSON_CreateArray();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < s->n_clusters; i++) {
		ok = json_append(array, cluster_item(&s->clusters[i]));
	}
	return complete(array, ok);
}

static cJSON *status_item(const struct status *s)
{
	cJSON *item = cJSON_CreateObject();

	return complete(item,
			item != NULL && add_whole(item, "schema_version", STATUS_SCHEMA_VERSION) &&
					add_text(item, "version", s->version) &&
					add_seconds(item, "uptime", s->uptime) &&
					add_bool(item, "ready", status_is_ready(s)) &&
					add_bool(item, "leaving", s->leaving) &&
					add_bool(item, "drained", s->drained) &&
					add_whole(item, "reloads", s->reloads) &&
					add_whole(item, "reloads_failed", s->reloads_failed) &&
					json_add(item, "services", services_item(s)) &&
					json_add(item, "readers", readers_item(s)) &&
					json_add(item, "clusters", clusters_item(s)));
}

char *status_json(const struct status *status, size_t *len)
{
	char *text = json_line(status_item(status));

	*len = text == NULL ? 0 : strlen(text);
	return text;
}
