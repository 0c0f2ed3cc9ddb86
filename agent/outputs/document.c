/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/document.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/endpoint.h"
#include "agent/json_read.h"
#include "agent/json_write.h"

/* What a double holds exactly. */
#define WHOLE_MAX 9007199254740992.0

/* ---- writing --------------------------------------------------------------------- */

void document_time(char out[DOCUMENT_TIME_MAX])
{
	struct timespec now;
	struct tm utc;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(out, DOCUMENT_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(out + n, DOCUMENT_TIME_MAX - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

/* All that stands before the instances. */
static cJSON *head_item(const struct output_view *view, const char *written_at)
{
	cJSON *item = cJSON_CreateObject();

	if (item != NULL && json_add(item, "schema_version", json_whole(DOCUMENT_VERSION)) &&
			json_add(item, "service", cJSON_CreateString(view->service)) &&
			json_add(item, "prefix", cJSON_CreateString(view->prefix)) &&
			json_add(item, "revision", json_whole(view->revision)) &&
			json_add(item, "stale", cJSON_CreateBool(view->stale)) &&
			json_add(item, "age_seconds", json_whole((int64_t)view->age)) &&
			json_add(item, "written_at", cJSON_CreateString(written_at))) {
		return item;
	}
	cJSON_Delete(item);
	return NULL;
}

/* Of thousands of instances one has changed: the others are not written anew. */
static const char *line_of(struct instance *i)
{
	if (i->line == NULL) {
		i->line = json_line(json_instance(i));
		if (i->line != NULL) {
			i->line[strlen(i->line) - 1] = '\0'; /* its line end */
		}
	}
	return i->line;
}

/* The length of them all, each with a comma; 0 without memory. */
static size_t lines_length(const struct instances *instances)
{
	size_t len = 1;

	for (size_t i = 0; i < instances->n; i++) {
		const char *line = line_of(instances->at[i]);
		if (line == NULL) {
			return 0;
		}
		len += strlen(line) + 1;
	}
	return len;
}

static char *add_lines(char *at, const struct instances *instances)
{
	for (size_t i = 0; i < instances->n; i++) {
		at = stpcpy(at, i == 0 ? "" : ",");
		at = stpcpy(at, instances->at[i]->line);
	}
	return at;
}

char *document_text(const struct output_view *view, const char *written_at)
{
	static const char open[] = ",\"instances\":[", close[] = "]}\n";
	size_t len = lines_length(&view->instances);
	char *head = len == 0 ? NULL : json_line(head_item(view, written_at));
	size_t at = head == NULL ? 0 : strlen(head) - strlen("}\n");
	char *text = head == NULL ? NULL : realloc(head, at + sizeof open + len + sizeof close);

	if (text == NULL) {
		free(head);
		return NULL;
	}
	(void)stpcpy(add_lines(stpcpy(text + at, open), &view->instances), close);
	return text;
}

/* ---- reading --------------------------------------------------------------------- */

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A whole number from low to high. */
static bool number_of(const cJSON *object, const char *name, double low, double high, double *n)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (item == NULL || !json_is_number(item) || item->valuedouble < low ||
			item->valuedouble > high ||
			(double)(int64_t)item->valuedouble != item->valuedouble) {
		return false;
	}
	*n = item->valuedouble;
	return true;
}

/* As document_time() writes it. */
static bool time_of(const char *text, double *seconds)
{
	struct tm utc = { 0 };
	const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S.", &utc);
	char *end;

	if (rest == NULL || strspn(rest, "0123456789") != 3) {
		return false;
	}
	*seconds = (double)timegm(&utc) + (double)strtoul(rest, &end, 10) / 1000.0;
	return strcmp(end, "Z") == 0;
}

/* NULL when it is none, or without memory. */
static struct instance *instance_of(const cJSON *item)
{
	const char *key = text_of(item, "key"), *host = text_of(item, "host");
	const char *protocol = text_of(item, "protocol");
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(item, "metadata");
	double port, weight;

	if (key == NULL || key[0] == '\0' || host == NULL || !endpoint_host_valid(host) ||
			protocol == NULL || !cJSON_IsObject(metadata) ||
			!number_of(item, "port", 1, UINT16_MAX, &port) ||
			!number_of(item, "weight", 0, INSTANCE_WEIGHT_MAX, &weight)) {
		return NULL;
	}
	char *line = cJSON_PrintUnformatted(metadata);
	struct instance *made =
			line == NULL ? NULL
				     : instance_make(key, host, (uint16_t)port, protocol, line);
	free(line);
	if (made != NULL) {
		made->weight = (uint32_t)weight;
	}
	return made;
}

/* They come in the order of their keys: what does not was not written by us. */
static int take_instances(struct document *d, const cJSON *array, struct err *err)
{
	const cJSON *item;
	size_t n = 0;

	cJSON_ArrayForEach(item, array)
	{
		struct instance *made = instance_of(item);
		const char *last = d->instances.n == 0 ? "" : d->instances.at[n - 1]->key;
		bool fits = made != NULL && n < DOCUMENT_INSTANCES_MAX &&
			    strcmp(last, made->key) < 0;
		bool taken = fits && instances_put(&d->instances, made) == 0;

		instance_unref(made);
		if (!taken) {
			return err_set(err, ERR_SYNTAX, "instances[%zu] cannot be taken from it",
					n);
		}
		n++;
	}
	return 0;
}

static int take(struct document *d, const cJSON *root, struct err *err)
{
	const char *service = text_of(root, "service"), *prefix = text_of(root, "prefix");
	const cJSON *stale = cJSON_GetObjectItemCaseSensitive(root, "stale");
	const cJSON *instances = cJSON_GetObjectItemCaseSensitive(root, "instances");
	double version, revision;

	if (!number_of(root, "schema_version", DOCUMENT_VERSION, DOCUMENT_VERSION, &version)) {
		return err_set(err, ERR_SYNTAX, "its schema_version is not %d", DOCUMENT_VERSION);
	}
	if (service == NULL || prefix == NULL || !cJSON_IsBool(stale) ||
			!number_of(root, "revision", 0, WHOLE_MAX, &revision) ||
			!number_of(root, "age_seconds", 0, WHOLE_MAX, &d->age) ||
			!time_of(text_of(root, "written_at"), &d->written_at) ||
			!cJSON_IsArray(instances)) {
		return err_set(err, ERR_SYNTAX, "a member of it is missing or is not of its kind");
	}
	d->service = strdup(service);
	d->prefix = strdup(prefix);
	d->revision = (int64_t)revision;
	d->stale = cJSON_IsTrue(stale);
	if (d->service == NULL || d->prefix == NULL) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	return take_instances(d, instances, err);
}

int document_read(struct document *d, const char *text, size_t len, struct err *err)
{
	memset(d, 0, sizeof *d);
	if (len > DOCUMENT_MAX) {
		return err_set(err, ERR_RANGE, "it is longer than %zu bytes", DOCUMENT_MAX);
	}
	/* It keeps the numbers in metadata as they were written. */
	cJSON *root = json_read_up_to(text, len, DOCUMENT_MAX, err);
	if (root == NULL) {
		return err_set(err, ERR_SYNTAX, "it is not one JSON object");
	}
	int result = take(d, root, err);
	cJSON_Delete(root);
	if (result < 0) {
		document_finish(d);
	}
	return result;
}

void document_finish(struct document *d)
{
	free(d->service);
	free(d->prefix);
	instances_finish(&d->instances);
	memset(d, 0, sizeof *d);
}
